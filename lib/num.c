/* SPDX-License-Identifier: MIT */
/* Numbers from text; see num.h. */
#include <lib/num.h>

/* The value of a digit in bases up to 36; 36 if c is none. */
static unsigned
digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if (c >= 'a' && c <= 'z')
		return (unsigned)(c - 'a') + 10;
	if (c >= 'A' && c <= 'Z')
		return (unsigned)(c - 'A') + 10;
	return 36;
}

/* The base that a 0x, 0o or 0b prefix names; 10 and no prefix otherwise. */
static unsigned
prefix_base(const char *s, size_t len)
{
	if (len < 3 || s[0] != '0')
		return 10;
	switch (s[1] | 0x20) {
	case 'x':
		return 16;
	case 'o':
		return 8;
	case 'b':
		return 2;
	default:
		return 10;
	}
}

bool
num_parse_u64(const char *s, size_t len, unsigned base, uint64_t *out)
{
	uint64_t value = 0;

	if (base == 0) {
		base = prefix_base(s, len);
		if (base != 10) {
			s += 2;
			len -= 2;
		}
	}
	if (len == 0)
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned digit = digit_value(s[i]);

		if (digit >= base ||
		    __builtin_mul_overflow(value, base, &value) ||
		    __builtin_add_overflow(value, digit, &value))
			return false;
	}
	*out = value;
	return true;
}

bool
num_parse_i64(const char *s, size_t len, unsigned base, int64_t *out)
{
	bool is_negative = len != 0 && s[0] == '-';
	size_t sign = is_negative || (len != 0 && s[0] == '+') ? 1 : 0;
	uint64_t limit = (uint64_t)INT64_MAX + is_negative;
	uint64_t value;

	if (!num_parse_u64(s + sign, len - sign, base, &value) ||
	    value > limit)
		return false;
	*out = (int64_t)(is_negative ? 0 - value : value);
	return true;
}

bool
num_parse_size(const char *s, size_t len, uint64_t *out)
{
	unsigned shift = 0;
	uint64_t value;

	if (len != 0) {
		switch (s[len - 1] | 0x20) {
		case 'k':
			shift = 10;
			break;
		case 'm':
			shift = 20;
			break;
		case 'g':
			shift = 30;
			break;
		case 't':
			shift = 40;
			break;
		default:
			break;
		}
	}
	if (shift != 0)
		len--;
	if (!num_parse_u64(s, len, 0, &value) || value > UINT64_MAX >> shift)
		return false;
	*out = value << shift;
	return true;
}
