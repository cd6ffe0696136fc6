#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h> // only malloc, calloc, realloc, free, qsort, abort
#include <string.h> // only memcpy, memmove, memset, memcmp, strlen

uint32_t count_words(const char *text, size_t len) {
    if (text == NULL || len == 0) {
        return 0;
    }

    uint32_t word_count = 0;
    bool in_word = false;

    for (size_t i = 0; i < len; i++) {
        if (text[i] == ' ') {
            in_word = false;
        } else if (!in_word) {
            in_word = true;
            word_count++;
        }
    }

    return word_count;
}

// Example usage:
int main() {
    const char *text1 = "the quick brown fox";
    const char *text2 = "  two   words ";
    const char *text3 = "";

    printf("Count of words in '%s': %u\n", text1, count_words(text1, strlen(text1)));
    printf("Count of words in '%s': %u\n", text2, count_words(text2, strlen(text2)));
    printf("Count of words in '%s': %u\n", text3, count_words(text3, strlen(text3)));

    return 0;
}
