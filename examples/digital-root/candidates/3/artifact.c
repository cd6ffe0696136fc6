uint32_t digital_root(uint64_t n) {
    while (n >= 10u) {
        n /= 10u;
        n += n % 10u;
    }
    return n;
}
