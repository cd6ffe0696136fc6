uint32_t max_gap(const int32_t *xs, size_t len) {
    if (len < 2) {
        return 0;
    }
    uint32_t max = 0;
    for (size_t i = 0; i < len - 1; ++i) {
        max = fmax(max, abs(xs[i + 1] - xs[i]));
    }
    return max;
}
