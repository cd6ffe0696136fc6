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
        uint32_t gap = xs[i + 1] - xs[i];
        if (gap > max_gap) {
            max_gap = gap;
        }
    }

    return max_gap;
}
