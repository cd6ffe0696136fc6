uint32_t gray_code(uint32_t n) {
    if (n == 0) return 0;
    uint32_t result = (n >> 1) ^ n;
    return result;
}
