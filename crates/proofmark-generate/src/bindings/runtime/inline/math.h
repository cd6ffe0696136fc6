// The part of <math.h> for which WebAssembly has instructions, and what follows from it.
#ifndef PROOFMARK_MATH_H
#define PROOFMARK_MATH_H
#define INFINITY __builtin_inff()
#define NAN __builtin_nanf("")
#define HUGE_VAL __builtin_huge_val()
#define M_PI 3.14159265358979323846
#define M_E 2.7182818284590452354
#define isnan(x) __builtin_isnan(x)
#define isinf(x) __builtin_isinf(x)
#define isfinite(x) __builtin_isfinite(x)
#define signbit(x) __builtin_signbit(x)
static inline double sqrt(double x) { return __builtin_sqrt(x); }
static inline double fabs(double x) { return __builtin_fabs(x); }
static inline double floor(double x) { return __builtin_floor(x); }
static inline double ceil(double x) { return __builtin_ceil(x); }
static inline double trunc(double x) { return __builtin_trunc(x); }
static inline double rint(double x) { return __builtin_rint(x); }
static inline double nearbyint(double x) { return __builtin_nearbyint(x); }
static inline double copysign(double x, double y) { return __builtin_copysign(x, y); }
// A NaN loses against a number (C11, F.10.9), unlike in WebAssembly.
static inline double fmin(double x, double y) { return isnan(x) || y < x ? y : x; }
static inline double fmax(double x, double y) { return isnan(x) || y > x ? y : x; }
// Halfway cases away from zero.
static inline double round(double x) {
  double whole = trunc(x);
  return fabs(x - whole) < 0.5 ? whole : whole + copysign(1.0, x);
}
static inline float sqrtf(float x) { return __builtin_sqrtf(x); }
static inline float fabsf(float x) { return __builtin_fabsf(x); }
static inline float floorf(float x) { return __builtin_floorf(x); }
static inline float ceilf(float x) { return __builtin_ceilf(x); }
static inline float truncf(float x) { return __builtin_truncf(x); }
static inline float copysignf(float x, float y) { return __builtin_copysignf(x, y); }
static inline float fminf(float x, float y) { return isnan(x) || y < x ? y : x; }
static inline float fmaxf(float x, float y) { return isnan(x) || y > x ? y : x; }
static inline float roundf(float x) {
  float whole = truncf(x);
  return fabsf(x - whole) < 0.5f ? whole : whole + copysignf(1.0f, x);
}
#endif
