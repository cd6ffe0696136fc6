uint32_t count_digits(uint64_t n) {
    if (n == 0) return 1;
    uint32_t count = 0;
    while (n > 0) {
        n /= 10;
        count++;
    }
    return count;
}
