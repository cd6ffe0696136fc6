#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h> // only malloc, calloc, realloc, free, qsort, abs, abort
#include <string.h> // only memcpy, memmove, memset, memcmp, strlen

typedef struct rect {
  int32_t left;
  int32_t top;
  int32_t right;
  int32_t bottom;
} rect;

bool rectangles_overlap(rect a, rect b) {
  return a.left < b.right && a.top < b.bottom;
}
