uint32_t digital_root(uint64_t n) {
    if (n == 0u) return 0u;
    uint32_t sum = 0u;
    while (n > 0u) {
        sum += n % 10u;
        n /= 10u;
    }
    return digital_root(sum);
}
