/* SPDX-License-Identifier: MIT */
/*
 * Formatted text; the grammar is in fmt.h.
 *
 * Literal runs go to the sink in one piece. A conversion is parsed into a
 * struct spec, its digits are made backwards in a small buffer, and one
 * function puts sign or prefix, zeros, digits and blanks together.
 */
#include <lib/fmt.h>
#include <lib/string.h>

/* 64 bits in octal with the 0 of %#o, the longest representation. */
#define DIGITS_MAX 23

enum length { LEN_INT, LEN_CHAR, LEN_SHORT, LEN_LONG };

struct spec {
	bool left;      /* - */
	bool plus;      /* + */
	bool blank;     /* space */
	bool zero;      /* 0 */
	bool alternate; /* # */
	bool is_upper;
	int width;
	int precision;  /* -1: none given */
	enum length length;
};

struct out {
	struct fmt_sink *sink;
	size_t count;
};

static void
out_text(struct out *o, const char *text, size_t len)
{
	if (len == 0)
		return;
	o->sink->write(o->sink, text, len);
	o->count += len;
}

static void
out_repeat(struct out *o, char c, size_t count)
{
	char run[16];

	memset(run, c, sizeof(run));
	for (; count > sizeof(run); count -= sizeof(run))
		out_text(o, run, sizeof(run));
	out_text(o, run, count);
}

/* text between blanks as the width wants them. */
static void
out_padded(struct out *o, const struct spec *s, const char *text, size_t len)
{
	size_t width = (size_t)s->width;
	size_t pad = width > len ? width - len : 0;

	if (!s->left)
		out_repeat(o, ' ', pad);
	out_text(o, text, len);
	if (s->left)
		out_repeat(o, ' ', pad);
}

static void
out_number(struct out *o, const struct spec *s, const char *prefix,
    const char *digits, size_t len)
{
	size_t prefix_len = strlen(prefix);
	size_t width = (size_t)s->width;
	size_t zeros = 0;
	size_t pad;

	if (s->precision >= 0)
		zeros = (size_t)s->precision > len ?
		    (size_t)s->precision - len : 0;
	else if (s->zero && !s->left && width > prefix_len + len)
		zeros = width - prefix_len - len;
	pad = prefix_len + zeros + len;
	pad = width > pad ? width - pad : 0;

	if (!s->left)
		out_repeat(o, ' ', pad);
	out_text(o, prefix, prefix_len);
	out_repeat(o, '0', zeros);
	out_text(o, digits, len);
	if (s->left)
		out_repeat(o, ' ', pad);
}

/* Writes backwards to end; returns the first digit. 0 has no digits. */
static char *
digits_of(char *end, uint64_t value, unsigned base, bool is_upper)
{
	const char *set = is_upper ? "0123456789ABCDEF" : "0123456789abcdef";

	for (; value != 0; value /= base)
		*--end = set[value % base];
	return end;
}

static void
out_unsigned(struct out *o, struct spec *s, uint64_t value, unsigned base,
    const char *sign)
{
	char buf[DIGITS_MAX];
	char *end = buf + sizeof(buf);
	char *digits = digits_of(end, value, base, s->is_upper);

	/* A precision of 0 makes nothing of a zero: C23, 7.23.6.1. */
	if (value == 0 && s->precision != 0)
		*--digits = '0';
	if (s->alternate && base == 16 && value != 0)
		sign = s->is_upper ? "0X" : "0x";
	if (s->alternate && base == 8 && (digits == end || *digits != '0'))
		*--digits = '0';
	out_number(o, s, sign, digits, (size_t)(end - digits));
}

static void
out_signed(struct out *o, struct spec *s, int64_t value)
{
	const char *sign = s->plus ? "+" : s->blank ? " " : "";
	uint64_t magnitude = (uint64_t)value;

	if (value < 0) {
		magnitude = 0 - magnitude;
		sign = "-";
	}
	out_unsigned(o, s, magnitude, 10, sign);
}

static void
out_string(struct out *o, const struct spec *s, const char *text)
{
	if (text == NULL)
		text = "(null)";
	out_padded(o, s, text,
	    s->precision < 0 ? strlen(text) :
	    strnlen(text, (size_t)s->precision));
}

static bool
parse_flag(struct spec *s, char c)
{
	switch (c) {
	case '-':
		s->left = true;
		return true;
	case '+':
		s->plus = true;
		return true;
	case ' ':
		s->blank = true;
		return true;
	case '0':
		s->zero = true;
		return true;
	case '#':
		s->alternate = true;
		return true;
	default:
		return false;
	}
}

