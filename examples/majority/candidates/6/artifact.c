#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

typedef struct int32_option {
  bool is_some;
  int32_t value;
} int32_option;

int32_option majority(int32_t *xs, size_t xs_len) {
  if (xs_len == 0) {
    return (int32_option){false, 0};
  }

  int32_t mode = xs[0];
  int32_t count = 1;

  for (size_t i = 1; i < xs_len; i++) {
    if (xs[i] == mode) {
      count++;
    } else if (count < 2) {
      mode = xs[i];
      count = 1;
    } else {
      count--;
    }
  }

  int32_t modeCount = 0;
  for (size_t i = 0; i < xs_len; i++) {
    if (xs[i] == mode) {
      modeCount++;
    }
  }

  return (int32_option){modeCount * 2 > xs_len ? true : false, mode};
}
