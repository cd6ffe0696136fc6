uint32_t isqrt(uint32_t n) {
    if (n == 0) return 0;
    uint32_t low = 0, high = n;
    while (low < high) {
        uint32_t mid = (low + high + 1) / 2;
        if (mid * mid <= n) {
            low = mid;
        } else {
            high = mid - 1;
        }
    }
    return low;
}
