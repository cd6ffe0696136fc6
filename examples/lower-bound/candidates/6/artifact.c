#include <stdio.h>
#include <stdlib.h>

uint32_t lower_bound(int32_t *xs, size_t xs_len, int32_t x) {
    for (size_t i = 0; i < xs_len; i++) {
        if (xs[i] >= x) {
            return i;
        }
    }
    return xs_len;
}
