#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h> // only malloc, calloc, realloc, free, qsort, abs, abort
#include <string.h> // only memcpy, memmove, memset, memcmp, strlen

bool is_sorted(int32_t *xs, size_t xs_len) {
    if (xs_len <= 1) return true;
    for (size_t i = 0; i < xs_len - 1; ++i) {
        if (xs[i] > xs[i + 1]) return false;
    }
    return true;
}
