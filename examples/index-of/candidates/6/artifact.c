#include <stdlib.h>

typedef struct uint32_option {
  bool is_some;
  uint32_t value;
} uint32_option;

uint32_option index_of(int32_t *xs, size_t xs_len, int32_t x) {
  int32_t i = 0;
  for (; i < xs_len; i++) {
    if (xs[i] == x) {
      return {true, i};
    }
  }
  return {false, 0};
}
