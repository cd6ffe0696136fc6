uint32_t reverse_bits(uint32_t n) {
    uint32_t result = 0;
    for (size_t i = 0; i < sizeof(n); ++i) {
        result = (result << 1) | (n >> i);
    }
    return result;
}
