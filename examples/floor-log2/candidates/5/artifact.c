#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h> // only malloc, calloc, realloc, free, qsort, abs, abort
#include <string.h> // only memcpy, memmove, memset, memcmp, strlen

typedef struct uint8_option {
  bool is_some;
  uint8_t value;
} uint8_option;

uint8_option floor_log2(uint32_t n) {
  if (n == 0u) {
    return {false, 0u};
  }
  uint8_t log2 = 0u;
  while ((n >>= 1u) > 0u) {
    log2++;
  }
  return {true, log2};
}
