// Connects the plain C function of plain.h with the bindings that wit-bindgen generates.
#include "max_gap.h"
#include "plain.h"

uint32_t exports_max_gap_max_gap(max_gap_list_s32_t *xs) {
  return max_gap(xs->ptr, xs->len);
}
