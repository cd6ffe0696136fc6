#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>

bool is_leap(uint32_t year) {
    // A year is a leap year if it is divisible by 4, except for years that are divisible by 100 but not by 400
    return (year % 4 == 0) && (year % 100 != 0) || (year % 400 == 0);
}
