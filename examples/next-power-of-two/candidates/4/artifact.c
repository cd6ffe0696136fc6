uint32_option next_power_of_two(uint32_t n) {
  if (n == 0) return {true, 1};
  if (n == 1) return {true, 1};
  if (n > 2147483648u) return {false, 0};
  uint32_t p = 1;
  while (p < n) p *= 2;
  return {true, p};
}
