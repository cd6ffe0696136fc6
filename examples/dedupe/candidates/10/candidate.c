#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h> // only malloc, calloc, realloc, free, qsort, abort
#include <string.h> // only memcpy, memmove, memset, memcmp, strlen

// Function to dedupe array, keeping first occurrence of each number
size_t dedupe(const int32_t *xs, size_t len, int32_t *out) {
    size_t i = 0; // Index for output array
    for (size_t j = 0; j < len; j++) {
        // If current number is not equal to the last added number, add it to output array
        if (i == 0 || xs[j] != out[i - 1]) {
            out[i] = xs[j]; // Assign current number to next position in output array
            i++; // Move to the next position in output array
        }
    }
    return i; // Return the size of the output array
}

// Example usage
int main() {
    int32_t nums[] = {3, 1, 3, 2, 2, 5, 2};
    size_t len = sizeof(nums) / sizeof(nums[0]);
    int32_t deduped[len];

    size_t num_deduped = dedupe(nums, len, deduped);

    for (size_t i = 0; i < num_deduped; i++) {
        printf("%d ", deduped[i]);
    }
    printf("\n");

    return 0;
}
