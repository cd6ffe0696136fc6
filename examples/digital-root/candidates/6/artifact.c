#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h> // only malloc, calloc, realloc, free, qsort, abs, abort
#include <string.h> // only memcpy, memmove, memset, memcmp, strlen

uint32_t digital_root(uint64_t n) {
    while (n >= 10u) {
        n = n / 10u + n % 10u;
    }
    return n;
}
