#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

typedef struct point {
  int32_t x;
  int32_t y;
} point;

uint64_t manhattan(point a, point b) {
  return abs(a.x - b.x) + abs(a.y - b.y);
}
