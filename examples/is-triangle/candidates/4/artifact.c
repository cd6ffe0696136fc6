#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

bool is_triangle(uint32_t a, uint32_t b, uint32_t c) {
    return (a < b + c) && (b < a + c) && (c < a + b);
}
