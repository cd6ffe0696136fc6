uint32_t digital_root(uint64_t n) {
    while (n >= 10) {
        n = (n / 10) + (n % 10);
    }
    return n;
}
