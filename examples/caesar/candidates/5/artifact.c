#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

typedef struct string {
  char *items;
  size_t len;
} string;

string caesar(const char *text, size_t text_len, uint8_t shift) {
  string result;
  result.items = (char *)malloc(text_len * sizeof(char));
  if (!result.items) {
    abort();
  }
  result.len = text_len;

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
