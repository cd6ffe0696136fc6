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

// Function to merge intervals
void exports_merge_intervals_merge_intervals(merge_intervals_list_interval_t *xs, merge_intervals_list_interval_t *ret) {
    if (xs->len == 0) {
        ret->len = 0;
        ret->ptr = NULL;
        return;
    }

    // Sort the intervals by start
    qsort(xs->ptr, xs->len, sizeof(merge_intervals_interval_t), compare_intervals);

    // Merge the intervals
    size_t i = 0;
    while (i < xs->len - 1) {
        if (xs->ptr[i].end >= xs->ptr[i + 1].start) {
            // Merge the intervals
            xs->ptr[i].end = xs->ptr[i + 1].end;
            // Remove the second interval
            memmove(xs->ptr + i + 1, xs->ptr + i + 2, (xs->len - i - 1) * sizeof(merge_intervals_interval_t));
            xs->len--;
        } else {
            i++;
        }
    }

    // Allocate memory for the result
    ret->ptr = (merge_intervals_interval_t *)malloc(xs->len * sizeof(merge_intervals_interval_t));
    memcpy(ret->ptr, xs->ptr, xs->len * sizeof(merge_intervals_interval_t));

    // Set the length of the result
    ret->len = xs->len;
}

// Helper function to compare intervals
int compare_intervals(const void *a, const void *b) {
    merge_intervals_interval_t *interval_a = (merge_intervals_interval_t *)a;
    merge_intervals_interval_t *interval_b = (merge_intervals_interval_t *)b;

    if (interval_a->start < interval_b->start) {
        return -1;
    } else if (interval_a->start > interval_b->start) {
        return 1;
    } else {
        return 0;
    }
}
