#include <stdint.h>

uint32_t isqrt(uint32_t n) {
    if (n == 0) return 0;
    uint32_t high = n;
    uint32_t low = 0;
    while (high - low > 1) {
        uint32_t mid = (high + low) / 2;
        if (mid * mid <= n) {
            low = mid;
        } else {
            high = mid;
        }
    }
    return low;
}
