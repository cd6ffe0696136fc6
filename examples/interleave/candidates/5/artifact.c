#include <stdlib.h>

int32_list interleave(int32_t *a, size_t a_len, int32_t *b, size_t b_len) {
    int32_list result = {malloc(a_len + b_len * sizeof(int32_t)), a_len + b_len};
    for (size_t i = 0, j = 0; i < result->len; i++) {
        if (j < a_len) result->items[i] = a[j++];
        if (j < b_len) result->items[i] = b[j++];
    }
    return result;
}
