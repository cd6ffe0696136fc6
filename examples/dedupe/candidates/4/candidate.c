#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  int32_t *ptr;
  size_t len;
} dedupe_list_s32_t;

void exports_dedupe_dedupe(dedupe_list_s32_t *xs, dedupe_list_s32_t *ret) {
  // Sort the input list in ascending order
  qsort(xs->ptr, xs->len, sizeof(int32_t), cmp_int32);

  // Initialize the output list
  ret->ptr = (int32_t *)malloc(xs->len * sizeof(int32_t));
  if (ret->ptr == NULL) {
    abort();
  }
  ret->len = 0;

  // Iterate through the sorted list and copy unique elements
  for (size_t i = 0; i < xs->len; ++i) {
    if (i == 0 || xs->ptr[i] != xs->ptr[i - 1]) {
      ret->ptr[ret->len++] = xs->ptr[i];
    }
  }
}
