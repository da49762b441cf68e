/* SPDX-License-Identifier: MIT */
/* The string functions that C does not define; see string.h. */
#include <lib/string.h>

typedef uint64_t MAY_ALIAS word_t;

#define OPAQUE(p) __asm__("" : "+r"(p))

/* What one turn of the page loops handles: 32 words. */
#define TURN_BYTES 256

size_t
strlcpy(char *restrict to, const char *restrict s, size_t size)
{
	size_t len = strlen(s);

	if (size != 0) {
		size_t n = MIN(len, size - 1);

		memcpy(to, s, n);
		to[n] = '\0';
	}
	return len;
}

size_t
strlcat(char *restrict to, const char *restrict s, size_t size)
{
	size_t used = strnlen(to, size);

	return used + strlcpy(to + used, s, size - used);
}

bool
str_is(const char *p, size_t len, const char *s)
{
	return strnlen(s, len + 1) == len && memcmp(p, s, len) == 0;
}

static ALWAYS_INLINE void
zero_8_words(word_t *to)
{
	to[0] = 0;
	to[1] = 0;
	to[2] = 0;
	to[3] = 0;
	to[4] = 0;
	to[5] = 0;
	to[6] = 0;
	to[7] = 0;
}

static ALWAYS_INLINE void
copy_8_words(word_t *restrict to, const word_t *restrict from)
{
	word_t a = from[0], b = from[1], c = from[2], d = from[3];
	word_t e = from[4], f = from[5], g = from[6], h = from[7];

	to[0] = a;
	to[1] = b;
	to[2] = c;
	to[3] = d;
	to[4] = e;
	to[5] = f;
	to[6] = g;
	to[7] = h;
}

WEAK void
page_zero(void *page)
{
	word_t *to = page;
	word_t *end = (word_t *)page + STRING_PAGE_BYTES / sizeof(word_t);

	do {
		OPAQUE(to);
		zero_8_words(to);
		zero_8_words(to + 8);
		zero_8_words(to + 16);
		zero_8_words(to + 24);
		to += TURN_BYTES / sizeof(word_t);
	} while (to != end);
}

WEAK void
page_copy(void *restrict to, const void *restrict from)
{
	word_t *t = to;
	const word_t *f = from;
	const word_t *end = f + STRING_PAGE_BYTES / sizeof(word_t);

	do {
		OPAQUE(t);
		copy_8_words(t, f);
		copy_8_words(t + 8, f + 8);
		copy_8_words(t + 16, f + 16);
		copy_8_words(t + 24, f + 24);
		t += TURN_BYTES / sizeof(word_t);
		f += TURN_BYTES / sizeof(word_t);
	} while (f != end);
}

WEAK void
bulk_copy_long(void *restrict to, const void *restrict from, size_t n)
{
	memcpy(to, from, n);
}
