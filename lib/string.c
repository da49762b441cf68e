/* SPDX-License-Identifier: MIT */
/*
 * The memory and string functions that C defines.
 *
 * Written for a low number of instructions on a machine without vector
 * registers (kernel code may not use them) and without a promise that
 * misaligned loads are cheap or even allowed:
 *
 *  - Both addresses equal modulo 8: bytes up to the boundary, then 128
 *    bytes a turn as words, then words, then bytes.
 *  - Unequal: the target is aligned, the source is read as aligned words,
 *    and two neighbours are shifted together to one. Only words that hold
 *    at least one byte of the source are read, so no page is touched that
 *    the source is not on. The address sanitizer cannot know that, hence
 *    READS_WHOLE_WORDS.
 *
 * The forward copy is also memmove's for a target below its source, so it
 * loads every word before it stores over it; see move_forward().
 *
 * OPAQUE hides a pointer's history from the compiler, which would otherwise
 * recognize the loops and replace them by calls to the functions they are.
 *
 * A port may bring faster ones in assembly: these are weak.
 */
#define STRING_NO_INLINE
#include <lib/string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "string.c shifts words together as a little-endian machine needs it"
#endif

typedef uint64_t MAY_ALIAS word_t;

#define OPAQUE(p)         __asm__("" : "+r"(p))
#define READS_WHOLE_WORDS __attribute__((no_sanitize("address")))

#define WORD_BYTES  sizeof(word_t)
#define BLOCK_BYTES 128
#define SMALL_BYTES 16 /* below, aligning costs more than it saves */
#define ONES        UINT64_C(0x0101010101010101)
#define HIGH_BITS   UINT64_C(0x8080808080808080)

/* Not zero if some byte of w is zero; the lowest such byte is exact. */
#define ZERO_BYTES(w) (((w) - ONES) & ~(w) & HIGH_BITS)

static ALWAYS_INLINE bool
is_misaligned(const void *p)
{
	return ((uintptr_t)p & (WORD_BYTES - 1)) != 0;
}

/* Eight loads, then eight stores: right for a target below the source. */
static ALWAYS_INLINE void
move_8_words(word_t *to, const word_t *from)
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

static ALWAYS_INLINE void
fill_8_words(word_t *to, word_t w)
{
	to[0] = w;
	to[1] = w;
	to[2] = w;
	to[3] = w;
	to[4] = w;
	to[5] = w;
	to[6] = w;
	to[7] = w;
}

static ALWAYS_INLINE void
move_bytes(uint8_t *to, const uint8_t *from, size_t n)
{
	for (; n >= 4; n -= 4, to += 4, from += 4) {
		uint8_t a = from[0], b = from[1], c = from[2], d = from[3];

		OPAQUE(to);
		to[0] = a;
		to[1] = b;
		to[2] = c;
		to[3] = d;
	}
	for (; n != 0; n--) {
		OPAQUE(to);
		*to++ = *from++;
	}
}

/* Both word aligned; returns the bytes moved, all but n modulo 8. */
static ALWAYS_INLINE size_t
move_words(word_t *to, const word_t *from, size_t n)
{
	const word_t *start = from;
	const word_t *end = from + n / BLOCK_BYTES * (BLOCK_BYTES / 8);

	while (from != end) {
		OPAQUE(to);
		move_8_words(to, from);
		move_8_words(to + 8, from + 8);
		to += 16;
		from += 16;
	}
	if ((n & 64) != 0) {
		move_8_words(to, from);
		to += 8;
		from += 8;
	}
	for (end = start + n / WORD_BYTES; from != end; from++, to++) {
		OPAQUE(to);
		*to = *from;
	}
	return n & ~(WORD_BYTES - 1);
}

/*
 * to is word aligned, from is not. Word i is put together from the words i
 * and i + 1 below from; both were loaded before the store, which is below
 * or at the former if to < from.
 *
 * Takes and returns the caller's result, so that the call is a jump.
 */
