
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
  run_list result;
  result.items = NULL;
  result.len = 0;

  if (xs_len == 0) {
    return result;
  }

  run current = {xs[0], 1};
  for (size_t i = 1; i < xs_len; i++) {
    if (xs[i] == current.value) {
      current.count++;
    } else {
      run_list_append(&result, &current);
      current.value = xs[i];
      current.count = 1;
    }
  }

  run_list_append(&result, &current);

  return result;
}

void run_list_append(run_list *list, run *run) {
  if (list->len == 0) {
    list->items = malloc(sizeof(run));
  } else {
    list->items = realloc(list->items, (list->len + 1) * sizeof(run));
  }

  list->items[list->len++] = *run;
}
