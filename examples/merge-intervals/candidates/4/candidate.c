#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h> // only malloc, calloc, realloc, free, qsort, abort
#include <string.h> // only memcpy, memmove, memset, memcmp, strlen

typedef struct merge_intervals_interval_t {
  int32_t   start;
  int32_t   end;
} merge_intervals_interval_t;

typedef struct {
  merge_intervals_interval_t *ptr;
  size_t len;
} merge_intervals_list_interval_t;

// Helper function to merge intervals
void merge_intervals(merge_intervals_list_interval_t *xs, merge_intervals_list_interval_t *ret) {
  if (xs->len == 0) {
    ret->len = 0;
    return;
  }

  // Sort the intervals by their start values
  qsort(xs->ptr, xs->len, sizeof(merge_intervals_interval_t), (void (*)(const void *, const void *))compare_intervals);

  size_t i = 0;
  size_t j = 1;

  while (j < xs->len) {
    // If intervals are overlapping or touching at the end, merge them
    if (xs->ptr[i].end >= xs->ptr[j].start) {
      xs->ptr[i].end = fmax(xs->ptr[i].end, xs->ptr[j].end);
      j++;
    } else {
      // If they are not overlapping, add the current interval to the result
      ret->ptr = realloc(ret->ptr, (ret->len + 1) * sizeof(merge_intervals_interval_t));
      ret->ptr[ret->len] = xs->ptr[i];
      ret->len++;
      i = j;
      j++;
    }
  }

  // Add the last interval if it's not empty
  if (i < xs->len) {
    ret->ptr = realloc(ret->ptr, (ret->len + 1) * sizeof(merge_intervals_interval_t));
    ret->ptr[ret->len] = xs->ptr[i];
    ret->len++;
  }

  ret->ptr = realloc(ret->ptr, (ret->len + 1) * sizeof(merge_intervals_interval_t));
  ret->ptr[ret->len] = {0, 0}; // Null-terminate the array
  ret->len++;
}

// Helper function to compare intervals by their start values
int compare_intervals(const void *a, const void *b) {
  const merge_intervals_interval_t *interval_a = (merge_intervals_interval_t *)a;
  const merge_intervals_interval_t *interval_b = (merge_intervals_interval_t *)b;

  return interval_a->start - interval_b->start;
}
