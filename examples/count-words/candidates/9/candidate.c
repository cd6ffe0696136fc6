#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

uint32_t count_words(const char *text, size_t len) {
    if (text == NULL || len == 0) {
        return 0;
    }

    size_t word_count = 0;
    size_t current_word_length = 0;
    bool in_word = false;

    for (size_t i = 0; i < len; ++i) {
        char c = text[i];

        if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
            if (in_word && current_word_length > 0) {
                ++word_count;
                current_word_length = 0;
            }
            in_word = false;
        } else {
            in_word = true;
            current_word_length++;
        }
    }

    if (in_word && current_word_length > 0) {
        ++word_count;
    }

    return word_count;
}
