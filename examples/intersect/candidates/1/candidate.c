#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h> // only malloc, calloc, realloc, free, qsort, abort
#include <string.h> // only memcpy, memmove, memset, memcmp, strlen

typedef struct intersect_rect_t {
  int32_t   left;
  int32_t   top;
  int32_t   right;
  int32_t   bottom;
} intersect_rect_t;

typedef struct {
  bool is_some;
  intersect_rect_t val;
} intersect_option_rect_t;

bool exports_intersect_intersect(intersect_rect_t *a, intersect_rect_t *b, intersect_rect_t *ret) {
  if (a->right <= b->left || a->bottom <= b->top || b->right <= a->left || b->bottom <= a->top) {
    ret->is_some = false;
    return false;
  }
  ret->is_some = true;
  ret->val.left = a->left > b->left ? a->left : b->left;
  ret->val.top = a->top > b->top ? a->top : b->top;
  ret->val.right = a->right < b->right ? a->right : b->right;
  ret->val.bottom = a->bottom < b->bottom ? a->bottom : b->bottom;
  return true;
}
