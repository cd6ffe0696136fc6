#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>

// Function to calculate the greatest common divisor (GCD)
uint32_t gcd(uint32_t a, uint32_t b) {
    while (b != 0) {
        uint32_t temp = b;
        b = a % b;
        a = temp;
    }
    return a;
}

// Function to calculate the least common multiple (LCM)
uint64_t lcm(uint32_t a, uint32_t b) {
    return (uint64_t)abs(a * b) / gcd(a, b);
}

// Example usage
int main() {
    printf("%llu\n", lcm(4, 6)); // Output: 12
    printf("%llu\n", lcm(7, 3)); // Output: 21
    printf("%llu\n", lcm(0, 9)); // Output: 0
    return 0;
}
