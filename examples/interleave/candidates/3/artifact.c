#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct int32_list {
  int32_t *items;
  size_t len;
} int32_list;

int32_list interleave(int32_t *a, size_t a_len, int32_t *b, size_t b_len) {
  int32_list result;
  result.items = (int32_t*)malloc(a_len + b_len * sizeof(int32_t));
  if (result.items == NULL) {
    abort();
  }
  result.len = a_len + b_len;
  for (size_t i = 0, j = 0; i < a_len && j < b_len; i++, j++) {
    result.items[i] = a[i];
    result.items[i + b_len] = b[j];
  }
  if (i < a_len) {
    memcpy(result.items + i, a + i, (a_len - i) * sizeof(int32_t));
  }
  if (j < b_len) {
    memcpy(result.items + a_len, b + j, (b_len - j) * sizeof(int32_t));
  }
  return result;
}
