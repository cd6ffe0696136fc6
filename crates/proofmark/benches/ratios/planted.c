// Functions with planted bugs: each returns 0, and `bug` where its bug is. As WebAssembly they are artifacts; a native build
// with CALL is for another fuzzer. BUG is 1, or 0 where speed alone is measured and nothing shall be found.
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint32_t u32;

#ifndef BUG
#define BUG 1
#endif
// Volatile, so that the way to a bug that is none is not optimised away.
static volatile u32 bug = BUG;

// A number of 32 bits, and one of 64.
u32 magic(u32 n) { return n == 0xc0de1234u ? bug : 0; }

u32 wide(int64_t n) { return n == 0x7777000012345678 ? bug : 0; }

// Three comparisons, each of what was computed from the one before.
u32 checksums(u32 a, u32 b, u32 c) {
  if ((a ^ 0x5bd1e995u) != 0x12345678u) return 0;
  if (b * 31 + a != 0x0badcafeu) return 0;
  return c * 0x01000193u + b == 0x77777777u ? bug : 0;
}

// A string, compared byte by byte with one that is nowhere in the binary.
u32 sesame(const u8 *text, u32 length) {
  static const u8 stored[16] = {212, 213, 202, 211, 133, 216, 202, 216, 198, 210, 202, 133, 211, 212, 220, 134};
  if (length < 16) return 0;
  for (u32 nth = 0; nth < 16; nth++)
    if (text[nth] != (u8)(stored[nth] - 101)) return 0;
  return bug;
}

// A list of exactly so many.
u32 length(const u8 *bytes, u32 count) {
  (void)bytes;
  return count == 4096 ? bug : 0;
}

// A state that only eight steps in this order reach, from anywhere in the list.
u32 state(const u8 *steps, u32 count) {
  static const u8 wanted[8] = {17, 203, 5, 99, 250, 31, 77, 140};
  u32 reached = 0;
  for (u32 nth = 0; nth < count; nth++) {
    reached = steps[nth] == wanted[reached] ? reached + 1 : 0;
    if (reached == 8) return bug;
  }
  return 0;
}

// A frame: two magic bytes, the payload's length, the sum of its bytes, and a payload that begins with `!`.
u32 frame(const u8 *bytes, u32 count) {
  if (count < 8 || bytes[0] != 0x7f || bytes[1] != 'P' || bytes[2] != count - 4) return 0;
  u8 sum = 0;
  for (u32 nth = 4; nth < count; nth++) sum += bytes[nth];
  return sum == bytes[3] && bytes[4] == '!' ? bug : 0;
}

// A whole number that selects a way, and a fraction there.
u32 ways(u32 n, double x) {
  switch (n - 123456789u) {
    case 0: return x < 0 ? 0 : n == 1;
    case 3: return x == 5 ? n == 2 : 0;
    case 7: return x == 8675309.125 ? bug : 0;
    default: return 0;
  }
}

// Numbers that depend on each other.
u32 ledger(const u32 *entries, u32 count) {
  if (count != 6) return 0;
  if (entries[1] != entries[4] * 3 + 7) return 0;
  u32 sum = 0;
  for (u32 nth = 0; nth < count; nth++) sum += entries[nth];
  return sum == 0xfeedfaceu ? bug : 0;
}

// A command with a number in digits.
u32 command(const u8 *text, u32 length) {
  static const u8 word[4] = {'S', 'E', 'T', ' '};
  if (length < 5) return 0;
  for (u32 nth = 0; nth < 4; nth++)
    if (text[nth] != word[nth]) return 0;
  u32 number = 0;
  for (u32 nth = 4; nth < length; nth++) {
    if (text[nth] < '0' || text[nth] > '9') return 0;
    number = number * 10 + (text[nth] - '0');
  }
  return number == 77321 ? bug : 0;
}

#ifdef CALL
#include <string.h>

static u32 word(const u8 *data, size_t size, size_t at) {
  u32 word = 0;
  if (at + 4 <= size) memcpy(&word, data + at, 4);
  return word;
}

static uint64_t eight(const u8 *data, size_t size, size_t at) {
  return word(data, size, at) | (uint64_t)word(data, size, at + 4) << 32;
}

static double fraction(const u8 *data, size_t size, size_t at) {
  uint64_t bits = eight(data, size, at);
  double fraction;
  memcpy(&fraction, &bits, 8);
  return fraction;
}

// Numbers of a list, where they may stand.
static const u32 *words(const u8 *data, size_t size) {
  static u32 aligned[2048];
  memcpy(aligned, data, size < sizeof aligned ? size : sizeof aligned);
  return aligned;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size) {
  (void)word, (void)eight, (void)fraction, (void)words;
  if (CALL) __builtin_trap();
  return 0;
}
#else
extern u8 __heap_base;

// Gives out new memory and never takes any back.
void *cabi_realloc(void *old, size_t old_size, size_t align, size_t size) {
  static uintptr_t top;
  (void)old, (void)old_size;
  if (!top) top = (uintptr_t)&__heap_base;
  top = (top + align - 1) & ~(align - 1);
  uintptr_t at = top;
  top += size;
  uintptr_t pages = (top + 65535) / 65536, has = __builtin_wasm_memory_size(0);
  if (pages > has) __builtin_wasm_memory_grow(0, pages - has);
  return (void *)at;
}
#endif
