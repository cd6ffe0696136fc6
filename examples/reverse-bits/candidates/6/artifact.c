uint32_t reverse_bits(uint32_t n) {
    uint32_t reversed = 0;
    for (uint32_t i = 0; i < 32; ++i) {
        reversed = (reversed << 1) | (n & 1u);
        n >>= 1;
    }
    return reversed;
}
