#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>

// Function to calculate the greatest common divisor of two unsigned integers
uint32_t gcd(uint32_t a, uint32_t b) {
    // Base case: if b is 0, return a
    if (b == 0) {
        return a;
    }
    // Recursive case: gcd(b, a % b)
    else {
        return gcd(b, a % b);
    }
}

// Example usage
int main() {
    printf("gcd(12, 18) = %u\n", gcd(12, 18)); // Output: 6
    printf("gcd(0, 5) = %u\n", gcd(0, 5));  // Output: 5
    printf("gcd(0, 0) = %u\n", gcd(0, 0));  // Output: 0
    return 0;
}
