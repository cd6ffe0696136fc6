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
  // If the input array is empty, return 0
  if (len == 0) {
    return 0;
  }

  // Sort the intervals by start
  sort_by_start(xs, len);

  // Initialize pointers for the output array and the current interval
  size_t i = 0; // Index for the output array
  size_t j = 0; // Index for the current interval

  // Iterate through the intervals
  while (j < len) {
    // If the current interval starts before or at the end of the next interval, merge them
    if (xs[j].end >= xs[j + 1].start) {
      xs[i].start = xs[j].start;
      xs[i].end = xs[j + 1].end;
      j++;
    } else {
      // Otherwise, move the current interval to the output array and move the index for the current interval
      out[i] = xs[j];
      i++;
      j++;
    }
  }

  // Return the number of intervals in the output array
  return i;
}

void sort_by_start(interval *xs, size_t len) {
  qsort(xs, len, sizeof(interval), (int (*)(const void *, const void *))compare_intervals);
}

int compare_intervals(const void *a, const void *b) {
  interval *interval1 = (interval *)a;
  interval *interval2 = (interval *)b;
  return interval1->start - interval2->start;
}
