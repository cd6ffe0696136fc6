#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

typedef struct rect {
  int32_t left;
  int32_t top;
  int32_t right;
  int32_t bottom;
} rect;

bool intersect(rect a, rect b, rect *out) {
  if (a.left >= b.right || a.right <= b.left || a.top >= b.bottom || a.bottom <= b.top) {
    return false; // No intersection
  }

  out->left = std::max(a.left, b.left);
  out->top = std::max(a.top, b.top);
  out->right = std::min(a.right, b.right);
  out->bottom = std::min(a.bottom, b.bottom);

  return true; // Intersection found
}
