#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

uint32_t lower_bound(int32_t *xs, size_t xs_len, int32_t x) {
    uint32_t left = 0;
    uint32_t right = xs_len;
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
