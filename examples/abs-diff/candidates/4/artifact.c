uint32_t abs_diff(int32_t a, int32_t b) {
    if (a < b) {
        return b - a;
    } else {
        return a - b;
    }
}
