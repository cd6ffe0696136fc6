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

  // Allocate memory for the result list
  ret->ptr = (int32_t *)malloc(xs->len * sizeof(int32_t));
  if (ret->ptr == NULL) {
    abort();
  }
  ret->len = 0;

  // Use a hash table to keep track of seen numbers
  int32_t *seen = (int32_t *)calloc(xs->len, sizeof(int32_t));
  if (seen == NULL) {
    abort();
  }

  // Copy the first element to the result list
  ret->ptr[ret->len++] = xs->ptr[0];
  seen[0] = 1;

  // Process the remaining elements
  for (size_t i = 1; i < xs->len; i++) {
    if (!seen[xs->ptr[i]]) {
      ret->ptr[ret->len++] = xs->ptr[i];
      seen[xs->ptr[i]] = 1;
    }
  }

  // Free the hash table
  free(seen);
}
