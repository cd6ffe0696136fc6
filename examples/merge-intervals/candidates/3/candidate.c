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

// Helper function to check if two intervals overlap
bool intervals_overlap(const merge_intervals_interval_t *i1, const merge_intervals_interval_t *i2) {
  return i1->start <= i2->end && i2->start <= i1->end;
}

// Merge overlapping intervals
void merge_intervals(merge_intervals_list_interval_t *interval_list) {
  if (interval_list->len == 0) {
    return;
  }

  // Sort intervals by start time
  qsort(interval_list->ptr, interval_list->len, sizeof(merge_intervals_interval_t), merge_intervals_interval_t_compare);

  // Merge overlapping intervals
  size_t i = 0;
  while (i < interval_list->len - 1) {
    if (intervals_overlap(&interval_list->ptr[i], &interval_list->ptr[i + 1])) {
      // Merge the intervals
      interval_list->ptr[i + 1].start = std::min(interval_list->ptr[i].start, interval_list->ptr[i + 1].start);
      interval_list->ptr[i + 1].end = std::max(interval_list->ptr[i].end, interval_list->ptr[i + 1].end);
      // Remove the second interval
      for (size_t j = i + 1; j < interval_list->len - 1; j++) {
        interval_list->ptr[j] = interval_list->ptr[j + 1];
      }
      interval_list->len--;
    } else {
      i++;
    }
  }
}

// Helper function for qsort to compare intervals by start time
int merge_intervals_interval_t_compare(const void *a, const void *b) {
  const merge_intervals_interval_t *i1 = (const merge_intervals_interval_t *)a;
  const merge_intervals_interval_t *i2 = (const merge_intervals_interval_t *)b;
  return i1->start - i2->start;
}

// Export function to merge intervals
void exports_merge_intervals_merge_intervals(merge_intervals_list_interval_t *xs, merge_intervals_list_interval_t *ret) {
  if (xs == NULL || ret == NULL) {
    abort();
  }

  // Allocate memory for the result
  ret->ptr = (merge_intervals_interval_t *)malloc(xs->len * sizeof(merge_intervals_interval_t));
  if (ret->ptr == NULL) {
    abort();
 