READS_WHOLE_WORDS static void *
move_shifted(word_t *to, const uint8_t *from, size_t n, void *result)
{
	unsigned skip = ((uintptr_t)from & (WORD_BYTES - 1)) * 8;
	const word_t *next = (const word_t *)(const void *)(from - skip / 8);
	const word_t *end = next + n / WORD_BYTES;
	word_t low = *next++;

	from += n & ~(WORD_BYTES - 1);
	for (; next + 3 <= end; next += 4, to += 4) {
		word_t b = next[0], c = next[1], d = next[2], e = next[3];

		to[0] = low >> skip | b << (64 - skip);
		to[1] = b >> skip | c << (64 - skip);
		to[2] = c >> skip | d << (64 - skip);
		to[3] = d >> skip | e << (64 - skip);
		low = e;
	}
	for (; next <= end; next++, to++) {
		word_t high = *next;

		*to = low >> skip | high << (64 - skip);
		low = high;
	}
	move_bytes((uint8_t *)to, from, n % WORD_BYTES);
	return result;
}

static ALWAYS_INLINE void *
move_forward(uint8_t *to, const uint8_t *from, size_t n)
{
	void *result = to;

	if (n >= SMALL_BYTES) {
		size_t moved;

		for (; is_misaligned(to); n--) {
			OPAQUE(to);
			*to++ = *from++;
		}
		if (is_misaligned(from))
			return move_shifted(
			    (word_t *)(void *)to, from, n, result);
		moved = move_words((word_t *)(void *)to,
		    (const word_t *)(const void *)from, n);
		to += moved;
		from += moved;
		n -= moved;
	}
	move_bytes(to, from, n);
	return result;
}

/* to_end and from_end point behind the last byte. */
static void
move_backward(uint8_t *to_end, const uint8_t *from_end, size_t n)
{
	bool by_words = !is_misaligned(
	    (const void *)((uintptr_t)to_end ^ (uintptr_t)from_end));

	if (n >= SMALL_BYTES && by_words) {
		for (; is_misaligned(to_end); n--)
			*--to_end = *--from_end;
		for (; n >= WORD_BYTES; n -= WORD_BYTES) {
			to_end -= WORD_BYTES;
			from_end -= WORD_BYTES;
			OPAQUE(to_end);
			*(word_t *)(void *)to_end =
			    *(const word_t *)(const void *)from_end;
		}
	}
	for (; n != 0; n--) {
		OPAQUE(to_end);
		*--to_end = *--from_end;
	}
}

WEAK void *
memcpy(void *restrict to, const void *restrict from, size_t n)
{
	return move_forward(to, from, n);
}

WEAK void *
memmove(void *to, const void *from, size_t n)
{
	/* Wraps to a large number when the target is below the source. */
	if ((uintptr_t)to - (uintptr_t)from >= n)
		return move_forward(to, from, n);
	move_backward((uint8_t *)to + n, (const uint8_t *)from + n, n);
	return to;
}

WEAK void *
memset(void *to, int byte, size_t n)
{
	uint8_t *p = to;
	word_t w = (uint8_t)byte * ONES;

	if (n >= SMALL_BYTES) {
		for (; is_misaligned(p); n--) {
			OPAQUE(p);
			*p++ = (uint8_t)w;
		}
		for (; n >= BLOCK_BYTES; n -= BLOCK_BYTES) {
			OPAQUE(p);
			fill_8_words((word_t *)(void *)p, w);
			fill_8_words((word_t *)(void *)p + 8, w);
			p += BLOCK_BYTES;
		}
		if ((n & 64) != 0) {
			fill_8_words((word_t *)(void *)p, w);
			p += 64;
			n -= 64;
		}
		for (; n >= WORD_BYTES; n -= WORD_BYTES) {
			OPAQUE(p);
			*(word_t *)(void *)p = w;
			p += WORD_BYTES;
		}
	}
	for (; n != 0; n--) {
		OPAQUE(p);
		*p++ = (uint8_t)w;
	}
	return to;
}

