uint32_t count_digits(uint64_t n) {
    uint32_t digits = 0;
    while (n > 0) {
        n /= 10;
        digits++;
    }
    return digits;
}
