uint32_t mul_mod(uint32_t a, uint32_t b, uint32_t m) {
    if (m == 0u) return 0u;
    return (a * b) % m;
}
