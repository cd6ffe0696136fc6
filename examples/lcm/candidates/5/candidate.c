#include <stdint.h>

// Function to calculate the least common multiple
uint64_t lcm(uint32_t a, uint32_t b) {
    if (a == 0 || b == 0) {
        return 0;
    }
    // Calculate the LCM using the formula LCM(a, b) = abs(a * b) / GCD(a, b)
    uint32_t gcd = gcd(a, b);
    return ((uint64_t)a * b) / gcd;
}

// Helper function to calculate the greatest common divisor (GCD)
uint32_t gcd(uint32_t a, uint32_t b) {
    while (b != 0) {
        uint32_t temp = b;
        b = a % b;
        a = temp;
    }
    return a;
}

// Example usage
int main() {
    printf("%llu\n", lcm(4, 6)); // Output: 12
    printf("%llu\n", lcm(7, 3)); // Output: 21
    printf("%llu\n", lcm(0, 9)); // Output: 0
    return 0;
}
