#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h> // only malloc, calloc, realloc, free, qsort, abs, abort
#include <string.h> // only memcpy, memmove, memset, memcmp, strlen

typedef struct uint32_option {
  bool is_some;
  uint32_t value;
} uint32_option;

uint32_option index_of(int32_t *xs, size_t xs_len, int32_t x) {
  for (size_t i = 0; i < xs_len; ++i) {
    if (xs[i] == x) {
      return (uint32_option){true, i};
    }
  }
  return (uint32_option){false, 0};
}
