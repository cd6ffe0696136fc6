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
  string result = {malloc(2 * xs_len), 2 * xs_len};
  for (size_t i = 0; i < xs_len; ++i) {
    result.items[i * 2] = "0123456789abcdef"[xs[i] >> 4];
    result.items[i * 2 + 1] = "0123456789abcdef"[xs[i] & 0x0f];
  }
  return result;
}
