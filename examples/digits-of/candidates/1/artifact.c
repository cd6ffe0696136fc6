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
  uint8_list result;
  result.items = (uint8_t *)malloc(1);
  result.len = 1;
  result.items[0] = n % 10;
  while (n /= 10) {
    result.items = (uint8_t *)realloc(result.items, result.len + 1);
    result.items[result.len - 1] = n % 10;
  }
  return result;
}
