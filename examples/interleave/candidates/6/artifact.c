#include <stdio.h>

typedef struct int32_list {
  int32_t *items;
  size_t len;
} int32_list;

int32_list interleave(int32_t *a, size_t a_len, int32_t *b, size_t b_len) {
  int32_list result = {};
  size_t i = 0, j = 0;

  while (i < a_len || j < b_len) {
    if (i < a_len) {
      result.items = realloc(result.items, (result.len + 1) * sizeof(int32_t));
      result.items[result.len++] = a[i++];
    }
    if (j < b_len) {
      result.items = realloc(result.items, (result.len + 1) * sizeof(int32_t));
      result.items[result.len++] = b[j++];
    }
  }

  result.items = realloc(result.items, result.len * sizeof(int32_t));
  return result;
}
