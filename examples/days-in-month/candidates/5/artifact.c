#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h> // only malloc, calloc, realloc, free, qsort, abs, abort
#include <string.h> // only memcpy, memmove, memset, memcmp, strlen

typedef struct uint8_option {
  bool is_some;
  uint8_t value;
} uint8_option;

uint8_option days_in_month(uint16_t year, uint8_t month) {
  bool is_leap_year = ((year % 4 == 0) && (year % 100 != 0)) || (year % 400 == 0);
  uint8_t days_in February = is_leap_year ? 29 : 28;
  if (month == 2) {
    return days_in February;
  } else if (month % 2 == 0) {
    return {'some': 30};
  } else {
    return {'some': 31};
  }
}
