int32_t clamp(int32_t x, int32_t a, int32_t b) {
    return x > b ? b : x < a ? a : x;
}
