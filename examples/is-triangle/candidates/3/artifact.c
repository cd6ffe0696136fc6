bool is_triangle(uint32_t a, uint32_t b, uint32_t c)
{
    return a && b && c && a + b > c && a + c > b && b + c > a;
}
