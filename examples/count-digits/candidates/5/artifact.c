uint32_t count_digits(uint64_t n) {
    uint32_t count = 0;
    while (n > 0) {
        count++;
        n /= 10;
    }
    return count;
}
