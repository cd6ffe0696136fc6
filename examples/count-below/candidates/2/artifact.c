#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

uint32_t count_below(int32_t *xs, size_t xs_len, int32_t limit) {
    uint32_t result = 0;
    for (size_t i = 0; i < xs_len; ++i) {
        if (xs[i] < limit) {
            ++result;
        }
    }
    return result;
}
