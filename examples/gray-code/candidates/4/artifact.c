uint32_t gray_code(uint32_t n) {
    if (n == 0)
        return 0;
    uint32_t mask = 1u << (31 - __builtin_ctz(n));
    return gray_code(n ^ mask) | mask;
}
