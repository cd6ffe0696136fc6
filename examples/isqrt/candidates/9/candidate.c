uint32_t isqrt(uint32_t n) {
    if (n == 0) {
        return 0;
    }
    uint32_t low = 0;
    uint32_t high = n;
    uint32_t mid;
    while (low <= high) {
        mid = (low + high) / 2;
        if (mid * mid <= n) {
            low = mid + 1;
        } else {
            high = mid - 1;
        }
    }
    return high;
}
