#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h> // only malloc, calloc, realloc, free, qsort, abort
#include <string.h> // only memcpy, memmove, memset, memcmp, strlen

typedef struct interval {
  int32_t start;
  int32_t end;
} interval;

// Function to merge intervals
size_t merge_intervals(interval *xs, size_t len, interval *out) {
    if (len == 0) {
        return 0;
    }

    // Sort the intervals by start
    qsort(xs, len, sizeof(interval), compare_intervals);

    size_t out_index = 0;

    for (size_t i = 1; i < len; i++) {
        if (xs[i].start <= xs[out_index].end) {
            // Merge overlapping intervals
            xs[out_index].end = (xs[i].end > xs[out_index].end) ? xs[i].end : xs[out_index].end;
        } else {
            // Store non-overlapping interval
            out[out_index] = xs[i];
            out_index++;
        }
    }

    // Store the last interval if any
    out[out_index] = xs[len - 1];

    return out_index + 1;
}

// Comparator function for qsort
int compare_intervals(const void *a, const void *b) {
    interval *intervalA = (interval *)a;
    interval *intervalB = (interval *)b;
    return intervalA->start - intervalB->start;
}
