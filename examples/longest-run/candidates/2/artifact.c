#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h> // only malloc, calloc, realloc, free, qsort, abs, abort
#include <string.h> // only memcpy, memmove, memset, memcmp, strlen

uint32_t longest_run(int32_t *xs, size_t xs_len) {
    if (xs_len == 0) return 0;
    uint32_t max_run = 1;
    uint32_t current_run = 1;
    for (size_t i = 1; i < xs_len; ++i) {
        if (xs[i] == xs[i - 1]) {
            ++current_run;
            max_run = (current_run > max_run) ? current_run : max_run;
        } else {
            current_run = 1;
        }
    }
    return max_run;
}
