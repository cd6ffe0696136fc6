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
    return 0; // Return 0 for invalid input
  }

  uint32_t word_count = 0;
  bool in_word = false;

  for (size_t i = 0; i < text->len; i++) {
    if (text->ptr[i] == ' ') {
      in_word = false; // Start a new word
    } else {
      if (!in_word) {
        word_count++; // Start of a new word
        in_word = true;
      }
    }
  }

  return word_count;
}

// Example usage
int main() {
  count_words_string_t text1 = { (uint8_t*)"the quick brown fox", 17 };
  count_words_string_t text2 = { (uint8_t*)"  two   words ", 15 };
  count_words_string_t text3 = { (uint8_t*)"", 0 };

  printf("Count of words in '%s': %u\n", (char*)text1.ptr, exports_count_words_count_words(&text1));
  printf("Count of words in '%s': %u\n", (char*)text2.ptr, exports_count_words_count_words(&text2));
  printf("Count of words in '%s': %u\n", (char*)text3.ptr, exports_count_words_count_words(&text3));

  return 0;
}
