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
  if (n == 0) {
    return {false, 0};
  }
  uint8_t log2 = 0;
  while (n >>= 1) {
    log2++;
  }
  return {true, log2 - 1};
}
