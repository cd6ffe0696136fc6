int32_list rotate_left(int32_t *xs, size_t xs_len, uint32_t n) {
  if (xs_len == 0) return xs;
  n %= xs_len;
  for (size_t i = 0; i < n; ++i) {
    int32_t first = xs[0];
    for (size_t j = 0; j < xs_len - 1; ++j) {
      xs[j] = xs[j + 1];
    }
    xs[xs_len - 1] = first;
  }
  return xs;
}
