int32_list rotate_left(int32_t *xs, size_t xs_len, uint32_t n) {
    n = n % xs_len;
    if (n == 0) return xs;

    int32_t *new_xs = malloc(xs_len * sizeof(int32_t));
    if (new_xs == NULL) abort();

    for (size_t i = 0; i < n; i++) {
        new_xs[i] = xs[0];
        for (size_t j = 0; j < xs_len - 1; j++) {
            new_xs[j] = xs[j + 1];
        }
    }

    for (size_t i = 0; i < n; i++) {
        new_xs[xs_len - n + i] = xs[i];
    }

    free(xs);
    return new_xs;
}
