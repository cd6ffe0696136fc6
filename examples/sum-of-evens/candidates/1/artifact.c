#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h> // only malloc, calloc, realloc, free, qsort, abs, abort
#include <string.h> // only memcpy, memmove, memset, memcmp, strlen

int64_t sum_of_evens(int32_t *xs, size_t xs_len) {
    int64_t sum = 0;
    for (size_t i = 0; i < xs_len; i++) {
        if (xs[i] % 2 == 0) {
            sum += xs[i];
        }
    }
    return sum;
}
