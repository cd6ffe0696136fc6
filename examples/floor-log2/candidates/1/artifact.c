uint8_option floor_log2(uint32_t n) {
  if (n == 0) {
    return (uint8_option){.is_some = false, .value = 0};
  }
  uint8_t result = 0;
  while (n > 1) {
    n >>= 1;
    result++;
  }
  return (uint8_option){.is_some = true, .value = result};
}
