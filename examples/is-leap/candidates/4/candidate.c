#include <stdint.h>

bool is_leap(uint32_t year) {
    // Check if the year is divisible by 4
    if (year % 4 == 0) {
        // Check if the year is divisible by 100
        if (year % 100 == 0) {
            // Check if the year is divisible by 400
            if (year % 400 == 0) {
                return true; // It is a leap year
            } else {
                return false; // It is not a leap year
            }
        } else {
            return true; // It is a leap year
        }
    } else {
        return false; // It is not a leap year
    }
}

// Example usage:
int main() {
    printf("%d is a leap year: %s\n", 2024, is_leap(2024) ? "true" : "false");
    printf("%d is a leap year: %s\n", 1900, is_leap(1900) ? "true" : "false");
    printf("%d is a leap year: %s\n", 2000, is_leap(2000) ? "true" : "false");
    return 0;
}
