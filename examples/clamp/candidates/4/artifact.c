int32_t clamp(int32_t x, int32_t a, int32_t b) {
    return (a <= x && x <= b) || (b <= x && x <= a) ? x : (x > b) ? b : a;
}
