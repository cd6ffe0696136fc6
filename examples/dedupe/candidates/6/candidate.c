#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h> // only malloc, calloc, realloc, free, qsort, abort
#include <string.h> // only memcpy, memmove, memset, memcmp, strlen

size_t dedupe(const int32_t *xs, size_t len, int32_t *out) {
    if (len == 0) {
        return 0;
    }

    size_t out_index = 0;
    for (size_t i = 0; i < len; ++i) {
        // Check if the current element is not already in the output array
        bool is_duplicate = false;
        for (size_t j = 0; j < out_index; ++j) {
            if (xs[i] == out[j]) {
                is_duplicate = true;
                break;
            }
        }

        // If it's not a duplicate, add it to the output array
        if (!is_duplicate) {
            out[out_index++] = xs[i];
        }
    }

    return out_index;
}

// Example usage:
int main() {
    int32_t xs[] = {3, 1, 3};
    size_t len = sizeof(xs) / sizeof(xs[0]);
    int32_t out[len];
    size_t out_len = dedupe(xs, len, out);

    for (size_t i = 0; i < out_len; ++i) {
        printf("%d ", out[i]);
    }
    printf("\n");

    return 0;
}
