#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h> // only malloc, calloc, realloc, free, qsort, abs, abort
#include <string.h> // only memcpy, memmove, memset, memcmp, strlen

uint32_t lower_bound(int32_t *xs, size_t xs_len, int32_t x) {
    if (xs_len == 0) return 0;
    uint32_t left = 0, right = xs_len;
    while (left < right) {
        uint32_t mid = (left + right) / 2;
        if (xs[mid] < x) {
            left = mid + 1;
        } else {
            right = mid;
        }
    }
    return left;
}
