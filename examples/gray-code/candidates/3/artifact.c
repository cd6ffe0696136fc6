uint32_t gray_code(uint32_t n) {
    return n == 0u ? 0u : 2u * gray_code(n >> 1u) ^ n & 1u;
}
