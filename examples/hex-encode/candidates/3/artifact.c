#include <string.h>
#include <stdio.h>

typedef struct string {
  char *items;
  size_t len;
} string;

static bool is_hex_digit(char c) {
  return c >= '0' && c <= '9' || c >= 'a' && c <= 'f';
}

static string hex_encode_internal(uint8_t *xs, size_t xs_len, string *result) {
  if (xs_len == 0) {
    result->items = "";
    result->len = 0;
    return *result;
  }

  for (size_t i = 0; i < xs_len; i++) {
    char high_digit = (xs[i] >> 4) & 0xF;
    char low_digit = xs[i] & 0xF;

    if (i > 0 && result->len % 2 == 0) {
      // append the separator
      result->len++;
      result->items = realloc(result->items, result->len + 2);
      strncpy(result->items + result->len - 2, "-", 1);
    }

    // append the high digit
    result->len++;
    result->items = realloc(result->items, result->len + 1);
    if (!is_hex_digit(high_digit)) {
      fprintf(stderr, "Error: high digit is not a hexadecimal digit\n");
      exit(1);
    }
    result->items[result->len - 1] = high_digit;

    // append the low digit
    result->len++;
    result->items = realloc(result->items, result->len + 1);
    if (!is_hex_digit(low_digit)) {
      fprintf(stderr, "Error: low digit is not a hexadecimal digit\n");
      exit(1);
    }
    result->items[result->len - 1] = low_digit;
  }

  return *result;
}

string hex_encode(uint8_t *xs, size_t xs_len) {
  string result;
  return hex_encode_internal(xs, xs_len, &result);
}
