#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h> // only malloc, calloc, realloc, free, qsort, abs, abort
#include <string.h> // only memcpy, memmove, memset, memcmp, strlen

typedef struct int32_list {
  int32_t *items;
  size_t len;
} int32_list;

int32_list rotate_left(int32_t *xs, size_t xs_len, uint32_t n) {
  if (xs_len == 0) return int32_list{};

  n %= xs_len;

  for (uint32_t i = 0; i < n; ++i) {
    int32_t first = xs[0];
    for (size_t j = 0; j < xs_len - 1; ++j) {
      xs[j] = xs[j + 1];
    }
    xs[xs_len - 1] = first;
  }

  return int32_list{x, xs_len - n};
}
