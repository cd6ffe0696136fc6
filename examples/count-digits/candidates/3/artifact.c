uint32_t count_digits(uint64_t n) {
    if (n == 0) return 1;
    return log10(n) + 1;
}
