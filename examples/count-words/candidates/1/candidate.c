#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h> // only malloc, calloc, realloc, free, qsort, abort
#include <string.h> // only memcpy, memmove, memset, memcmp, strlen

typedef struct count_words_string_t {
  uint8_t*ptr;
  size_t len;
} count_words_string_t;

uint32_t exports_count_words_count_words(count_words_string_t *text) {
  uint32_t count = 0;
  size_t i = 0;

  while (i < text->len) {
    // Skip leading spaces
    while (i < text->len && text->ptr[i] == ' ') {
      i++;
    }

    // Count the word
    if (i < text->len) {
      count++;
      // Skip trailing spaces
      while (i < text->len && text->ptr[i] == ' ') {
        i++;
      }
    }
  }

  return count;
}
