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

void merge_intervals_merge_intervals(merge_intervals_list_interval_t *xs, merge_intervals_list_interval_t *ret) {
  if (xs->len == 0) {
    ret->len = 0;
    ret->ptr = NULL;
    return;
  }

  // Sort intervals by start
  qsort(xs->ptr, xs->len, sizeof(merge_intervals_interval_t), compare_intervals);

  // Merge intervals
  size_t i = 0;
  while (i < xs->len - 1) {
    if (xs->ptr[i].end >= xs->ptr[i + 1].start) {
      // Merge intervals
      xs->ptr[i].end = fmax(xs->ptr[i].end, xs->ptr[i + 1].end);
      // Remove the second interval
      memmove(&xs->ptr[i + 1], &xs->ptr[i + 2], (xs->len - i - 2) * sizeof(merge_intervals_interval_t));
      xs->len--;
    } else {
      i++;
    }
  }

  // Allocate memory for the result
  ret->ptr = (merge_intervals_interval_t *)malloc(xs->len * sizeof(merge_intervals_interval_t));
  memcpy(ret->ptr, xs->ptr, xs->len * sizeof(merge_intervals_interval_t));
  ret->len = xs->len;
}
