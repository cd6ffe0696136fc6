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
  // Check if rectangles are valid
  if (a->left >= a->right || a->top >= a->bottom || b->left >= b->right || b->top >= b->bottom) {
    return false;
  }

  // Check for intersection
  if (a->left < b->right && a->right > b->left && a->top < b->bottom && a->bottom > b->top) {
    ret->is_some = true;
    ret->val.left = a->left > b->left ? a->left : b->left;
    ret->val.top = a->top > b->top ? a->top : b->top;
    ret->val.right = a->right < b->right ? a->right : b->right;
    ret->val.bottom = a->bottom < b->bottom ? a->bottom : b->bottom;
    return true;
  }

  // No intersection
  ret->is_some = false;
  ret->val.left = -1; // Invalid values as a placeholder
  ret->val.top = -1;
  ret->val.right = -1;
  ret->val.bottom = -1;
  return false;
}

// Example usage
#include <stdio.h>

void main() {
  intersect_rect_t rect1 = {0, 0, 4, 4};
  intersect_rect_t rect2 = {2, 1, 9, 3};

  intersect_rect_t result;
  if (exports_intersect_intersect(&rect1, &rect2, &result)) {
    printf("Intersection: %d, %d, %d, %d\n", result.val.left, result.val.top, result.val.right, result.val.bottom);
  } else {
    printf("No intersection\n");
  }

  intersect_rect_t rect3 = {0, 0, 2, 2};
  intersect_rect_t rect4 = {5, 0, 7, 2};

  if (exports_intersect_intersect(&rect3, &rect4, &result)) {
    printf("Intersection: %d, %