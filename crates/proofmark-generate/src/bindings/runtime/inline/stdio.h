// Printing, declared and never defined: code that nothing calls may mention it, an export that reaches it does not link.
#ifndef PROOFMARK_STDIO_H
#define PROOFMARK_STDIO_H
#include <stddef.h>
typedef struct proofmark_file FILE;
extern FILE *stdin, *stdout, *stderr;
#define EOF (-1)
int printf(const char *format, ...);
int fprintf(FILE *file, const char *format, ...);
int sprintf(char *to, const char *format, ...);
int snprintf(char *to, size_t size, const char *format, ...);
int scanf(const char *format, ...);
int puts(const char *text);
int putchar(int character);
int getchar(void);
#endif
