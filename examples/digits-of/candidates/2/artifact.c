#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h> // only malloc, calloc, realloc, free, qsort, abs, abort
#include <string.h> // only memcpy, memmove, memset, memcmp, strlen

typedef struct uint8_list {
  uint8_t *items;
  size_t len;
} uint8_list;

uint8_list digits_of(uint64_t n) {
  uint8_list result = {NULL, 0};
  if (n == 0) {
    result.items = (uint8_t *)malloc(1);
    result.items[0] = 0;
    result.len = 1;
    return result;
  }
  uint64_t temp = n;
  while (temp > 0) {
    uint8_t digit = temp % 10;
    if (result.len == 0) {
      result.items = (uint8_t *)malloc(1);
      result.items[0] = digit;
      result.len = 1;
    } else {
      result.items = (uint8_t *)realloc(result.items, result.len + 1);
      result.items[result.len - 1] = digit;
      result.len++;
    }
    temp /= 10;
  }
  return result;
}
