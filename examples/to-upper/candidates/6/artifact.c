#include <stdlib.h>
#include <string.h>

string to_upper(const char *text, size_t text_len) {
    string result;
    result.items = malloc(text_len + 1);
    if (result.items == NULL) {
        return result; // on error, no memory allocated
    }

    for (size_t i = 0; i < text_len; i++) {
        if (text[i] >= 'a' && text[i] <= 'z') {
            result.items[i] = text[i] - 32;
        } else {
            result.items[i] = text[i];
        }
    }

    result.items[text_len] = '\0';
    result.len = text_len;

    return result;
}
