uint32_t mul_mod(uint32_t a, uint32_t b, uint32_t m) {
    if (m == 0u) return 0u;
    uint64_t product = (uint64_t)a * (uint64_t)b;
    return (uint32_t)(product % m);
}
