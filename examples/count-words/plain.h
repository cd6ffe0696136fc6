#pragma once

uint32_t count_words(const char *text, size_t len);
