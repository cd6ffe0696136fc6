#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h> // only malloc, calloc, realloc, free, qsort, abort
#include <string.h> // only memcpy, memmove, memset, memcmp, strlen

// Function to count the number of words in a text
uint32_t count_words(const char *text, size_t len) {
    if (len == 0) {
        return 0; // Empty string has no words
    }

    uint32_t word_count = 0;
    bool in_word = false; // Flag to check if we are inside a word

    for (size_t i = 0; i < len; i++) {
        if (text[i] == ' ') {
            if (in_word) {
                word_count++;
                in_word = false; // Start a new word
            }
        } else {
            if (!in_word) {
                in_word = true; // Start a new word
            }
        }
    }

    // If the last character is not a space, it is part of the last word
    if (in_word) {
        word_count++;
    }

    return word_count;
}
