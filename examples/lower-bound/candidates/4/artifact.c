uint32_t lower_bound(int32_t *xs, size_t xs_len, int32_t x) {
    uint32_t lo = 0, hi = xs_len;
    while (lo < hi) {
        uint32_t mid = (lo + hi) / 2;
        if (xs[mid] < x) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo;
}
