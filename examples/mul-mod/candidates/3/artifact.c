uint32_t mul_mod(uint32_t a, uint32_t b, uint32_t m) {
    uint32_t result = a * b;
    return result % m;
}
