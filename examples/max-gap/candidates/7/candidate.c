#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h> // only malloc, calloc, realloc, free, qsort, abort
#include <string.h> // only memcpy, memmove, memset, memcmp, strlen

uint32_t max_gap(const int32_t *xs, size_t len) {
    if (len < 2) {
        return 0;
    }

    uint32_t max_gap = 0;
    for (size_t i = 0; i < len - 1; i++) {
        uint32_t current_gap = xs[i + 1] - xs[i];
        if (current_gap > max_gap) {
            max_gap = current_gap;
        }
    }

    return max_gap;
}

// Example usage:
int main() {
    int32_t xs[] = {1, 4, 2};
    size_t len = sizeof(xs) / sizeof(xs[0]);
    printf("Max gap: %u\n", max_gap(xs, len)); // Output: Max gap: 3

    int32_t ys[] = {10, -10, 5};
    len = sizeof(ys) / sizeof(ys[0]);
    printf("Max gap: %u\n", max_gap(ys, len)); // Output: Max gap: 20

    int32_t zs[] = {7};
    len = sizeof(zs) / sizeof(zs[0]);
    printf("Max gap: %u\n", max_gap(zs, len)); // Output: Max gap: 0

    return 0;
}
