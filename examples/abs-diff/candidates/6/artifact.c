#include <stdint.h>

uint32_t abs_diff(int32_t a, int32_t b) {
    return (a < b) ? (b - a) : (a - b);
}
