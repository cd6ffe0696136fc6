#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h> // only malloc, calloc, realloc, free, qsort, abs, abort
#include <string.h> // only memcpy, memmove, memset, memcmp, strlen

uint32_t count_char(const char *text, size_t text_len, uint32_t c) {
    uint32_t count = 0;
    for (size_t i = 0; i < text_len; ++i) {
        if (text[i] == c) {
            ++count;
        }
    }
    return count;
}
