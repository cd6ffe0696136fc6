#pragma once

typedef struct rect {
  int32_t left;
  int32_t top;
  int32_t right;
  int32_t bottom;
} rect;

bool intersect(rect a, rect b, rect *out);
