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
  // Check if there is a common left edge
  if (a->left < b->right && b->left < a->right) {
    // Check if there is a common top edge
    if (a->top < b->bottom && b->top < a->bottom) {
      // Calculate the common area
      intersect_rect_t common;
      common.left = a->left > b->left ? a->left : b->left;
      common.top = a->top > b->top ? a->top : b->top;
      common.right = a->right < b->right ? a->right : b->right;
      common.bottom = a->bottom < b->bottom ? a->bottom : b->bottom;
      
      // Return true and fill ret with the common area
      ret->is_some = true;
      ret->val = common;
      return true;
    }
  }

  // If no common edges, return none
  ret->is_some = false;
  return false;
}
