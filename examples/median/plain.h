#pragma once

void sort(int32_t *xs, size_t len); // already written: sorts xs, the least first

int32_t median(int32_t *xs, size_t len);
