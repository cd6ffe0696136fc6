uint32_t popcount(uint32_t n) {
    uint32_t result = 0;
    while (n) {
        result += n & 1;
        n >>= 1;
    }
    return result;
}
