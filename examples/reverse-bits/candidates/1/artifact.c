uint32_t reverse_bits(uint32_t n) {
    uint32_t reversed = 0;
    for (int i = 0; i < 32; ++i) {
        reversed |= (n >> i) & 1;
        reversed <<= 1;
    }
    return reversed >> 1;
}
