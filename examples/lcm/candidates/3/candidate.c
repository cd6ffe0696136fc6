#include <stdint.h>

uint64_t lcm(uint32_t a, uint32_t b) {
    // Ensure one of the numbers is not zero
    if (a == 0 || b == 0) {
        return 0;
    }

    // Calculate the greatest common divisor (GCD)
    uint32_t gcd = 1;
    for (uint32_t i = 1; i <= a && i <= b; i++) {
        if (a % i == 0 && b % i == 0) {
            gcd = i;
        }
    }

    // Calculate the least common multiple (LCM) using the formula LCM(a, b) = (a * b) / GCD(a, b)
    return (uint64_t)(a * b) / gcd;
}
