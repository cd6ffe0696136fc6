#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h> // only malloc, calloc, realloc, free, qsort, abort
#include <string.h> // only memcpy, memmove, memset, memcmp, strlen

size_t trim(const char *text, size_t len, char *out) {
    if (text == NULL || out == NULL) {
        return 0;
    }

    size_t start = 0;
    size_t end = len - 1;

    // Find the first non-space character from the start
    while (start <= end && text[start] == ' ') {
        start++;
    }

    // Find the last non-space character from the end
    while (start <= end && text[end] == ' ') {
        end--;
    }

    // Copy the trimmed text to the output buffer
    size_t trimmed_len = end - start + 1;
    memcpy(out, &text[start], trimmed_len);

    return trimmed_len;
}

// Example usage
int main() {
    const char *text = "  two words ";
    char out[50];
    size_t trimmed_length = trim(text, strlen(text), out);

    printf("Trimmed text: %s\n", out); // Output: "two words"

    return 0;
}
