int32_t median(int32_t *xs, size_t len) {
    if (len == 0) return 0;
    if (len == 1) return xs[0];
    qsort(xs, len, sizeof(int32_t), cmp);

    if (len % 2 == 1)
        return xs[len / 2];
    else
        return (xs[len / 2 - 1] + xs[len / 2]) / 2;
}

static int cmp(const void *a, const void *b) {
    return (*(int32_t*)a - *(int32_t*)b);
}
