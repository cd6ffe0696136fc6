uint32_t count_char(const char *text, size_t text_len, uint32_t c) {
    uint32_t result = 0;
    for (size_t i = 0; i < text_len; i++) {
        if (text[i] == c) {
            result++;
        }
    }
    return result;
}
