#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h> // only malloc, calloc, realloc, free, qsort, abort
#include <string.h> // only memcpy, memmove, memset, memcmp, strlen

size_t dedupe(const int32_t *xs, size_t len, int32_t *out) {
    if (len == 0) {
        return 0;
    }

    // Allocate memory for the deduplicated list
    int32_t *dedupList = (int32_t *)malloc(len * sizeof(int32_t));
    if (dedupList == NULL) {
        abort(); // Handle memory allocation error
    }

    // Initialize the index for the deduplicated list
    size_t dedupIndex = 0;

    // Iterate through the input array
    for (size_t i = 0; i < len; i++) {
        // Check if the current element is not a duplicate
        if (dedupIndex == 0 || xs[i] != dedupList[dedupIndex - 1]) {
            dedupList[dedupIndex++] = xs[i];
        }
    }

    // Copy the deduplicated list back to the output array
    memcpy(out, dedupList, dedupIndex * sizeof(int32_t));

    // Free the allocated memory
    free(dedupList);

    return dedupIndex;
}

// Example usage
int main() {
    int32_t xs[] = {3, 1, 3};
    size_t len = sizeof(xs) / sizeof(xs[0]);
    int32_t out[len];
    size_t result = dedupe(xs, len, out);

    for (size_t i = 0; i < result; i++) {
        printf("%d ", out[i]);
    }
    printf("\n");

    return 0;
}
