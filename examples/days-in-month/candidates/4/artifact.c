uint8_option days_in_month(uint16_t year, uint8_t month) {
  if (month == 2u) {
    return (year % 4 == 0 && year % 100 != 0) || (year % 400 == 0) ? {true, 29u} : {true, 28u};
  }
  return {false, 0u};
}
