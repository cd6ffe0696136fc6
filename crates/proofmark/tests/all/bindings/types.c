// Every kind of type, in and out: functions that pass a value on, then some that take it apart or make it. The
// declarations are the generated ones.

tuple scalars(bool a, int8_t b, uint8_t c, int16_t d, uint16_t e, int32_t f, uint32_t g, int64_t h, uint64_t i, uint32_t l) {
  return (tuple){a, b, c, d, e, f, g, h, i, l};
}

float_double_tuple floats(float a, double b) { return (float_double_tuple){a, b}; }
int64_t sum(int8_t a, uint16_t b, int64_t c) { return a + b + c; }
string text(const char *s, size_t s_len) { return (string){(char *)s, s_len}; }
uint8_list bytes(const char *s, size_t s_len) { return (uint8_list){(uint8_t *)s, s_len}; }
int64_list numbers(int64_t *xs, size_t xs_len) { return (int64_list){xs, xs_len}; }
bool_list bools(bool *xs, size_t xs_len) { return (bool_list){xs, xs_len}; }
char_list chars(uint32_t *xs, size_t xs_len) { return (char_list){xs, xs_len}; }
string_list texts(string *xs, size_t xs_len) { return (string_list){xs, xs_len}; }
uint16_list_list_list deep(uint16_list_list *xs, size_t xs_len) { return (uint16_list_list_list){xs, xs_len}; }
point_list points(point *xs, size_t xs_len) { return (point_list){xs, xs_len}; }
uint16_option_list options(uint16_option *xs, size_t xs_len) { return (uint16_option_list){xs, xs_len}; }

shape_list shapes(shape *xs, size_t xs_len) {
  shape *copy = malloc(xs_len * sizeof *copy);
  memcpy(copy, xs, xs_len * sizeof *copy);
  return (shape_list){copy, xs_len};
}

char_bool_uint64_tuple_list pairs(char_bool_uint64_tuple *xs, size_t xs_len) {
  char_bool_uint64_tuple_list result = {malloc(xs_len * sizeof *xs), xs_len};
  for (size_t i = 0; i < xs_len; i++) {
    result.items[i].f0 = xs[i].f0;
    result.items[i].f1 = xs[i].f1;
    result.items[i].f2 = xs[i].f2;
  }
  return result;
}

color_style_nine_many_bits_tuple colors(color c, style s, nine n, many_bits b) {
  return (color_style_nine_many_bits_tuple){c, s, n, b};
}

one only(one o) { return o; }
outer nest(outer o) { return o; }
shape same_shape(shape s) { return s; }
uint8_option_option maybe(uint8_option_option o) { return o; }
string_option maybe_text(string_option o) { return o; }
float_int64_result join(float_int64_result r) { return r; }
float_int32_result join_small(float_int32_result r) { return r; }
outer_string_result either(outer_string_result r) { return r; }
void_void_result worked(void_void_result r) { return r; }
void_uint64_result failed(void_uint64_result r) { return r; }

static int64_t letters(string text) {
  int64_t sum = 0;
  for (size_t i = 0; i < text.len; i++) sum += (unsigned char)text.items[i];
  return sum;
}

static int64_t digits(color_list list) {
  int64_t number = 0;
  for (size_t i = 0; i < list.len; i++) number = number * 10 + list.items[i];
  return number;
}

int64_t code(shape s) {
  int64_t base = s.tag * 1000;
  switch (s.tag) {
    case SHAPE_DOT: return base + (int)s.value.dot.x + s.value.dot.y + s.value.dot.mark;
    case SHAPE_TEXT: return base + letters(s.value.text);
    case SHAPE_REAL: return base + (int)s.value.real;
    case SHAPE_COLORS: return base + digits(s.value.colors);
    case SHAPE_PAIR: return base + s.value.pair.f0 + s.value.pair.f1;
    case SHAPE_SMALL: return base + (int)(s.value.small * 2);
    case SHAPE_INT: return base + s.value.int_;
    default: return base;
  }
}

static string written(int64_t number) {
  char *text = malloc(21), *at = text + 21;
  uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
  do *--at = '0' + rest % 10; while (rest /= 10);
  if (number < 0) *--at = '-';
  return (string){at, (size_t)(text + 21 - at)};
}

static string joined(string left, char between, string right) {
  string both = {malloc(left.len + right.len + 1), left.len + right.len + 1};
  memcpy(both.items, left.items, left.len);
  both.items[left.len] = between;
  memcpy(both.items + left.len + 1, right.items, right.len);
  return both;
}

shape make(uint8_t tag, int64_t n) {
  static color backwards[] = {COLOR_BLUE, COLOR_GREEN, COLOR_RED};
  shape s = {.tag = tag <= SHAPE_INT ? tag : SHAPE_EMPTY};
  size_t len = (uint64_t)n < 5 ? n : 5;
  switch (tag) {
    case SHAPE_DOT: s.value.dot = (point){n, n, 'M'}; break;
    case SHAPE_TEXT: s.value.text = (string){"five!", len}; break;
    case SHAPE_REAL: s.value.real = n / 2.0; break;
    case SHAPE_COLORS: s.value.colors = (color_list){backwards, len < 3 ? len + 1 : 3}; break;
    case SHAPE_PAIR: s.value.pair = (uint8_int64_tuple){200, n}; break;
    case SHAPE_SMALL: s.value.small = n / 2.0f; break;
    case SHAPE_INT: s.value.int_ = (uint32_t)n; break;
  }
  return s;
}

static int64_t added(point p) { return (int64_t)p.x + p.y + p.mark; }

int64_t total(outer o) {
  int64_t sum = added(o.at) + letters(o.name) + o.double_.only;
  if (o.next.is_some) sum += added(o.next.value);
  for (size_t i = 0; i < o.rows.len; i++) {
    for (size_t j = 0; j < o.rows.items[i].len; j++) sum += o.rows.items[i].items[j];
  }
  return sum;
}

outer build(uint8_t n) {
  outer o = {.at = {0.5f, n, 0xe9}, .name = {"abcdefgh", n < 8 ? n : 8}, .double_ = {n}};
  o.next.is_some = n % 2 == 1;
  o.next.value = (point){1.5f, -n, 'z'};
  o.rows.len = n;
  o.rows.items = malloc(n * sizeof *o.rows.items);
  for (size_t i = 0; i < n; i++) {
    o.rows.items[i] = (uint16_list){malloc((i + 1) * 2), i + 1};
    for (size_t j = 0; j <= i; j++) o.rows.items[i].items[j] = j;
  }
  return o;
}

string twenty(uint8_t a, int64_t b, const char *c, size_t c_len, uint16_t *d, size_t d_len, bool e, double f, point g,
              uint32_option h, shape i, color j, style k, uint32_t l) {
  int64_t sum = 0;
  for (size_t nth = 0; nth < d_len; nth++) sum += d[nth];
  string text = joined(written(a), ' ', written(b));
  text = joined(text, ' ', (string){(char *)c, c_len});
  int64_t rest[] = {sum, e, (int64_t)(f * 2), (int64_t)(g.x * 2), g.y, g.mark, h.value, i.tag, i.value.pair.f1, j, k, l};
  for (size_t nth = 0; nth < sizeof rest / sizeof *rest; nth++) text = joined(text, ' ', written(rest[nth]));
  return text;
}

bool is_leap(uint32_t year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }
void nothing(void) {}

// What models put beside a function: nothing calls it, so that it is not linked.
#include <stdio.h>
int main() {
  printf("%d\n", is_leap(2000));
  return unknown();
}
