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
  size_t result_len = a_len > b_len ? a_len : b_len;
  int32_list *result = malloc(result_len * sizeof(int32_t));
  if (!result) {
    abort();
  }
  size_t i = 0, j = 0, k = 0;
  while (i < a_len || j < b_len) {
    if (i < a_len && (j == b_len || a[i] < b[j])) {
      result[k++] = a[i++];
    } else {
      result[k++] = b[j++];
    }
  }
  result->len = k;
  return *result;
}
