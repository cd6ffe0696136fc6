uint32_option index_of(int32_t *xs, size_t xs_len, int32_t x) {
  for (size_t i = 0; i < xs_len; ++i) {
    if (xs[i] == x) {
      return (uint32_option){true, (uint32_t)i};
    }
  }
  return (uint32_option){false, 0u};
}
