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
  run_list res = {nullptr, 0};
  if (xs_len <= 0) return res;

  run curr = {xs[0], 1};
  res.items = (run *)malloc(sizeof(run));
  res.items[res.len++] = curr;

  for (size_t i = 1; i < xs_len; i++) {
    if (xs[i] == curr.value) {
      curr.count++;
    } else {
      run *new = (run *)realloc(res.items, res.len * sizeof(run) + sizeof(run));
      new[res.len++] = curr;
      curr = {xs[i], 1};
      res.items = new;
    }
  }

  run *new = (run *)realloc(res.items, res.len * sizeof(run) + sizeof(run));
  new[res.len++] = curr;
  res.items = new;

  return res;
}
