// Connects the plain C function of plain.h with the bindings that wit-bindgen generates.
#include "trim.h"
#include "plain.h"
#include <stdlib.h>

void exports_trim_trim(trim_string_t *text, trim_string_t *ret) {
  ret->ptr = malloc(text->len);
  ret->len = trim((const char *)text->ptr, text->len, (char *)ret->ptr);
}
