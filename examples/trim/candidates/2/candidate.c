#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h> // only malloc, calloc, realloc, free, qsort, abort
#include <string.h> // only memcpy, memmove, memset, memcmp, strlen

typedef struct trim_string_t {
  uint8_t*ptr;
  size_t len;
} trim_string_t;

void exports_trim_trim(trim_string_t *text, trim_string_t *ret) {
  // Find the first non-space character from the left
  size_t left = 0;
  while (left < text->len && text->ptr[left] == ' ') {
    left++;
  }

  // Find the first non-space character from the right
  size_t right = text->len - 1;
  while (right >= 0 && text->ptr[right] == ' ') {
    right--;
  }

  // Calculate the length of the trimmed string
  ret->len = right - left + 1;

  // Allocate memory for the trimmed string
  if (ret->len > 0) {
    ret->ptr = (uint8_t*)malloc(ret->len);
    if (ret->ptr == NULL) {
      abort(); // Memory allocation failed
    }

    // Copy the trimmed string
    memcpy(ret->ptr, text->ptr + left, ret->len);
  } else {
    ret->ptr = NULL;
  }
}
