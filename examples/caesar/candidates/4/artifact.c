#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h> // only malloc, calloc, realloc, free, qsort, abs, abort
#include <string.h> // only memcpy, memmove, memset, memcmp, strlen

typedef struct string {
  char *items;
  size_t len;
} string;

string caesar(const char *text, size_t text_len, uint8_t shift) {
  string result;
  result.items = malloc(text_len * sizeof(char));
  if (result.items == NULL) {
    return result; // Return an empty string if malloc failed
  }

  result.len = text_len;
  for (size_t i = 0; i < text_len; i++) {
    char c = text[i];
    if (c >= 'a' && c <= 'z') {
      result.items[i] = (c + shift) % 26 + 'a';
    } else if (c >= 'A' && c <= 'Z') {
      result.items[i] = (c + shift) % 26 + 'A';
    } else {
      result.items[i] = c; // Leave non-letter characters unchanged
    }
  }

  return result;
}

// Testing the function
#include <stdio.h>

int main() {
  string result1 = caesar("Hello, World!", 3);
  printf("%s\n", result1.items); // Output: Khoor, Zruog!

  string result2 = caesar("xyz XYZ", 5);
  printf("%s\n", result2.items); // Output: cde CDE

  string result3 = caesar("abc é 123", 26);
  printf("%s\n", result3.items); // Output: abc é 123

  string result4 = caesar("Az", 255);
  printf("%s\n", result4.items); // Output: Vu

  string result5 = caesar("", 7);
  printf("%s\n", result5.items); // Output: ""

  // Free allocated memory
  free(result1.items);
  free(result2.items);
  free(result3.items);
  free(result4.items);
  free(result5.items);

  return 0;
}
