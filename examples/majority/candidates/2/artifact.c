#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

typedef struct int32_option {
  bool is_some;
  int32_t value;
} int32_option;

int32_option majority(int32_t *xs, size_t xs_len) {
  int32_t cnt[2 * (sizeof(int32_t) << 8)] = {0};
  for (size_t i = 0; i < xs_len; i++) {
    cnt[xs[i] < 0 ? -1 - xs[i] : 1 + xs[i]]++;
  }

  size_t max = 0;
  for (size_t i = 1; i < sizeof(cnt) - 1; i++) {
    if (cnt[i] > cnt[max]) {
      max = i;
    }
  }

  int32_t result = cnt[max] > xs_len / 2 ? max : 0;

  return (int32_option) { result, cnt[max] };
}
