#pragma once

typedef struct interval {
  int32_t start;
  int32_t end;
} interval;

void sort_by_start(interval *xs, size_t len); // already written: sorts xs by start

size_t merge_intervals(interval *xs, size_t len, interval *out);
