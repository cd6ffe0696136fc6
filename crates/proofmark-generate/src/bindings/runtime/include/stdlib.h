// The part of <stdlib.h> that runtime.c has.
#ifndef PROOFMARK_STDLIB_H
#define PROOFMARK_STDLIB_H
#include <stddef.h>
void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *old, size_t size);
void free(void *block);
void qsort(void *base, size_t count, size_t size, int (*compare)(const void *, const void *));
int abs(int n);
_Noreturn void abort(void);
#endif
