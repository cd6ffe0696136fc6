uint32_t digital_root(uint64_t n) {
    if (n == 0)
        return 0;
    return digital_root(n % 10 + digital_root(n / 10));
}
