#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

typedef struct uint8_option {
  bool is_some;
  uint8_t value;
} uint8_option;

uint8_option days_in_month(uint16_t year, uint8_t month) {
  if (year < 0 || month < 1 || month > 12) {
    return (uint8_option){false, 0};
  }
  if (month == 2) {
    return (uint8_option){true, year % 400 == 0 || (year % 100 == 0 && year % 4 != 0) ? 29 : 28};
  }
  return (uint8_option){true, 31};
}
