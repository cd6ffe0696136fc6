#include <stdint.h>

int32_t saturating_add(int32_t a, int32_t b) {
    int32_t sum = a + b;
    if (sum < INT32_MIN) {
        return INT32_MIN;
    } else if (sum > INT32_MAX) {
        return INT32_MAX;
    } else {
        return sum;
    }
}
