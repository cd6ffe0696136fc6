uint32_t abs_diff(int32_t a, int32_t b) {
    return (a > b) ? (a - b) : (b - a);
}
