#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h> // only malloc, calloc, realloc, free, qsort, abort
#include <string.h> // only memcpy, memmove, memset, memcmp, strlen

size_t trim(const char *text, size_t len, char *out) {
    // Skip leading spaces
    while (len > 0 && text[0] == ' ') {
        text++;
        len--;
    }

    // Skip trailing spaces
    while (len > 0 && text[len - 1] == ' ') {
        len--;
    }

    // Copy the trimmed text to the output buffer
    if (len > 0) {
        memcpy(out, text, len);
        out[len] = '\0'; // Ensure null-termination
    }

    return len;
}

// Example usage
int main() {
    char text[100];
    size_t len;
    char trimmed[100];

    // Test cases
    strcpy(text, "  two words ");
    len = trim(text, strlen(text), trimmed);
    printf("Trimmed: %s (len=%zu)\n", trimmed, len);

    strcpy(text, "none");
    len = trim(text, strlen(text), trimmed);
    printf("Trimmed: %s (len=%zu)\n", trimmed, len);

    strcpy(text, "   ");
    len = trim(text, strlen(text), trimmed);
    printf("Trimmed: %s (len=%zu)\n", trimmed, len);

    return 0;
}
