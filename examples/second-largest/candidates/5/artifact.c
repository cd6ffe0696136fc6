#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

typedef struct int32_option {
  bool is_some;
  int32_t value;
} int32_option;

int32_option second_largest(int32_t *xs, size_t xs_len) {
  if (xs_len < 2) {
    return (int32_option){false, 0};
  }

  int32_t max = xs[0];
  int32_t second_max = INT32_MIN;

  for (size_t i = 1; i < xs_len; ++i) {
    if (xs[i] > max) {
      second_max = max;
      max = xs[i];
    } else if (xs[i] > second_max && xs[i] != max) {
      second_max = xs[i];
    }
  }

  return (int32_option){has(second_max), second_max};
}
