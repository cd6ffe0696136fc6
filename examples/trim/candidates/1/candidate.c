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
  if (text->len == 0) {
    ret->ptr = NULL;
    ret->len = 0;
    return;
  }

  // Find the start of the first non-space character
  size_t start = 0;
  while (start < text->len && text->ptr[start] == ' ') {
    start++;
  }

  // Find the end of the last non-space character
  size_t end = text->len - 1;
  while (end >= 0 && text->ptr[end] == ' ') {
    end--;
  }

  // Allocate memory for the trimmed string
  ret->len = end - start + 1;
  ret->ptr = (uint8_t*)malloc(ret->len);

  // Copy the trimmed string
  if (ret->ptr != NULL) {
    memcpy(ret->ptr, text->ptr + start, ret->len);
  }
}
