// Reads inputs as 32-bit numbers from stdin and calls the candidate on each, in blocks of exactly their size, so that
// AddressSanitizer sees an access past an end. The number of the input being worked on is kept in the file `progress`.
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int32_t next(void) {
  int32_t word;
  if (fread(&word, sizeof word, 1, stdin) != 1) exit(0);
  return word;
}

static void touch(const void *block, size_t size) {
  static volatile unsigned char sink;
  for (size_t i = 0; i < size; i++) sink ^= ((const unsigned char *)block)[i];
}

#if defined(EXAMPLE_count_words) || defined(EXAMPLE_trim)
static uint8_t *text(size_t *length) {
  *length = (size_t)next();
  uint8_t *bytes = malloc(*length);
  for (size_t i = 0; i < *length; i++) bytes[i] = (uint8_t)next();
  return bytes;
}
#else
static void *words(size_t each, size_t *length) {
  *length = (size_t)next();
  int32_t *items = malloc(*length * each * sizeof *items);
  for (size_t i = 0; i < *length * each; i++) items[i] = next();
  return items;
}
#endif

static void one(void) {
  size_t length;
#if defined(EXAMPLE_count_words)
  uint8_t *bytes = text(&length);
  count_words_string_t given = {bytes, length};
  exports_count_words_count_words(&given);
#elif defined(EXAMPLE_trim)
  uint8_t *bytes = text(&length);
  trim_string_t given = {bytes, length}, result = {0};
  exports_trim_trim(&given, &result);
  touch(result.ptr, result.len);
#elif defined(EXAMPLE_dedupe)
  int32_t *items = words(1, &length);
  dedupe_list_s32_t given = {items, length}, result = {0};
  exports_dedupe_dedupe(&given, &result);
  touch(result.ptr, result.len * sizeof *result.ptr);
#elif defined(EXAMPLE_max_gap)
  int32_t *items = words(1, &length);
  max_gap_list_s32_t given = {items, length};
  exports_max_gap_max_gap(&given);
#elif defined(EXAMPLE_median)
  int32_t *items = words(1, &length);
  median_list_s32_t given = {items, length};
  exports_median_median(&given);
#elif defined(EXAMPLE_merge_intervals)
  merge_intervals_interval_t *items = words(2, &length);
  merge_intervals_list_interval_t given = {items, length}, result = {0};
  exports_merge_intervals_merge_intervals(&given, &result);
  touch(result.ptr, result.len * sizeof *result.ptr);
#elif defined(EXAMPLE_intersect)
  intersect_rect_t *both[2], result;
  for (int i = 0; i < 2; i++) {
    both[i] = malloc(sizeof *both[i]);
    *both[i] = (intersect_rect_t){next(), 0, 0, 0};
    both[i]->top = next();
    both[i]->right = next();
    both[i]->bottom = next();
  }
  exports_intersect_intersect(both[0], both[1], &result);
#endif
}

int main(void) {
  int file = open("progress", O_RDWR | O_CREAT | O_TRUNC, 0600);
  if (file < 0 || ftruncate(file, sizeof(uint32_t)) != 0) return 2;
  uint32_t *progress = mmap(NULL, sizeof *progress, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (progress == MAP_FAILED) return 2;
  for (;; ++*progress) one();
}
