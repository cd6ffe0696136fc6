#pragma once

size_t trim(const char *text, size_t len, char *out);
