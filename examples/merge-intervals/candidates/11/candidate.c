#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h> // only malloc, calloc, realloc, free, qsort, abort
#include <string.h> // only memcpy, memmove, memset, memcmp, strlen

typedef struct interval {
  int32_t start;
  int32_t end;
} interval;

void sort_by_start(interval *xs, size_t len); // already written: sorts xs by start

size_t merge_intervals(interval *xs, size_t len, interval *out) {
  if (len == 0) {
    return 0;
  }

  // Sort the intervals by start
  sort_by_start(xs, len);

  size_t i = 0;
  size_t j = 1;
  size_t count = 0;

  while (j < len) {
    if (xs[i].end >= xs[j].start) {
      // Merge intervals
      xs[i].end = fmax(xs[i].end, xs[j].end);
      j++;
    } else {
      // Copy the interval to the output array
      out[count] = xs[i];
      count++;
      i = j;
      j++;
    }
  }

  // Copy the last interval to the output array
  out[count] = xs[i];
  count++;

  return count;
}
