#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

typedef struct int64_list {
  int64_t *items;
  size_t len;
} int64_list;

int64_list prefix_sums(int32_t *xs, size_t xs_len) {
  int64_list result;
  result.items = (int64_t *)malloc(xs_len * sizeof(int64_t));
  if (result.items == NULL) {
    abort();
  }
  result.len = xs_len;
  if (xs_len == 0) {
    return result;
  }
  result.items[0] = xs[0];
  for (size_t i = 1; i < xs_len; ++i) {
    result.items[i] = result.items[i - 1] + xs[i];
  }
  return result;
}
