string to_upper(const char *text, size_t text_len) {
    string result = {malloc(text_len), text_len};
    for (size_t i = 0; i < text_len; ++i) {
        char c = text[i];
        if (c >= 'a' && c <= 'z') {
            c -= 32;
        }
        result.items[i] = c;
    }
    return result;
}
