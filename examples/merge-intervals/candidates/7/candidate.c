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

  // Sort the intervals by their start values
  qsort(xs, len, sizeof(interval), compare_intervals);

  size_t out_index = 0;
  for (size_t i = 0; i < len - 1; i++) {
    if (xs[i].end >= xs[i + 1].start) {
      // Merge the intervals
      xs[i].end = (xs[i].end > xs[i + 1].end) ? xs[i].end : xs[i + 1].end;
    } else {
      // If the intervals do not overlap, add the current one to the output
      out[out_index++] = xs[i];
    }
  }

  // Add the last interval to the output
  out[out_index++] = xs[len - 1];

  return out_index;
}

int compare_intervals(const void *a, const void *b) {
  interval *interval_a = (interval *)a;
  interval *interval_b = (interval *)b;
  return interval_a->start - interval_b->start;
}
