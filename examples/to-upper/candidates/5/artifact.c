
#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h> // only malloc, calloc, realloc, free, qsort, abs, abort
#include <string.h> // only memcpy, memmove, memset, memcmp, strlen

typedef struct string {
  char *items;
  size_t len;
} string;

string to_upper(const char *text, size_t text_len) {
  string result;
  result.items = (char *)malloc(text_len * sizeof(char));
  if (result.items == NULL) {
    return result; // Return null if allocation fails
  }
  result.len = text_len;

  for (size_t i = 0; i < text_len; i++) {
    result.items[i] = text[i] >= 'a' && text[i] <= 'z' ? text[i] - 32 : text[i];
  }

  return result;
}
