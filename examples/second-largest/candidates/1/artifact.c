#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h> // only malloc, calloc, realloc, free, qsort, abs, abort
#include <string.h> // only memcpy, memmove, memset, memcmp, strlen

typedef struct int32_option {
  bool is_some;
  int32_t value;
} int32_option;

int32_option second_largest(int32_t *xs, size_t xs_len) {
  if (xs_len <= 1) {
    return (xs_len == 0) ? (int32_option){false, 0} : (int32_option){true, xs[0]};
  }

  qsort(xs, xs_len, sizeof(int32_t), abs);

  int32_t largest = xs[xs_len - 1];
  int32_t second_largest = xs[xs_len - 2];

  for (size_t i = xs_len - 3; i >= 0; --i) {
    if (xs[i] < largest) {
      second_largest = xs[i];
      break;
    }
  }

  return (second_largest == largest) ? (int32_option){false, 0} : (int32_option){true, second_largest};
}