/* How many leading bytes are surely equal: whole words of a and b. */
READS_WHOLE_WORDS static size_t
equal_words(const uint8_t *a, const uint8_t *b, size_t n)
{
	unsigned skip = ((uintptr_t)b & (WORD_BYTES - 1)) * 8;
	const word_t *wa = (const word_t *)(const void *)a;
	const word_t *wb = (const word_t *)(const void *)(b - skip / 8);
	size_t words = n / WORD_BYTES;
	size_t i = 0;

	if (skip == 0) {
		while (i < words && wa[i] == wb[i])
			i++;
	} else {
		word_t low = wb[0];

		for (; i < words; i++) {
			word_t high = wb[i + 1];

			if (wa[i] != (low >> skip | high << (64 - skip)))
				break;
			low = high;
		}
	}
	return i * WORD_BYTES;
}

WEAK int
memcmp(const void *va, const void *vb, size_t n)
{
	const uint8_t *a = va;
	const uint8_t *b = vb;

	if (n >= SMALL_BYTES) {
		size_t equal;

		for (; is_misaligned(a); a++, b++, n--) {
			if (*a != *b)
				return *a - *b;
		}
		equal = equal_words(a, b, n);
		a += equal;
		b += equal;
		n -= equal;
	}
	for (; n != 0; a++, b++, n--) {
		OPAQUE(a);
		if (*a != *b)
			return *a - *b;
	}
	return 0;
}

/* p is word aligned; how many bytes are surely not c, at most n. */
READS_WHOLE_WORDS static size_t
words_without(const uint8_t *p, uint8_t c, size_t n)
{
	const word_t *start = (const word_t *)(const void *)p;
	const word_t *end = start + n / WORD_BYTES;
	const word_t *w = start;

	for (; w != end; w++) {
		word_t x = *w ^ (c * ONES);

		if (ZERO_BYTES(x) != 0)
			break;
	}
	return (size_t)(w - start) * WORD_BYTES;
}

void *
memchr(const void *p, int byte, size_t n)
{
	const uint8_t *s = p;
	uint8_t c = (uint8_t)byte;

	for (; n != 0 && is_misaligned(s); s++, n--) {
		if (*s == c)
			return (void *)(uintptr_t)s;
	}
	if (n >= WORD_BYTES) {
		size_t skip = words_without(s, c, n);

		s += skip;
		n -= skip;
	}
	for (; n != 0; s++, n--) {
		if (*s == c)
			return (void *)(uintptr_t)s;
	}
	return NULL;
}

READS_WHOLE_WORDS size_t
strlen(const char *s)
{
	const char *p = s;
	const word_t *w;

	for (; is_misaligned(p); p++) {
		if (*p == '\0')
			return (size_t)(p - s);
	}
	w = (const word_t *)(const void *)p;
	while (ZERO_BYTES(*w) == 0)
		w++;
	for (p = (const char *)w; *p != '\0'; p++)
		OPAQUE(p);
	return (size_t)(p - s);
}

size_t
strnlen(const char *s, size_t max)
{
	const char *end = memchr(s, '\0', max);

	return end == NULL ? max : (size_t)(end - s);
}

int
strcmp(const char *a, const char *b)
{
	while (*a == *b && *a != '\0') {
		a++;
		b++;
	}
	return (uint8_t)*a - (uint8_t)*b;
}

int
strncmp(const char *a, const char *b, size_t max)
{
	for (; max != 0; a++, b++, max--) {
		if (*a != *b || *a == '\0')
			return (uint8_t)*a - (uint8_t)*b;
	}
	return 0;
}

char *
strchr(const char *s, int c)
{
	for (; *s != (char)c; s++) {
		if (*s == '\0')
			return NULL;
	}
	return (char *)(uintptr_t)s;
}

char *
strrchr(const char *s, int c)
{
	const char *last = NULL;

	for (;; s++) {
		if (*s == (char)c)
			last = s;
		if (*s == '\0')
			return (char *)(uintptr_t)last;
	}
}

char *
strstr(const char *s, const char *part)
{
	size_t len = strlen(part);

	if (len == 0)
		return (char *)(uintptr_t)s;
	while ((s = strchr(s, part[0])) != NULL) {
		if (strncmp(s, part, len) == 0)
			return (char *)(uintptr_t)s;
		s++;
	}
	return NULL;
}
