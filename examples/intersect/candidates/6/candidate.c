#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h> // only malloc, calloc, realloc, free, qsort, abort
#include <string.h> // only memcpy, memmove, memset, memcmp, strlen

typedef struct rect {
  int32_t left;
  int32_t top;
  int32_t right;
  int32_t bottom;
} rect;

bool intersect(rect a, rect b, rect *out) {
  if (a.left >= b.right || a.top >= b.bottom || a.right <= b.left || a.bottom <= b.top) {
    *out = (rect){0, 0, 0, 0};
    return false;
  }
  *out = (rect){a.left, a.top, a.right, a.bottom};
  return true;
}
