#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

bool is_palindrome(const char *text, size_t text_len) {
    int i = 0, j = text_len - 1;
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
