bool is_sorted(int32_t *xs, size_t xs_len) {
  if (xs_len < 2) return true; // already sorted or fewer than two elements

  for (size_t i = 1; i < xs_len; ++i) {
    if (xs[i - 1] > xs[i]) {
      return false; // not sorted
    }
  }

  return true; // sorted
}
