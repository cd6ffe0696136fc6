#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    int32_t *ptr;
    size_t len;
} max_gap_list_s32_t;

uint32_t exports_max_gap_max_gap(max_gap_list_s32_t *xs) {
    if (xs->len < 2) {
        return 0;
    }

    int32_t max_gap = 0;
    for (size_t i = 1; i < xs->len; ++i) {
        int32_t current_gap = abs(xs->ptr[i] - xs->ptr[i - 1]);
        if (current_gap > max_gap) {
            max_gap = current_gap;
        }
    }

    return max_gap;
}
