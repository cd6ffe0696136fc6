#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

typedef struct uint8_option {
  bool is_some;
  uint8_t value;
} uint8_option;

uint8_option floor_log2(uint32_t n) {
  if (n == 0u) return (uint8_option) { true, 0u };
  uint8_t result = 0u;
  while (n >>= 1) result++;
  return (uint8_option) { true, result };
}
