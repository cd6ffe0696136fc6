// What artifacts in C have instead of a C library: a bump allocator over linear memory, and the few functions of
// <string.h> and <stdlib.h> that prompts offer. It imports nothing. The candidates in examples/ are linked with it too.
// Compile with -fno-builtin, or the loops below become calls to themselves.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define PAGE 65536u
#define ALIGN 16u

extern unsigned char __heap_base;
static uintptr_t top;

_Noreturn void abort(void) { __builtin_trap(); }

int abs(int n) { return n < 0 ? (int)(0u - (unsigned)n) : n; }

// A block is preceded by ALIGN bytes that hold its size.
void *malloc(size_t size) {
  if (top == 0) top = ((uintptr_t)&__heap_base + ALIGN - 1) & ~(uintptr_t)(ALIGN - 1);
  if (size > (size_t)0x7fffffff) return NULL;
  uint64_t end = ((uint64_t)top + ALIGN + size + ALIGN - 1) & ~(uint64_t)(ALIGN - 1);
  uint64_t have = (uint64_t)__builtin_wasm_memory_size(0) * PAGE;
  if (end > have) {
    uint64_t pages = (end - have + PAGE - 1) / PAGE;
    if (pages > PAGE || __builtin_wasm_memory_grow(0, (size_t)pages) == (size_t)-1) return NULL;
  }
  *(size_t *)top = size;
  void *block = (void *)(top + ALIGN);
  top = (uintptr_t)end;
  return block;
}

void *calloc(size_t count, size_t size) {
  if (size != 0 && count > (size_t)-1 / size) return NULL;
  void *block = malloc(count * size);
  if (block != NULL) memset(block, 0, count * size);
  return block;
}

// Nothing is given back: an instance serves one call.
void free(void *block) { (void)block; }

void *realloc(void *old, size_t size) {
  void *block = malloc(size);
  if (old == NULL || block == NULL) return block;
  size_t before = *(size_t *)((uintptr_t)old - ALIGN);
  memcpy(block, old, before < size ? before : size);
  return block;
}

void *memcpy(void *restrict to, const void *restrict from, size_t size) {
  unsigned char *target = to;
  const unsigned char *source = from;
  while (size-- != 0) *target++ = *source++;
  return to;
}

void *memmove(void *to, const void *from, size_t size) {
  unsigned char *target = to;
  const unsigned char *source = from;
  if (target <= source) return memcpy(to, from, size);
  while (size-- != 0) target[size] = source[size];
  return to;
}

void *memset(void *to, int byte, size_t size) {
  unsigned char *target = to;
  while (size-- != 0) *target++ = (unsigned char)byte;
  return to;
}

int memcmp(const void *left, const void *right, size_t size) {
  const unsigned char *a = left, *b = right;
  for (; size != 0; size--, a++, b++) {
    if (*a != *b) return *a < *b ? -1 : 1;
  }
  return 0;
}

size_t strlen(const char *text) {
  const char *end = text;
  while (*end != '\0') end++;
  return (size_t)(end - text);
}

static void swap(unsigned char *a, unsigned char *b, size_t size) {
  while (size-- != 0) {
    unsigned char byte = *a;
    *a++ = *b;
    *b++ = byte;
  }
}

// Heapsort: no recursion, no worst case, works in place.
void qsort(void *base, size_t count, size_t size, int (*compare)(const void *, const void *)) {
  unsigned char *items = base;
  size_t start = count / 2, end = count;
  while (end > 1) {
    if (start > 0) {
      start--;
    } else {
      end--;
      swap(items, items + end * size, size);
    }
    size_t root = start;
    for (size_t child = 2 * root + 1; child < end; child = 2 * root + 1) {
      if (child + 1 < end && compare(items + child * size, items + (child + 1) * size) < 0) child++;
      if (compare(items + root * size, items + child * size) >= 0) break;
      swap(items + root * size, items + child * size, size);
      root = child;
    }
  }
}
