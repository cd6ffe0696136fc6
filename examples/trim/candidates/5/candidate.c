#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h> // only malloc, calloc, realloc, free, qsort, abort
#include <string.h> // only memcpy, memmove, memset, memcmp, strlen

typedef struct trim_string_t {
  uint8_t*ptr;
  size_t len;
} trim_string_t;

// Removes leading and trailing spaces from the input string and returns the trimmed string
void trim_string_remove_spaces(trim_string_t *text) {
  size_t start = 0;
  size_t end = text->len - 1;

  // Move the start pointer to the first non-space character
  while (start <= end && text->ptr[start] == ' ') {
    start++;
  }

  // Move the end pointer to the last non-space character
  while (start <= end && text->ptr[end] == ' ') {
    end--;
  }

  // Allocate new memory for the trimmed string
  if (start > 0 || end < text->len - 1) {
    text->ptr = realloc(text->ptr, (end - start + 1) * sizeof(uint8_t));
  }

  // Copy the trimmed string to the allocated memory
  if (text->ptr != NULL) {
    memcpy(text->ptr, text->ptr + start, (end - start + 1) * sizeof(uint8_t));
    text->len = end - start + 1;
  }
}

// Removes spaces from both ends of the input string and places the trimmed string in the provided output
void exports_trim_trim(trim_string_t *text, trim_string_t *ret) {
  // First, trim the spaces from the start of the string
  trim_string_remove_spaces(text);
  // Then, trim the spaces from the end of the string
  trim_string_remove_spaces(text);
}

// Helper function to create and initialize a trim_string_t
trim_string_t create_trim_string() {
  trim_string_t text;
  text.ptr = (uint8_t*)malloc(1); // Initial allocation for one byte
  if (text.ptr != NULL) {
    text.ptr[0] = 0; // Null-terminate the string
    text.len = 1;
  }
  return text;
}

int main() {
  trim_string_t text = create_trim_string();
  trim_string_t ret = create_trim_string();

  // Test cases
  exports_trim_trim(&text, &ret);
  if (ret.ptr != NULL) {
    fprintf(stderr, "Text: %s\n", ret.ptr);
    free(ret.ptr);
  }

  exports_trim_trim(&text, &ret);
  if (ret.ptr != NULL) {
    fprintf(stderr, "Text: %s\n", ret.ptr);
    free(ret.ptr);
