int32_option majority(int32_t *xs, size_t xs_len) {
  if (xs_len <= 300) {
    for (size_t i = 0; i < xs_len; ++i) {
      int32_t count = 0;
      for (size_t j = 0; j < xs_len; ++j) {
        if (xs[i] == xs[j]) {
          ++count;
        }
      }
      if (count * 2 > xs_len) {
        return {true, xs[i]};
      }
    }
  } else {
    qsort(xs, xs_len, sizeof(int32_t), abs);
    size_t half = xs_len / 2;
    if (xs[half] == xs[half - 1]) {
      return {true, xs[half]};
    }
  }
  return {false, 0};
}
