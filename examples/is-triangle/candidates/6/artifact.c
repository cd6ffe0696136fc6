bool is_triangle(uint32_t a, uint32_t b, uint32_t c) {
    return a && b && c && a + b > c && b + c > a && c + a > b;
}
