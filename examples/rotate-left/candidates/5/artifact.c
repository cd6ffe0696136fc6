#include <stdlib.h>

int32_list rotate_left(int32_t *xs, size_t xs_len, uint32_t n) {
    if (n == 0 || xs_len == 0) {
        return xs;
    }
    
    n = n % xs_len; // If n is greater than the length, take the remainder
    
    int32_t *result = (int32_t *)malloc(xs_len * sizeof(int32_t));
    if (result == NULL) {
        abort(); // Memory allocation failed
    }
    
    for (size_t i = 0; i < xs_len; i++) {
        result[i] = xs[(i + n) % xs_len];
    }
    
    return result;
}
