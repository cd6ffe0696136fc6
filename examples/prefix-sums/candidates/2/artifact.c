#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h> // only malloc, calloc, realloc, free, qsort, abs, abort
#include <string.h> // only memcpy, memmove, memset, memcmp, strlen

typedef struct int64_list {
  int64_t *items;
  size_t len;
} int64_list;

int64_list prefix_sums(int32_t *xs, size_t xs_len) {
  if (xs_len == 0) {
    return (int64_list){NULL, 0};
  }

  int64_t *result = (int64_t *)malloc(xs_len * sizeof(int64_t));
  if (result == NULL) {
    abort();
  }

  result[0] = xs[0];
  for (size_t i = 1; i < xs_len; ++i) {
    result[i] = result[i - 1] + xs[i];
  }

  return (int64_list){result, xs_len};
}
