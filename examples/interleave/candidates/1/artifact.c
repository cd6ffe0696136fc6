#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h> // only malloc, calloc, realloc, free, qsort, abs, abort
#include <string.h> // only memcpy, memmove, memset, memcmp, strlen

typedef struct int32_list {
  int32_t *items;
  size_t len;
} int32_list;

int32_list interleave(int32_t *a, size_t a_len, int32_t *b, size_t b_len) {
  int32_list result;
  result.items = (int32_t *)malloc((a_len + b_len) * sizeof(int32_t));
  if (result.items == NULL) {
    abort();
  }
  result.len = a_len + b_len;
  size_t i = 0, j = 0;
  while (i < a_len && j < b_len) {
    result.items[i + j] = a[i++];
    result.items[i + j] = b[j++];
  }
  while (i < a_len) {
    result.items[i + j] = a[i++];
  }
  while (j < b_len) {
    result.items[i + j] = b[j++];
  }
  return result;
}
