#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h> // only malloc, calloc, realloc, free, qsort, abs, abort
#include <string.h> // only memcpy, memmove, memset, memcmp, strlen

uint32_t lower_bound(int32_t *xs, size_t xs_len, int32_t x) {
  if (xs_len == 0) return 0;
  int left = 0, right = xs_len - 1;
  while (left <= right) {
    int mid = left + (right - left) / 2;
    if (xs[mid] >= x) {
      right = mid - 1;
    } else {
      left = mid + 1;
    }
  }
  return left;
}
