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

  // Sort the intervals by their start
  sort_by_start(xs, len);

  size_t i = 0;
  size_t j = 0;

  // Iterate through the sorted intervals
  while (j < len) {
    int32_t start = xs[j].start;
    int32_t end = xs[j].end;

    // If we have already merged an interval, move to the next one
    while (i < j && xs[i].end >= start) {
      j++;
    }

    // If i is equal to j, it means there are no overlapping intervals
    if (i == j) {
      out[i] = xs[j];
      j++;
    } else {
      // Create a new interval that combines the overlapping intervals
      out[i].start = start;
      out[i].end = xs[j - 1].end;
      i++;
    }
  }

  return i;
}

void sort_by_start(interval *xs, size_t len) {
  qsort(xs, len, sizeof(interval), compare_intervals);
}

int compare_intervals(const void *a, const void *b) {
  const interval *i = (const interval *)a;
  const interval *j = (const interval *)b;

  if (i->start < j->start) {
    return -1;
  } else if (i->start > j->start) {
    return 1;
  } else {
    return 0;
  }
}
