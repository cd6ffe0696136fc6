#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

uint32_t longest_run(int32_t *xs, size_t xs_len) {
    if (xs_len == 0) return 0;
    int32_t prev = xs[0];
    size_t count = 1;
    uint32_t max_count = 1;
    for (size_t i = 1; i < xs_len; i++) {
        if (xs[i] == prev) {
            count++;
            if (count > max_count) max_count = count;
        } else {
            prev = xs[i];
            count = 1;
        }
    }
    return max_count;
}
