#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

// Function to trim leading and trailing spaces from a string
size_t trim(const char *text, size_t len, char *out) {
    size_t start = 0, end = len - 1;

    // Trim leading spaces
    while (start <= end && text[start] == ' ') {
        start++;
    }

    // Trim trailing spaces
    while (end >= start && text[end] == ' ') {
        end--;
    }

    // Copy the non-space characters to the output string
    for (size_t i = start; i <= end; i++) {
        out[i - start] = text[i];
    }

    return end - start + 1; // Return the length of the trimmed string
}
