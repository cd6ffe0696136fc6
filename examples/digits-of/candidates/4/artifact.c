uint8_list digits_of(uint64_t n) {
  uint8_list result;
  result.items = malloc(1);
  result.items[0] = n;
  result.len = 1;
  return result;
}
