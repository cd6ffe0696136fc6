int32_t saturating_add(int32_t a, int32_t b) {
    int32_t result = a + b;
    if (result > 0x7fffffff) return 0x7fffffff;
    if (result < 0x80000000) return 0x80000000;
    return result;
}
