int32_t clamp(int32_t x, int32_t a, int32_t b) {
    return (a <= b) ? (x <= b ? (x <= a ? x : a) : b) : (x <= a ? a : b);
}
