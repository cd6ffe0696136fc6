#include <stdbool.h>

bool is_prime(uint32_t n) {
    for (uint32_t i = 2; i * i <= n; i++) {
        if (n % i == 0) {
            return false;
        }
    }
    return true;
}
