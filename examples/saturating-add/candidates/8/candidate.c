#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>

int32_t saturating_add(int32_t a, int32_t b) {
    int32_t sum = a + b;
    if (sum < INT32_MIN || sum > INT32_MAX) {
        return a < 0 && b < 0 ? INT32_MAX : INT32_MIN;
    }
    return sum;
}
