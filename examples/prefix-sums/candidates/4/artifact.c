#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h> // only malloc, calloc, realloc, free, qsort, abs, abort
#include <string.h> // only memcpy, memmove, memset, memcmp, strlen

typedef struct int64_list {
  int64_t *items;
  size_t len;
} int64_list;

int64_list prefix_sums(int32_t *xs, size_t xs_len) {
  if (xs_len == 0) return (int64_list){.items = NULL, .len = 0};
  
  int64_t *sums = malloc(xs_len * sizeof(int64_t));
  if (sums == NULL) return (int64_list){.items = NULL, .len = 0};
  
  sums[0] = xs[0];
  for (size_t i = 1; i < xs_len; i++) {
    sums[i] = sums[i - 1] + xs[i];
    if (sums[i] > INT64_MAX) {
      free(sums);
      return (int64_list){.items = NULL, .len = 0};
    }
  }
  
  int64_list result = (int64_list){.items = sums, .len = xs_len + 1};
  
  free(sums);
  
  return result;
}
