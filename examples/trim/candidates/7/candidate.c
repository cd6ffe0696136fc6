#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h> // only malloc, calloc, realloc, free, qsort, abort
#include <string.h> // only memcpy, memmove, memset, memcmp, strlen

size_t trim(const char *text, size_t len, char *out) {
    if (text == NULL || len == 0) {
        return 0;
    }

    size_t start = 0;
    size_t end = len - 1;

    // Remove leading spaces
    while (start <= end && text[start] == ' ') {
        start++;
    }

    // Remove trailing spaces
    while (end > start && text[end] == ' ') {
        end--;
    }

    // Copy the trimmed text to the output buffer
    memcpy(out, text + start, end - start + 1);

    return end - start + 1;
}
