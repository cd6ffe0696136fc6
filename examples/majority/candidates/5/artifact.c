#include <stdlib.h>
#include <string.h>

typedef struct int32_option {
  bool is_some;
  int32_t value;
} int32_option;

int32_option majority(int32_t *xs, size_t xs_len) {
  if (xs_len == 0)
    return (int32_option){false, 0};

  int32_t sum = 0;
  for (size_t i = 0; i < xs_len; i++)
    sum += xs[i];

  if (sum < xs_len / 2)
    return (int32_option){false, 0};

  int32_t half = sum / 2;
  int32_t count = 0;
  for (size_t i = 0; i < xs_len; i++) {
    if (xs[i] == half)
      count++;
    if (count > half)
      return (int32_option){true, xs[i]};
  }

  return (int32_option){false, 0};
}
