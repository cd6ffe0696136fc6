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
  uint8_t is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  uint8_t days = is_leap ? 29 : 28;
  if (month == 1u) days = 31;
  if (month == 3u) days = 31;
  if (month == 5u) days = 31;
  if (month == 7u) days = 31;
  if (month == 8u) days = 31;
  if (month == 10u) days = 31;
  if (month == 12u) days = 31;
  return (uint8_option){.is_some = true, .value = days};
}
