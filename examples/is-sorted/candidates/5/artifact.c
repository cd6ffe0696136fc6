#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

bool is_sorted(int32_t *xs, size_t xs_len) {
    if (xs_len <= 1) return true;
    for (size_t i = 1; i < xs_len; ++i) {
        if (xs[i] < xs[i - 1]) return false;
    }
    return true;
}
