int32_t midpoint(int32_t a, int32_t b) {
    return (a + b) / 2;
}
