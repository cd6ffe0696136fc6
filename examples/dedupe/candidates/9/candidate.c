#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

size_t dedupe(const int32_t *xs, size_t len, int32_t *out) {
    if (len == 0) {
        // If the list is empty, no need to do anything.
        return 0;
    }

    size_t i = 0;
    size_t j = 1;

    // Iterate through the list with two pointers: i and j.
    while (j < len) {
        if (xs[i] != xs[j]) {
            // If the elements at i and j are different, move the i pointer to j.
            out[i + 1] = xs[j];
            i++;
        }
        j++;
    }

    // Set the number of elements to the length of the unique elements.
    out[0] = i + 1;

    return i + 1;
}
