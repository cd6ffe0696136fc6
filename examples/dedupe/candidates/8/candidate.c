#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

size_t dedupe(const int32_t *xs, size_t len, int32_t *out) {
    if (len == 0) {
        return 0;
    }

    size_t numUnique = 0;
    bool seen[len];

    // Initialize the seen array to false
    memset(seen, false, len * sizeof(bool));

    // Iterate through the input array
    for (size_t i = 0; i < len; i++) {
        if (!seen[i]) {
            out[numUnique++] = xs[i];
            seen[i] = true;
        }
    }

    return numUnique;
}

int main() {
    // Example usage
    int32_t xs[] = {3, 1, 3, 2, 2, 2, 5, 2};
    size_t len = sizeof(xs) / sizeof(xs[0]);
    int32_t out[len];

    size_t numUnique = dedupe(xs, len, out);
    for (size_t i = 0; i < numUnique; i++) {
        printf("%d ", out[i]);
    }
    printf("\n");

    return 0;
}
