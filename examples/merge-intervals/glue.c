// Connects the plain C function of plain.h with the bindings that wit-bindgen generates.
#include "merge_intervals.h"
#include "plain.h"
#include <stdlib.h>

_Static_assert(sizeof(interval) == sizeof(merge_intervals_interval_t), "the same two fields");

void exports_merge_intervals_merge_intervals(merge_intervals_list_interval_t *xs, merge_intervals_list_interval_t *ret) {
  ret->ptr = malloc(xs->len * sizeof *ret->ptr);
  ret->len = merge_intervals((interval *)xs->ptr, xs->len, (interval *)ret->ptr);
}

static int by_start(const void *a, const void *b) {
  int32_t x = ((const interval *)a)->start, y = ((const interval *)b)->start;
  return (x > y) - (x < y);
}

void sort_by_start(interval *xs, size_t len) {
  qsort(xs, len, sizeof *xs, by_start);
}
