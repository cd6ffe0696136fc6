#include <stdio.h>

typedef struct run {
  uint8_t value;
  uint32_t count;
} run;

typedef struct run_list {
  run *items;
  size_t len;
} run_list;

run_list run_lengths(uint8_t *xs, size_t xs_len) {
  if (xs_len == 0) return (run_list){0, 0};

  run_list result = (run_list){0, 0};
  run current = (run){xs[0], 1};
  for (size_t i = 1; i < xs_len; i++) {
    if (xs[i] == current.value) current.count++;
    else {
      result.items = realloc(result.items, result.len + 1 * sizeof(run));
      result.items[result.len++] = current;
      current = (run){xs[i], 1};
    }
  }
  result.items = realloc(result.items, result.len + 1 * sizeof(run));
  result.items[result.len++] = current;
  return result;
}

int main() {
  return 0;
}
