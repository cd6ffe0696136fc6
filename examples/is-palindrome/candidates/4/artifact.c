#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

bool is_palindrome(const char *text, size_t text_len) {
    if (text_len == 0) {
        return true;
    }
    size_t left = 0;
    size_t right = text_len - 1;
    while (left < right) {
        if (!isalpha(text[left]) && !isdigit(text[left])) {
            ++left;
            continue;
        }
        if (!isalpha(text[right]) && !isdigit(text[right])) {
            --right;
            continue;
        }
        if (tolower(text[left]) != tolower(text[right])) {
            return false;
        }
        ++left;
        --right;
    }
    return true;
}
