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
  // Calculate the length of the trimmed text
  ret->len = 0;
  for (size_t i = 0; i < text->len; i++) {
    if (text->ptr[i] != ' ') {
      ret->len++;
    }
  }

  // Allocate memory for the trimmed text
  ret->ptr = (uint8_t*)malloc(ret->len);
  if (ret->ptr == NULL) {
    abort();
  }

  // Copy the trimmed text
  for (size_t i = 0, j = 0; i < text->len; i++) {
    if (text->ptr[i] != ' ') {
      ret->ptr[j++] = text->ptr[i];
    }
  }

  ret->ptr[j] = '\0'; // Null-terminate the string
}
