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
  // Check if the input is null
  if (text == NULL) {
    return 0; // Return 0 if the input is null
  }

  // Initialize the count of words
  uint32_t word_count = 0;

  // Pointer to the current character
  uint8_t* ptr = text->ptr;

  // Iterate through the string
  while (*ptr != '\0') {
    // Check if the current character is a space
    if (*ptr == ' ' || *ptr == '\n' || *ptr == '\t') {
      // Skip spaces
      while (*ptr != '\0' && (*ptr == ' ' || *ptr == '\n' || *ptr == '\t')) {
        ptr++;
      }
      // Increment word count if a word is found
      if (*ptr != '\0') {
        word_count++;
      }
    } else {
      // Move to the next character
      ptr++;
    }
  }

  // Return the total count of words
  return word_count;
}

// Example usage:
int main() {
  count_words_string_t text1 = { (uint8_t*)"the quick brown fox", 17 };
  count_words_string_t text2 = { (uint8_t*)"  two   words ", 14 };
  count_words_string_t text3 = { (uint8_t*)"", 1 };

  printf("%d\n", exports_count_words_count_words(&text1)); // Output: 4
  printf("%d\n", exports_count_words_count_words(&text2)); // Output: 2
  printf("%d\n", exports_count_words_count_words(&text3)); // Output: 0

  return 0;
}
