uint32_option next_power_of_two(uint32_t n) {
  uint32_t value = 1;
  if (n == 0) {
    return (uint32_option){true, 1};
  }
  while (value < n) {
    value <<= 1;
  }
  return (uint32_option){true, value};
}