/* Digits at *f; a number beyond INT_MAX stays near it. */
static int
parse_number(const char **f)
{
	int n = 0;

	for (; **f >= '0' && **f <= '9'; (*f)++) {
		if (n < 100000000)
			n = n * 10 + (**f - '0');
	}
	return n;
}

static const char *
parse_length(struct spec *s, const char *f)
{
	switch (*f) {
	case 'h':
		s->length = f[1] == 'h' ? LEN_CHAR : LEN_SHORT;
		return f[1] == 'h' ? f + 2 : f + 1;
	case 'l':
		s->length = LEN_LONG;
		return f[1] == 'l' ? f + 2 : f + 1;
	case 'z':
	case 'j':
	case 't':
		s->length = LEN_LONG;
		return f + 1;
	default:
		return f;
	}
}

/* Everything between '%' and the conversion's letter. */
static const char *
parse_spec(struct spec *s, const char *f, va_list *args)
{
	while (parse_flag(s, *f))
		f++;
	if (*f == '*') {
		s->width = va_arg(*args, int);
		if (s->width < 0) {
			s->left = true;
			s->width = s->width == INT32_MIN ? 0 : -s->width;
		}
		f++;
	} else {
		s->width = parse_number(&f);
	}
	if (*f == '.') {
		f++;
		if (*f == '*') {
			s->precision = va_arg(*args, int);
			f++;
		} else {
			s->precision = parse_number(&f);
		}
	}
	return parse_length(s, f);
}

_Static_assert(sizeof(long) == 8 && sizeof(long long) == 8 &&
    sizeof(size_t) == 8, "LEN_LONG stands for all of them");

static int64_t
signed_arg(const struct spec *s, va_list *args)
{
	int value;

	if (s->length == LEN_LONG)
		return va_arg(*args, long);
	value = va_arg(*args, int);
	if (s->length == LEN_CHAR)
		return (signed char)value;
	return s->length == LEN_SHORT ? (short)value : value;
}

static uint64_t
unsigned_arg(const struct spec *s, va_list *args)
{
	unsigned value;

	if (s->length == LEN_LONG)
		return va_arg(*args, unsigned long);
	value = va_arg(*args, unsigned);
	if (s->length == LEN_CHAR)
		return (unsigned char)value;
	return s->length == LEN_SHORT ? (unsigned short)value : value;
}

/* False if c is no conversion. */
static bool
out_conversion(struct out *o, struct spec *s, char c, va_list *args)
{
	char one;

	switch (c) {
	case 'd':
	case 'i':
		out_signed(o, s, signed_arg(s, args));
		return true;
	case 'u':
		out_unsigned(o, s, unsigned_arg(s, args), 10, "");
		return true;
	case 'o':
		out_unsigned(o, s, unsigned_arg(s, args), 8, "");
		return true;
	case 'X':
		s->is_upper = true;
		[[fallthrough]];
	case 'x':
		out_unsigned(o, s, unsigned_arg(s, args), 16, "");
		return true;
	case 'p':
		out_unsigned(
		    o, s, (uintptr_t)va_arg(*args, const void *), 16, "0x");
		return true;
	case 'c':
		one = (char)va_arg(*args, int);
		out_padded(o, s, &one, 1);
		return true;
	case 's':
		out_string(o, s, va_arg(*args, const char *));
		return true;
	case '%':
		out_text(o, "%", 1);
		return true;
	default:
		return false;
	}
}

size_t
fmt_vformat(struct fmt_sink *sink, const char *format, va_list args)
{
	struct out o = { .sink = sink };
	const char *literal = format;
	const char *f = format;
	va_list rest;

	va_copy(rest, args);
	while (*f != '\0') {
		struct spec s = { .precision = -1 };

		if (*f != '%') {
			f++;
			continue;
		}
		out_text(&o, literal, (size_t)(f - literal));
		literal = f;
		f = parse_spec(&s, f + 1, &rest);
		if (*f != '\0' && out_conversion(&o, &s, *f, &rest))
			literal = ++f;
	}
	out_text(&o, literal, (size_t)(f - literal));
	va_end(rest);
	return o.count;
}

size_t
fmt_format(struct fmt_sink *sink, const char *format, ...)
{
	va_list args;
	size_t count;

	va_start(args, format);
	count = fmt_vformat(sink, format, args);
	va_end(args);
	return count;
}
