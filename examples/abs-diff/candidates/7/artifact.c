uint32_t abs_diff(int32_t a, int32_t b) {
    return (uint32_t)abs(a - b);
}
