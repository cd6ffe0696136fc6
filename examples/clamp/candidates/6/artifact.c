#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h> // only malloc, calloc, realloc, free, qsort, abs, abort
#include <string.h> // only memcpy, memmove, memset, memcmp, strlen

int32_t clamp(int32_t x, int32_t a, int32_t b) {
    if (x < a) return a;
    if (x > b) return b;
    return x;
}
