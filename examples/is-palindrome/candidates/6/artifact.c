bool is_palindrome(const char *text, size_t text_len) {
    if (text_len <= 1) return true;

    for (size_t i = 0, j = text_len - 1; i < j; ++i, --j) {
        if (!isalnum(text[i])) continue;
        if (!isalnum(text[j])) continue;
        if (tolower(text[i]) != tolower(text[j])) return false;
    }

    return true;
}
