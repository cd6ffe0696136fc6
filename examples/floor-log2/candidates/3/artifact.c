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
  uint8_option result = {false, 0};
  if (n == 0) return result;
  uint32_t power = 1;
  while (power < n) {
    power *= 2;
  }
  return {true, power / 2};
}
