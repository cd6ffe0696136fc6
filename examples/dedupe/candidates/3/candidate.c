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
    ret->len = 0;
    ret->ptr = NULL;
    return;
  }

  // Copy the first item to the output list
  ret->len = 1;
  ret->ptr = (int32_t *)malloc(sizeof(int32_t));
  if (ret->ptr == NULL) {
    abort();
  }
  ret->ptr[0] = xs->ptr[0];

  // Iterate through the rest of the list
  for (size_t i = 1; i < xs->len; i++) {
    // Check if the current item is different from the last item in the output list
    if (xs->ptr[i] != ret->ptr[ret->len - 1]) {
      // If it is, add it to the output list
      ret->len++;
      ret->ptr = (int32_t *)realloc(ret->ptr, sizeof(int32_t) * ret->len);
      if (ret->ptr == NULL) {
        abort();
      }
      ret->ptr[ret->len - 1] = xs->ptr[i];
    }
  }
}
