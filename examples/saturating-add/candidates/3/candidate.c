#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>

int32_t saturating_add(int32_t a, int32_t b) {
    int32_t sum = a + b;
    if (sum > 0) {
        return sum >= INT32_MAX ? INT32_MAX : sum;
    } else if (sum < 0) {
        return sum <= INT32_MIN ? INT32_MIN : sum;
    }
    return sum;
}
