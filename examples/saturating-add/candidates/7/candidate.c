#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>

int32_t saturating_add(int32_t a, int32_t b) {
    // Calculate the sum of a and b
    int64_t sum = (int64_t)a + (int64_t)b;

    // Check if the sum is within the range of a 32-bit signed integer
    if (sum < INT32_MIN) {
        return INT32_MIN;
    } else if (sum > INT32_MAX) {
        return INT32_MAX;
    } else {
        // Return the sum as an integer
        return sum;
    }
}

// Example usage:
int main() {
    printf("%d\n", saturating_add(2, 3));  // Output: 5
    printf("%d\n", saturating_add(2147483647, 1));  // Output: 2147483647
    printf("%d\n", saturating_add(-2147483648, -1));  // Output: -2147483648
    return 0;
}
