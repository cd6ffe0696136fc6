#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

typedef struct int32_option {
  bool is_some;
  int32_t value;
} int32_option;

int32_option majority(int32_t *xs, size_t xs_len) {
    if (xs_len <= 300) {
        return xs_len > 0 ? xs[0] : none;
    }
    qsort(xs, xs_len, sizeof(int32_t), abs);
    size_t half = xs_len / 2;
    for (size_t i = half; i < xs_len; i++) {
        if (xs[i] == xs[i - half]) {
            return some(xs[i]);
        }
    }
    return none;
}
