#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

uint32_t longest_run(int32_t *xs, size_t xs_len) {
    if (xs_len == 0) return 0;

    uint32_t streak = 1, longest = 1;
    for (size_t i = 1; i < xs_len; ++i) {
        if (xs[i] == xs[i - 1]) {
            ++streak;
        } else {
            streak = 1;
        }
        longest = (longest > streak) ? longest : streak;
    }
    return longest;
}
