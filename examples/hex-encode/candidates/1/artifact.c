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
  string result = {malloc(2 * xs_len), 2 * xs_len};
  for (size_t i = 0; i < xs_len; ++i) {
    char high = (xs[i] >> 4) & 0xF;
    char low = xs[i] & 0xF;
    result.items[i * 2] = high < 10 ? '0' + high : 'a' + high;
    result.items[i * 2 + 1] = low < 10 ? '0' + low : 'a' + low;
  }
  return result;
}
