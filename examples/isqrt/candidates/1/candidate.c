#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>

uint32_t isqrt(uint32_t n) {
    if (n == 0) return 0;

    uint32_t low = 0;
    uint32_t high = n;
    uint32_t mid;

    while (low < high) {
        mid = (low + high + 1) / 2;
        if (mid * mid <= n) {
            low = mid;
        } else {
            high = mid - 1;
        }
    }

    return low;
}

// Example usage:
int main() {
    printf("%u\n", isqrt(0));  // Output: 0
    printf("%u\n", isqrt(24)); // Output: 4
    printf("%u\n", isqrt(25)); // Output: 5
    return 0;
}
