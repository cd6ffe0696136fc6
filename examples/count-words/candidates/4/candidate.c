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
  uint32_t word_count = 0;
  size_t i = 0;

  // Skip leading spaces
  while (i < text->len && text->ptr[i] == ' ') {
    i++;
  }

  // Process the remaining characters
  while (i < text->len) {
    // Check for the start of a new word
    if (text->ptr[i] == ' ') {
      word_count++;
      // Skip leading spaces after the word
      while (i < text->len && text->ptr[i] == ' ') {
        i++;
      }
    } else {
      i++;
    }
  }

  // If the string ends with a word, increment the count
  if (i < text->len) {
    word_count++;
  }

  return word_count;
}
