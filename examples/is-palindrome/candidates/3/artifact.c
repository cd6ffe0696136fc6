bool is_palindrome(const char *text, size_t text_len) {
    char *end = text + text_len - 1;
    for (char *start = text; start < end; ++start, --end) {
        if (!isalnum(*start)) {
            continue;
        }
        if (tolower(*start) != tolower(*end)) {
            return false;
        }
    }
    return true;
}
