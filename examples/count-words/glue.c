// Connects the plain C function of plain.h with the bindings that wit-bindgen generates.
#include "count_words.h"
#include "plain.h"

uint32_t exports_count_words_count_words(count_words_string_t *text) {
  return count_words((const char *)text->ptr, text->len);
}
