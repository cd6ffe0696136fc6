uint32_t mul_mod(uint32_t a, uint32_t b, uint32_t m) {
    uint64_t product = (uint64_t)a * b;
    return (product % m) ? (product % m) : 0;
}
