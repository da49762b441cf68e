/* SPDX-License-Identifier: MIT */
/* UTF-8; see utf8.h. Source: RFC 3629, section 4. */
#include <lib/utf8.h>

/* The bytes that a first byte announces; 0 if it cannot be one. */
static unsigned
utf8_length(uint8_t first)
{
	if (first < 0x80)
		return 1;
	if (first < 0xc2) /* a continuation, or an overlong two */
		return 0;
	if (first < 0xe0)
		return 2;
	if (first < 0xf0)
		return 3;
	return first < 0xf5 ? 4 : 0;
}

/* Whether the second byte keeps overlong, surrogate and huge values out. */
static bool
utf8_second_is_right(uint8_t first, uint8_t second)
{
	switch (first) {
	case 0xe0:
		return second >= 0xa0;
	case 0xed:
		return second < 0xa0;
	case 0xf0:
		return second >= 0x90;
	case 0xf4:
		return second < 0x90;
	default:
		return true;
	}
}

int
utf8_decode(const char *s, size_t len, uint32_t *point)
{
	const uint8_t *b = (const uint8_t *)s;
	unsigned need;
	uint32_t value;

	if (len == 0)
		return -1;
	need = utf8_length(b[0]);
	if (need == 0)
		return 0;
	value = need == 1 ? b[0] : b[0] & (0x7fu >> need);
	for (unsigned i = 1; i < need; i++) {
		if (i == len)
			return -1;
		if ((b[i] & 0xc0) != 0x80 ||
		    (i == 1 && !utf8_second_is_right(b[0], b[1])))
			return 0;
		value = value << 6 | (b[i] & 0x3f);
	}
	*point = value;
	return (int)need;
}

size_t
utf8_encode(uint32_t point, char to[UTF8_MAX])
{
	if (point < 0x80) {
		to[0] = (char)point;
		return 1;
	}
	if (point < 0x800) {
		to[0] = (char)(0xc0 | point >> 6);
		to[1] = (char)(0x80 | (point & 0x3f));
		return 2;
	}
	if (point < 0x10000) {
		if (point >= 0xd800 && point < 0xe000)
			return 0;
		to[0] = (char)(0xe0 | point >> 12);
		to[1] = (char)(0x80 | (point >> 6 & 0x3f));
		to[2] = (char)(0x80 | (point & 0x3f));
		return 3;
	}
	if (point > 0x10ffff)
		return 0;
	to[0] = (char)(0xf0 | point >> 18);
	to[1] = (char)(0x80 | (point >> 12 & 0x3f));
	to[2] = (char)(0x80 | (point >> 6 & 0x3f));
	to[3] = (char)(0x80 | (point & 0x3f));
	return 4;
}
