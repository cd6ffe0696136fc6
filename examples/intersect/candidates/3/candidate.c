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
    // Check if the rectangles are invalid
    if (a->left >= a->right || a->top >= a->bottom || b->left >= b->right || b->top >= b->bottom) {
        return false;
    }

    // Calculate the intersection
    int32_t x1 = std::max(a->left, b->left);
    int32_t y1 = std::max(a->top, b->top);
    int32_t x2 = std::min(a->right, b->right);
    int32_t y2 = std::min(a->bottom, b->bottom);

    // Check if the intersection is valid
    if (x1 >= x2 || y1 >= y2) {
        return false;
    }

    // Fill the result
    ret->is_some = true;
    ret->val.left = x1;
    ret->val.top = y1;
    ret->val.right = x2;
    ret->val.bottom = y2;

    return true;
}
