#include <stdint.h>

uint32_t isqrt(uint32_t n) {
    if (n == 0) return 0;
    uint32_t left = 1;
    uint32_t right = n;
    while (left < right) {
        uint32_t mid = (left + right) / 2;
        if (mid * mid <= n) {
            left = mid + 1;
        } else {
            right = mid;
        }
    }
    return left - 1;
}

int main() {
    // Test cases to verify the correctness of the function
    printf("%u\n", isqrt(0));  // Output: 0
    printf("%u\n", isqrt(24)); // Output: 4
    printf("%u\n", isqrt(25)); // Output: 5

    return 0;
}
