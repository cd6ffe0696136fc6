bool is_sorted(int32_t *xs, size_t xs_len) {
    for (size_t i = 0; i < xs_len - 1; ++i) {
        if (xs[i] > xs[i + 1]) {
            return false;
        }
    }
    return true;
}
