#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h> // only malloc, calloc, realloc, free, qsort, abs, abort
#include <string.h> // only memcpy, memmove, memset, memcmp, strlen

typedef struct string {
  char *items;
  size_t len;
} string;

string caesar(const char *text, size_t text_len, uint8_t shift) {
  string result;
  if (text_len == 0) {
    result.items = NULL;
    result.len = 0;
    return result;
  }

  result.items = (char *)malloc(text_len * sizeof(char));
  if (result.items == NULL) {
    abort();
  }

  result.len = text_len;
  for (size_t i = 0; i < text_len; ++i) {
    if (text[i] >= 'a' && text[i] <= 'z') {
      result.items[i] = 'a' + (text[i] - 'a' + shift) % 26;
    } else if (text[i] >= 'A' && text[i] <= 'Z') {
      result.items[i] = 'A' + (text[i] - 'A' + shift) % 26;
    } else {
      result.items[i] = text[i];
    }
  }

  return result;
}
