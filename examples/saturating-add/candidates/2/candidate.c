#include <stdint.h>

int32_t saturating_add(int32_t a, int32_t b) {
    // Calculate the sum of a and b
    int32_t sum = a + b;
    
    // Check if the sum is greater than the maximum value of an int32_t
    if (sum > INT32_MAX) {
        // If so, return the maximum value
        return INT32_MAX;
    }
    
    // Check if the sum is less than the minimum value of an int32_t
    if (sum < INT32_MIN) {
        // If so, return the minimum value
        return INT32_MIN;
    }
    
    // If neither condition is met, return the sum
    return sum;
}
