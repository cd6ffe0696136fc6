#include <string.h>

string caesar(const char *text, size_t text_len, uint8_t shift) {
    string result;
    result.items = malloc(text_len * sizeof(char));
    if (result.items == NULL) {
        return result; // null on error, as per the problem
    }
    result.len = text_len;

    for (size_t i = 0; i < text_len; i++) {
        char c = text[i];
        if (c >= 'a' && c <= 'z') {
            result.items[i] = (c - 'a' + shift) % 26 + 'a';
        } else if (c >= 'A' && c <= 'Z') {
            result.items[i] = (c - 'A' + shift) % 26 + 'A';
        } else {
            result.items[i] = c;
        }
    }

    return result;
}
