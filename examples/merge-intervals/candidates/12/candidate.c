#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

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

  // Merge overlapping intervals
  size_t merged_count = 0;
  size_t i = 0;
  while (i < len) {
    interval current = xs[i];
    while (i + 1 < len && current.end >= xs[i + 1].start) {
      current.end = (current.end > xs[i + 1].end) ? current.end : xs[i + 1].end;
      i++;
    }
    out[merged_count] = current;
    merged_count++;
    i++;
  }

  return merged_count;
}
