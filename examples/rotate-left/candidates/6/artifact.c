#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

typedef struct int32_list {
  int32_t *items;
  size_t len;
} int32_list;

int32_list rotate_left(int32_t *xs, size_t xs_len, uint32_t n) {
  if (n == 0 || xs_len == 0) {
    return xs_len == 0 ? xs : *xs;
  }

  int32_t tmp = xs[0];
  for (size_t i = 0; i < xs_len - 1; ++i) {
    xs[i] = xs[i + 1];
  }
  xs[xs_len - 1] = tmp;

  return xs;
}
