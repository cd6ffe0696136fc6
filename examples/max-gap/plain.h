#pragma once

uint32_t max_gap(const int32_t *xs, size_t len);
