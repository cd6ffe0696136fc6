#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h> // only malloc, calloc, realloc, free, qsort, abort
#include <string.h> // only memcpy, memmove, memset, memcmp, strlen

void sort(int32_t *xs, size_t len); // already written: sorts xs, the least first

int32_t median(int32_t *xs, size_t len) {
    if (len == 0) {
        return 0; // Median of an empty list is 0
    }

    sort(xs, len); // Sort the list in ascending order

    // Calculate the median
    if (len % 2 == 1) {
        // If the length is odd, the median is the middle element
        return xs[len / 2];
    } else {
        // If the length is even, the median is the average of the two middle elements
        return (xs[len / 2 - 1] + xs[len / 2]) / 2;
    }
}
