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

  size_t i = 0;
  size_t j = 1;
  while (j < len) {
    if (xs[j].start <= xs[i].end) {
      // Merge intervals
      xs[i].end = (xs[i].end > xs[j].end) ? xs[i].end : xs[j].end;
      j++;
    } else {
      // Move to the next interval
      i++;
      j++;
    }
  }

  // Copy the merged intervals to the output array
  for (size_t k = 0; k <= i; k++) {
    out[k] = xs[k];
  }

  return i + 1;
}

static int compare_intervals(const void *a, const void *b) {
  interval *interval_a = (interval *)a;
  interval *interval_b = (interval *)b;
  return interval_a->start - interval_b->start;
}
