#include <string.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <stdint.h>

typedef struct string {
  char *items;
  size_t len;
} string;

string caesar(const char *text, size_t text_len, uint8_t shift) {
  if (text_len == 0) return (string){NULL, 0};

  string result = (string){malloc(text_len + 1), text_len + 1};
  if (result.items == NULL) return result;

  for (size_t i = 0; i < text_len; i++) {
    if (text[i] >= 'a' && text[i] <= 'z') {
      result.items[i] = ((text[i] - 'a' + shift) % 26) + 'a';
    } else if (text[i] >= 'A' && text[i] <= 'Z') {
      result.items[i] = ((text[i] - 'A' + shift) % 26) + 'A';
    } else {
      result.items[i] = text[i];
    }
  }

  result.items[text_len] = '\0';
  return result;
}
