#include <stdint.h>

int32_t saturating_add(int32_t a, int32_t b) {
    // Calculate the sum
    int64_t sum = (int64_t)a + (int64_t)b;
    
    // Check if the sum is outside the range of a 32-bit signed integer
    if (sum > INT32_MAX) {
        // If the sum is greater than INT32_MAX, saturate to INT32_MAX
        return INT32_MAX;
    } else if (sum < INT32_MIN) {
        // If the sum is less than INT32_MIN, saturate to INT32_MIN
        return INT32_MIN;
    } else {
        // If the sum is within the range, return it as an int32_t
        return (int32_t)sum;
    }
}

// Example usage
int main() {
    printf("%d\n", saturating_add(2, 3));  // Output: 5
    printf("%d\n", saturating_add(2147483647, 1));  // Output: 2147483647
    printf("%d\n", saturating_add(-2147483648, -1));  // Output: -2147483648
    return 0;
}
