// Connects the plain C function of plain.h with the bindings that wit-bindgen generates.
#include "median.h"
#include "plain.h"
#include <stdlib.h>

int32_t exports_median_median(median_list_s32_t *xs) {
  return median(xs->ptr, xs->len);
}

static int by_value(const void *a, const void *b) {
  int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
  return (x > y) - (x < y);
}

void sort(int32_t *xs, size_t len) {
  qsort(xs, len, sizeof *xs, by_value);
}
