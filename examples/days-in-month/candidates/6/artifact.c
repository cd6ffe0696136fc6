#include <stdbool.h>
#include <stdint.h>

typedef struct uint8_option {
  bool is_some;
  uint8_t value;
} uint8_option;

uint8_option days_in_month(uint16_t year, uint8_t month) {
  uint8_t days[2] = {28, 29};
  bool leap_year = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

  if (month == 2) {
    return leap_year ? days[1] : days[0];
  }

  if (month == 4 || month == 6 || month == 9 || month == 11) {
    return days[1];
  }

  return days[0];
}
