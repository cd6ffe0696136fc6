void exports_dedupe(dedupe_list_s32_t *xs, dedupe_list_s32_t *ret) {
  // Check if the input list is NULL or empty
  if (xs == NULL || xs->len == 0) {
    // Create a new, empty output list
    ret->len = 0;
    ret->ptr = NULL;
    return;
  }

  // Create a sorted copy of the input list
  size_t sorted_len = xs->len;
  int32_t *sorted_list = (int32_t *)malloc(sorted_len * sizeof(int32_t));
  memcpy(sorted_list, xs->ptr, sorted_len * sizeof(int32_t));
  qsort(sorted_list, sorted_len, sizeof(int32_t), cmp_int32_t);

  // Remove duplicates in the sorted list
  int32_t last_value = sorted_list[0];
  size_t dedup_len = 1;
  for (size_t i = 1; i < sorted_len; i++) {
    if (sorted_list[i] != last_value) {
      last_value = sorted_list[i];
      dedup_len++;
    }
  }

  // Allocate the output list and copy the deduplicated items
  ret->len = dedup_len;
  ret->ptr = (int32_t *)malloc(dedup_len * sizeof(int32_t));
  memcpy(ret->ptr, sorted_list, dedup_len * sizeof(int32_t));

  // Free the sorted list
  free(sorted_list);
}
