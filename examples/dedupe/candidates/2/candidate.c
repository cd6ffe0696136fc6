#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h> // only malloc, calloc, realloc, free, qsort, abort
#include <string.h> // only memcpy, memmove, memset, memcmp, strlen

typedef struct {
  int32_t *ptr;
  size_t len;
} dedupe_list_s32_t;

void exports_dedupe_dedupe(dedupe_list_s32_t *xs, dedupe_list_s32_t *ret) {
  if (xs->len == 0) {
    ret->ptr = NULL;
    ret->len = 0;
    return;
  }

  // Create a copy of the input list to avoid modifying it
  int32_t *copied_list = malloc(xs->len * sizeof(int32_t));
  if (copied_list == NULL) {
    abort();
  }
  memcpy(copied_list, xs->ptr, xs->len * sizeof(int32_t));

  // Sort the copied list to make duplicates adjacent
  qsort(copied_list, xs->len, sizeof(int32_t), compare_int32_t);

  // Remove duplicates by iterating through the sorted list
  int32_t *result_ptr = copied_list;
  size_t result_len = 1;
  for (size_t i = 1; i < xs->len; i++) {
    if (copied_list[i] != copied_list[i - 1]) {
      *result_ptr = copied_list[i];
      result_ptr++;
      result_len++;
    }
  }

  // Free the copied list and set the output list
  free(copied_list);
  ret->ptr = result_ptr;
  ret->len = result_len;
}

int compare_int32_t(const void *a, const void *b) {
  return (*(int32_t*)a - *(int32_t*)b);
}
