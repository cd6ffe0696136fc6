// Connects the plain C function of plain.h with the bindings that wit-bindgen generates.
#include "intersect.h"
#include "plain.h"

bool exports_intersect_intersect(intersect_rect_t *a, intersect_rect_t *b, intersect_rect_t *ret) {
  rect common = {0};
  bool found = intersect((rect){a->left, a->top, a->right, a->bottom}, (rect){b->left, b->top, b->right, b->bottom}, &common);
  *ret = (intersect_rect_t){common.left, common.top, common.right, common.bottom};
  return found;
}
