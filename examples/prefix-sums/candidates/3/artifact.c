#include <stdlib.h>

int64_t *prefix_sums(int32_t *xs, size_t xs_len) {
  int64_t *result = (int64_t *)malloc(xs_len * sizeof(int64_t));
  if (result == NULL) abort();
  result[0] = xs[0];
  for (size_t i = 1; i < xs_len; i++) {
    result[i] = result[i - 1] + xs[i];
  }
  return result;
}
