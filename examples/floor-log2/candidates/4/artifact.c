uint8_option floor_log2(uint32_t n) {
  if (n == 0) {
    return (uint8_option) {.is_some = false, .value = 0};
  }
  uint8_option result = (uint8_option) {.is_some = true, .value = 0};
  while (n > 1) {
    result.value++;
    n >>= 1;
  }
  return result;
}
