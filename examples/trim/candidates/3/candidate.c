#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h> // only malloc, calloc, realloc, free, qsort, abort
#include <string.h> // only memcpy, memmove, memset, memcmp, strlen

typedef struct trim_string_t {
  uint8_t*ptr;
  size_t len;
} trim_string_t;

// Function to trim leading and trailing spaces from a text
void exports_trim_trim(trim_string_t *text, trim_string_t *ret) {
    // Check if the input text is NULL or empty
    if (text == NULL || text->len == 0) {
        ret->ptr = NULL;
        ret->len = 0;
        return;
    }

    // Find the first non-space character
    size_t start = 0;
    while (start < text->len && text->ptr[start] == ' ') {
        start++;
    }

    // Find the last non-space character
    size_t end = text->len - 1;
    while (end > start && text->ptr[end] == ' ') {
        end--;
    }

    // Allocate memory for the trimmed text
    ret->len = end - start + 1;
    ret->ptr = (uint8_t*)malloc(ret->len);
    if (ret->ptr == NULL) {
        abort(); // Memory allocation failed
    }

    // Copy the trimmed text
    memcpy(ret->ptr, text->ptr + start, ret->len);

    // Null-terminate the trimmed text
    ret->ptr[ret->len] = '\0';
}

// Helper function to test the trim function
void test_trim() {
    trim_string_t test1 = { (uint8_t*)"  two words ", 11 };
    trim_string_t test2 = { (uint8_t*)"none", 4 };
    trim_string_t test3 = { (uint8_t*)"   ", 3 };

    trim_string_t result1;
    trim_string_t result2;
    trim_string_t result3;

    exports_trim_trim(&test1, &result1);
    exports_trim_trim(&test2, &result2);
    exports_trim_trim(&test3, &result3);

    printf("Test 1: %s -> %s\n", test1.ptr, result1.ptr);
    printf("Test 2: %s -> %s\n", test2.ptr, result2.ptr);
    printf("Test 3: %s -> %s\n", test3.ptr, result3.ptr);

    free(result1.ptr);
    free(result2.ptr);
    free(result3.ptr);
}

int main() {
    test_trim();
    return 0;
}
