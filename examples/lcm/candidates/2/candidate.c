#include <stdint.h>

uint64_t lcm(uint32_t a, uint32_t b) {
    if (a == 0 || b == 0) {
        return 0;
    }
    return (uint64_t)(a * b) / __builtin_lcm(a, b);
}
