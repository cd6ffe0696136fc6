#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h> // only malloc, calloc, realloc, free, qsort, abs, abort
#include <string.h> // only memcpy, memmove, memset, memcmp, strlen

typedef struct uint32_option {
  bool is_some;
  uint32_t value;
} uint32_option;

uint32_option next_power_of_two(uint32_t n) {
  if (n == 0) {
    return (uint32_option) { true, 1 };
  }
  uint32_t p = 1;
  while (p < n) {
    p <<= 1;
  }
  return (uint32_option) { true, p };
}
