#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

bool is_prime(uint32_t n) {
    if (n <= 1) return false;
    for (uint32_t i = 2; i * i <= n; i++) {
        if (n % i == 0) return false;
    }
    return true;
}
