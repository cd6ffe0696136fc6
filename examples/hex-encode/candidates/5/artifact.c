#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

typedef struct string {
  char *items;
  size_t len;
} string;

string hex_encode(uint8_t *xs, size_t xs_len) {
  string result = {malloc(2 * xs_len * 2 + 1), 2 * xs_len * 2};
  for (size_t i = 0; i < xs_len; ++i) {
    sprintf(result.items + i * 2, "%02X", xs[i]);
  }
  result.items[2 * xs_len] = '\0';
  return result;
}
