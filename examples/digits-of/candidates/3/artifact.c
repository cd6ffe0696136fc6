#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

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
    result.items = (uint8_t *)realloc(result.items, result.len + 1);
    result.items[result.len] = temp % 10;
    result.len++;
    temp /= 10;
  }
  return result;
}
