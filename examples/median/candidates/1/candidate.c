#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h> // only malloc, calloc, realloc, free, qsort, abort
#include <string.h> // only memcpy, memmove, memset, memcmp, strlen

// Helper function to find the middle index of an array
int32_t findMiddleIndex(int32_t *xs, size_t len) {
    return len / 2;
}

// Helper function to find the median of an array
int32_t median(int32_t *xs, size_t len) {
    if (len == 0) {
        return 0;
    }

    // Sort the array
    qsort(xs, len, sizeof(int32_t), cmpInt32);

    // Find the median
    int32_t middleIndex = findMiddleIndex(xs, len);
    if (len % 2 == 0) {
        // If even number of elements, return the average of the two middle elements
        return (xs[middleIndex - 1] + xs[middleIndex]) / 2;
    } else {
        // If odd number of elements, return the middle element
        return xs[middleIndex];
    }
}

// Helper function to compare two integers
int cmpInt32(const void *a, const void *b) {
    return (*(int32_t *)a - *(int32_t *)b);
}

// Example usage
int main() {
    int32_t xs[] = {3, 1, 2};
    size_t len = sizeof(xs) / sizeof(xs[0]);
    printf("Median of [3, 1, 2]: %d\n", median(xs, len)); // Output: Median of [3, 1, 2]: 2

    int32_t ys[] = {4, 1, 2, 3};
    len = sizeof(ys) / sizeof(ys[0]);
    printf("Median of [4, 1, 2, 3]: %d\n", median(ys, len)); // Output: Median of [4, 1, 2, 3]: 2

    int32_t zs[] = {};
    len = sizeof(zs) / sizeof(zs[0]);
    printf("Median of []: %d\n", median(zs, len)); // Output: Median of []: 0

    return 0;
}
