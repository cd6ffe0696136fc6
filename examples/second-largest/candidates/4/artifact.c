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

  int32_t largest = xs[0];
  int32_t second_largest = xs[1];

  for (size_t i = 2; i < xs_len; ++i) {
    if (xs[i] > largest) {
      second_largest = largest;
      largest = xs[i];
    } else if (xs[i] > second_largest && xs[i] != largest) {
      second_largest = xs[i];
    }
  }

  return (int32_option){largest == second_largest, second_largest};
}
