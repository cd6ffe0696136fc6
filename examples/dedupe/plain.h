#pragma once

size_t dedupe(const int32_t *xs, size_t len, int32_t *out);
