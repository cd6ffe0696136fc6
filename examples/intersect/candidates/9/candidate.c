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
  if (a.left >= b.right || b.left >= a.right || a.top >= b.bottom || b.top >= a.bottom) {
    *out = (rect){0}; // No intersection
    return false;
  }

  out->left = std::max(a.left, b.left);
  out->top = std::max(a.top, b.top);
  out->right = std::min(a.right, b.right);
  out->bottom = std::min(a.bottom, b.bottom);

  return true;
}

// Example usage:
int main() {
  rect a = {left: 0, top: 0, right: 4, bottom: 4};
  rect b = {left: 2, top: 1, right: 9, bottom: 3};
  rect result;

  if (intersect(a, b, &result)) {
    printf("Intersect: {left: %d, top: %d, right: %d, bottom: %d}\n", result.left, result.top, result.right, result.bottom);
  } else {
    printf("No intersection\n");
  }

  return 0;
}
