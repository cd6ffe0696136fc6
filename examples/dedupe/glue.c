// Connects the plain C function of plain.h with the bindings that wit-bindgen generates.
#include "dedupe.h"
#include "plain.h"
#include <stdlib.h>

void exports_dedupe_dedupe(dedupe_list_s32_t *xs, dedupe_list_s32_t *ret) {
  ret->ptr = malloc(xs->len * sizeof *ret->ptr);
  ret->len = dedupe(xs->ptr, xs->len, ret->ptr);
}
