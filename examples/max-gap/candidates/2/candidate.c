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
    return 0; // The list has fewer than two elements, so the gap is 0.
  }

  int32_t max_gap = 0;
  for (size_t i = 0; i < xs->len - 1; i++) {
    int32_t current_gap = xs->ptr[i + 1] - xs->ptr[i];
    if (current_gap > max_gap) {
      max_gap = current_gap;
    }
  }

  return max_gap;
}
