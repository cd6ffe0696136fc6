#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

typedef struct merge_intervals_interval_t {
  int32_t   start;
  int32_t   end;
} merge_intervals_interval_t;

typedef struct {
  merge_intervals_interval_t *ptr;
  size_t len;
} merge_intervals_list_interval_t;

// Compare function for qsort
static int compare(const void *a, const void *b) {
  merge_intervals_interval_t *interval1 = (merge_intervals_interval_t *)a;
  merge_intervals_interval_t *interval2 = (merge_intervals_interval_t *)b;

  if (interval1->start < interval2->start) {
    return -1;
  } else if (interval1->start > interval2->start) {
    return 1;
  } else {
    return 0;
  }
}

// Merge intervals
void exports_merge_intervals_merge_intervals(merge_intervals_list_interval_t *xs, merge_intervals_list_interval_t *ret) {
  if (xs->len <= 0) {
    ret->ptr = NULL;
    ret->len = 0;
    return;
  }

  // Sort the intervals by start
  qsort(xs->ptr, xs->len, sizeof(merge_intervals_interval_t), compare);

  // Merge intervals
  merge_intervals_interval_t *ptr = xs->ptr;
  merge_intervals_interval_t *end_ptr = xs->ptr;

  for (int i = 1; i < xs->len; i++) {
    if (ptr->end >= end_ptr->start) {
      // Extend the interval
      end_ptr->end = fmax(end_ptr->end, ptr->end);
      ptr = end_ptr;
    } else {
      // Add a new interval
      *ret->ptr = *ptr;
      end_ptr = *ret->ptr;
      ret->ptr++;
      *end_ptr = *end_ptr;
      end_ptr++;
      ptr = ptr->next;
    }
  }

  // Add the last interval
  *ret->ptr = *ptr;
  end_ptr = *ret->ptr;
  ret->ptr++;
  *end_ptr = *end_ptr;
  end_ptr++;

  // Free the allocated memory
  merge_intervals_list_interval_t *temp;
  while (ret->len > 0) {
    temp = ret->ptr;
    ret->ptr = ret->ptr->next;
    free(temp);
  }
}
