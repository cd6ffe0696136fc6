#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct int32_option {
  bool is_some;
  int32_t value;
} int32_option;

int32_option majority(int32_t *xs, size_t xs_len) {
  if (xs_len == 0) return (int32_option){false, 0};
  int32_t half = xs_len / 2;
  int32_t count = 0;
  for (size_t i = 0; i < xs_len; i++) {
    count += xs[i] == xs[half];
  }
  return (int32_option){count > half, count == half ? xs[half] : 0};
}
