#include <stdint.h>

int32_t saturating_add(int32_t a, int32_t b) {
    uint32_t sum = (uint32_t)a + (uint32_t)b;
    int32_t result;

    // Check if the sum is positive
    if (sum >= 0) {
        result = (int32_t)sum;
        // Check if the result is too large
        if (result > INT32_MAX) {
            result = INT32_MAX;
        }
    } else {
        result = (int32_t)sum;
        // Check if the result is too small
        if (result < INT32_MIN) {
            result = INT32_MIN;
        }
    }

    return result;
}
