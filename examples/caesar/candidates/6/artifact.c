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
  if (text_len == 0) return {NULL, 0};

  string result = {malloc(text_len * sizeof(char)), text_len};
  for (size_t i = 0; i < text_len; i++) {
    char c = text[i];
    if (c >= 'a' && c <= 'z') {
      result.items[i] = 'a' + (c - 'a' + shift) % 26;
    } else if (c >= 'A' && c <= 'Z') {
      result.items[i] = 'A' + (c - 'A' + shift) % 26;
    } else {
      result.items[i] = c;
    }
  }
  return result;
}
