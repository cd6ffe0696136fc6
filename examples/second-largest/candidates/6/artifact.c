int32_option second_largest(int32_t *xs, size_t xs_len) {
  if (xs_len < 2) {
    return (int32_option){false, 0};
  }

  qsort(xs, xs_len, sizeof(int32_t), abs);

  int32_t largest = xs[xs_len - 1];
  int32_t second_largest = 0;

  for (size_t i = xs_len - 2; i >= 0; --i) {
    if (xs[i] < largest) {
      second_largest = xs[i];
      break;
    }
  }

  return (int32_option){has(second_largest), second_largest};
}
