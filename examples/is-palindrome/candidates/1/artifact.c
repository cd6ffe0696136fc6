bool is_palindrome(const char *text, size_t text_len) {
    if (text_len <= 1) return true;

    size_t i = 0;
    size_t j = text_len - 1;

    while (i < j) {
        if (!isalnum(text[i])) {
            i++;
            continue;
        }
        if (!isalnum(text[j])) {
            j--;
            continue;
        }

        if (tolower(text[i]) != tolower(text[j])) {
            return false;
        }

        i++;
        j--;
    }

    return true;
}
