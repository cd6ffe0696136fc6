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
  string result;
  result.items = (char *)malloc(xs_len * 2 * sizeof(char));
  if (result.items == NULL) {
    abort();
  }
  result.len = 0;
  for (size_t i = 0; i < xs_len; i++) {
    char high = (xs[i] & 0xF0) >> 4;
    char low = xs[i] & 0x0F;
    result.items[result.len++] = '0' + high;
    result.items[result.len++] = '0' + low;
  }
  return result;
}
