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
  if (n <= 1) return {true, n};
  n--;
  do {
    n |= n >> 1;
  } while ((n & (n + 1)) > 0);
  return {true, n + 1};
}
