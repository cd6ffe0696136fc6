#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

typedef struct string {
  char *items;
  size_t len;
} string;

string to_upper(const char *text, size_t text_len) {
  string result = {malloc(text_len * sizeof(char)), text_len};
  for (size_t i = 0; i < text_len; ++i) {
    if (text[i] >= 'a' && text[i] <= 'z') {
      result.items[i] = text[i] - 'a' + 'A';
    } else {
      result.items[i] = text[i];
    }
  }
  return result;
}
