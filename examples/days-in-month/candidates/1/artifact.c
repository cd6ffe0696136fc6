uint8_option days_in_month(uint16_t year, uint8_t month)
{
    uint8_t days[13] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || (year % 400 == 0);
    if (month == 2) {
        days[1] = 29;
    }
    uint8_option result;
    result.is_some = (month > 1u && month <= 12u) && days[month] > 0;
    result.value = days[month];
    return result;
}
