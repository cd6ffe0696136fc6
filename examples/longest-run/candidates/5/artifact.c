#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

uint32_t longest_run(int32_t *xs, size_t xs_len) {
    if (xs_len == 0) return 0;

    uint32_t result = 1;
    uint32_t max_result = 1;
    for (size_t i = 1; i < xs_len; i++) {
        if (xs[i] == xs[i - 1]) {
            result++;
            if (result > max_result) max_result = result;
        } else {
            result = 1;
        }
    }
    return max_result;
}
