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
  string result = {text, text_len};
  for (size_t i = 0; i < text_len; i++) {
    if (text[i] >= 'a' && text[i] <= 'z') {
      result.items[i] -= 'a' - 'A';
    }
  }
  return result;
}
