#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

typedef struct int32_option {
  bool is_some;
  int32_t value;
} int32_option;

int32_option second_largest(int32_t *xs, size_t xs_len) {
  if (xs_len < 2) return (int32_option){false, 0};
  
  int32_t largest = xs[0];
  int32_t second_largest = xs[1] < largest ? xs[1] : largest;
  bool is_smallest = xs[1] < largest;
  
  for (size_t i = 2; i < xs_len; i++) {
    if (xs[i] > largest) {
      second_largest = largest;
      largest = xs[i];
      is_smallest = false;
    } else if (xs[i] > second_largest && !is_smallest) {
      second_largest = xs[i];
      is_smallest = true;
    }
  }
  
  return (int32_option){is_smallest, second_largest};
}
