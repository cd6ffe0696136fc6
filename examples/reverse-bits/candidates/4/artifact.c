uint32_t reverse_bits(uint32_t n) {
    uint32_t result = 0;
    for (int i = 0; i < 32; i++) {
        result |= (n >> i) & 1;
        result <<= 1;
    }
    return result >> 1;
}
