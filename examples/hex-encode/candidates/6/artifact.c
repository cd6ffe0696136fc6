#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h> // only malloc, calloc, realloc, free, qsort, abs, abort
#include <string.h> // only memcpy, memmove, memset, memcmp, strlen

typedef struct string {
  char *items;
  size_t len;
} string;

string hex_encode(uint8_t *xs, size_t xs_len) {
  string result = {NULL, 0};
  if (xs_len == 0) {
    return result;
  }
  result.items = (char *)malloc(2 * xs_len * sizeof(char));
  if (result.items == NULL) {
    return result;
  }
  result.len = 2 * xs_len;
  for (size_t i = 0; i < xs_len; ++i) {
    sprintf(result.items + 2 * i, "%02x", xs[i]);
  }
  return result;
}

bool matches(const char *str, const char *pattern) {
  return strncasecmp(str, pattern, strlen(pattern)) == 0;
}

bool startsWith(const char *str, const char *prefix) {
  return strncasecmp(str, prefix, strlen(prefix)) == 0;
}
