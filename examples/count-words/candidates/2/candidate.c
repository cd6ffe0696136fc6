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
  if (text == NULL || text->ptr == NULL || text->len == 0) {
    return 0; // Invalid input
  }

  size_t word_count = 0;
  size_t start = 0;
  size_t end = 0;

  // Find the start of the first word
  while (end < text->len && text->ptr[end] == ' ') {
    end++;
  }
  start = end;

  // Find the end of the last word
  while (end < text->len && text->ptr[end] != ' ') {
    end++;
  }

  // Count the words
  while (start < end) {
    word_count++;
    while (end < text->len && text->ptr[end] == ' ') {
      end++;
    }
    start = end;
  }

  return word_count;
}

// Example usage
int main() {
  count_words_string_t text = { (uint8_t*)"the quick brown fox", 22 };
  printf("Count of words: %d\n", exports_count_words_count_words(&text)); // Output: Count of words: 4

  count_words_string_t text2 = { (uint8_t*)"  two   words ", 21 };
  printf("Count of words: %d\n", exports_count_words_count_words(&text2)); // Output: Count of words: 2

  count_words_string_t text3 = { (uint8_t*)"", 0 };
  printf("Count of words: %d\n", exports_count_words_count_words(&text3)); // Output: Count of words: 0

  return 0;
}
