#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h> // only malloc, calloc, realloc, free, qsort, abort
#include <string.h> // only memcpy, memmove, memset, memcmp, strlen

typedef struct interval {
  int32_t start;
  int32_t end;
} interval;

size_t merge_intervals(interval *xs, size_t len, interval *out) {
  // Initialize the output array
  for (size_t i = 0; i < len; i++) {
    out[i] = xs[i];
  }

  // Sort the intervals by their start values
  qsort(out, len, sizeof(interval), (int (*)(const void *, const void *))compare_intervals);

  // Merge overlapping intervals
  size_t i = 0;
  size_t j = 0;
  while (i < len) {
    while (j < len && (out[j].start <= out[i].end + 1)) {
      out[i].end = fmax(out[i].end, out[j].end);
      j++;
    }
    i++;
  }

  // Copy the merged intervals to the output array
  size_t merged_len = i;
  memcpy(out, &out[0], merged_len * sizeof(interval));

  // Return the number of merged intervals
  return merged_len;
}

// Comparison function for qsort
int compare_intervals(const void *a, const void *b) {
  interval *interval1 = (interval *)a;
  interval *interval2 = (interval *)b;
  return interval1->start - interval2->start;
}

int main() {
  // Test cases
  interval xs1[] = {{5, 8}, {1, 3}, {2, 4}};
  interval out1[20];
  size_t len1 = sizeof(xs1) / sizeof(xs1[0]);
  size_t merged_len1 = merge_intervals(xs1, len1, out1);
  for (size_t i = 0; i < merged_len1; i++) {
    printf("[%d, %d] ", out1[i].start, out1[i].end);
  }
  printf("\n");

  interval xs2[] = {{1, 2}, {2, 3}};
  interval out2[20];
  size_t len2 = sizeof(xs2) / sizeof(xs2[0]);
  size_t merged_len2 = merge_intervals(xs2, len2, out2);
  for (size_t i = 0; i < merged_len2; i++) {
    printf("[%d, %d] ", out2[i].start, out2[i].end);
  }
  printf("\n");

  interval xs3[] = {};
  interval out3[20];
  size_t len3 = sizeof(xs3) /