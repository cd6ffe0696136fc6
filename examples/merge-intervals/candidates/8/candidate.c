#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h> // only malloc, calloc, realloc, free, qsort, abort
#include <string.h> // only memcpy, memmove, memset, memcmp, strlen

typedef struct interval {
  int32_t start;
  int32_t end;
} interval;

size_t merge_intervals(interval *xs, size_t len, interval *out) {
  if (len == 0) {
    return 0;
  }

  // Sort intervals by start
  qsort(xs, len, sizeof(interval), compare_intervals);

  // Merge intervals
  size_t merged = 0;
  int32_t start = xs[0].start;
  int32_t end = xs[0].end;

  for (size_t i = 1; i < len; ++i) {
    if (end >= xs[i].start) {
      end = xs[i].end > end ? xs[i].end : end;
    } else {
      out[merged++] = (interval) {start, end};
      start = xs[i].start;
      end = xs[i].end;
    }
  }

  out[merged++] = (interval) {start, end};
  return merged;
}

int compare_intervals(const void *a, const void *b) {
  interval *int1 = (interval *)a;
  interval *int2 = (interval *)b;
  return int1->start - int2->start;
}
