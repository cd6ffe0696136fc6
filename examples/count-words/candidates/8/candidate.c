#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h> // only malloc, calloc, realloc, free, qsort, abort
#include <string.h> // only memcpy, memmove, memset, memcmp, strlen

uint32_t count_words(const char *text, size_t len) {
    if (len == 0) {
        return 0;
    }

    size_t word_count = 0;
    int in_word = 0;

    for (size_t i = 0; i < len; i++) {
        if (text[i] == ' ') {
            in_word = 0;
        } else {
            if (!in_word) {
                word_count++;
                in_word = 1;
            }
        }
    }

    return word_count;
}
