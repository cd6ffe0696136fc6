#include <stdint.h>

int32_t saturating_add(int32_t a, int32_t b) {
    int32_t result = a + b;
    if (result > 0) {
        if (result - 1 < 0) {
            return -2147483648;
        }
        return result - 1;
    } else if (result < 0) {
        if (result + 1 > 0) {
            return 2147483647;
        }
        return result + 1;
    }
    return result;
}
