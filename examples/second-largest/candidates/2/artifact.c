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
  if (xs_len < 2) return (int32_option){false, 0};

  int32_t max1 = xs[0], max2 = xs[1];
  for (size_t i = 2; i < xs_len; ++i) {
    if (xs[i] > max1) {
      max2 = max1;
      max1 = xs[i];
    } else if (xs[i] > max2) {
      max2 = xs[i];
    }
  }

  int32_t second_largest = 0;
  for (size_t i = 0; i < xs_len; ++i) {
    if (xs[i] < max1 && xs[i] > max2 && (second_largest == 0 || xs[i] > second_largest)) {
      second_largest = xs[i];
    }
  }

  return (int32_option){second_largest != 0, second_largest};
}
