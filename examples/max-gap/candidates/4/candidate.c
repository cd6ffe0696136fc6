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
    return 0;
  }

  qsort(xs->ptr, xs->len, sizeof(int32_t), compare_int32_t);

  uint32_t max_gap = 0;
  for (size_t i = 1; i < xs->len; i++) {
    max_gap = fmax(max_gap, xs->ptr[i] - xs->ptr[i - 1]);
  }

  return max_gap;
}

int compare_int32_t(const void *a, const void *b) {
  return (*(int32_t *)a - *(int32_t *)b);
}
