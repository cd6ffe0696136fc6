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

  sort_by_start(xs, len);
  
  size_t num_merged = 0;
  size_t i = 0;

  while (i < len - 1) {
    if (xs[i].end >= xs[i + 1].start) {
      xs[i].end = std::max(xs[i].end, xs[i + 1].end);
      xs[i + 1] = xs[num_merged]; // Replace with the next element
      num_merged++;
    } else {
      i++;
    }
  }

  memcpy(out, xs, num_merged * sizeof(interval));
  return num_merged;
}
