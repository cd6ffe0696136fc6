#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h> // only malloc, calloc, realloc, free, qsort, abort
#include <string.h> // only memcpy, memmove, memset, memcmp, strlen

typedef struct {
  int32_t *ptr;
  size_t len;
} max_gap_list_s32_t;

uint32_t exports_max_gap_max_gap(max_gap_list_s32_t *xs) {
  if (xs->len < 2) {
    return 0; // No gap if there are fewer than 2 elements
  }

  // Sort the list in ascending order
  qsort(xs->ptr, xs->len, sizeof(int32_t), compare_int32);

  // Calculate the maximum gap
  uint32_t max_gap = 0;
  for (size_t i = 0; i < xs->len - 1; ++i) {
    uint32_t current_gap = xs->ptr[i + 1] - xs->ptr[i];
    if (current_gap > max_gap) {
      max_gap = current_gap;
    }
  }

  return max_gap;
}

// Comparison function for qsort
static int compare_int32(const void *a, const void *b) {
  return (*(int32_t *)a - *(int32_t *)b);
}
