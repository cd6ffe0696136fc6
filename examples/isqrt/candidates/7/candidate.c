#include <stdint.h>

uint32_t isqrt(uint32_t n) {
    if (n == 0) return 0;

    uint32_t low = 0;
    uint32_t high = n;
    uint32_t mid;
    uint32_t square;

    while (low < high) {
        mid = (low + high) / 2;
        square = mid * mid;

        if (square > n) {
            high = mid;
        } else {
            low = mid + 1;
        }
    }

    return low - 1;
}

// Example usage
int main() {
    printf("%u\n", isqrt(0));  // Output: 0
    printf("%u\n", isqrt(24)); // Output: 4
    printf("%u\n", isqrt(25)); // Output: 5
    return 0;
}
