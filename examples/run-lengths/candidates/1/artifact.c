#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h> // only malloc, calloc, realloc, free, qsort, abs, abort
#include <string.h> // only memcpy, memmove, memset, memcmp, strlen

typedef struct run {
  uint8_t value;
  uint32_t count;
} run;

typedef struct run_list {
  run *items;
  size_t len;
} run_list;

run_list run_lengths(uint8_t *xs, size_t xs_len) {
  run_list result = {NULL, 0};
  if (xs_len == 0) return result;

  run *current = malloc(sizeof(run));
  current->value = xs[0];
  current->count = 1;
  result.items = current;
  result.len = 1;

  for (size_t i = 1; i < xs_len; i++) {
    if (xs[i] == current->value) {
      current->count++;
    } else {
      run *new = malloc(sizeof(run));
      new->value = xs[i];
      new->count = 1;
      current->next = new;
      current = new;
      result.len++;
    }
  }

  return result;
}
