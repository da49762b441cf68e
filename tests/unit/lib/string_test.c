// uses: lib/random.c
/* SPDX-License-Identifier: MIT */
#include <tests/unit/unit.h>

#include <tests/unit/lib/rename.h>

#include <lib/string.c>
#include <lib/string_ext.c>

#undef OPAQUE
#include <lib/random.h>

#define AREA 640

static struct prng prng = { 7 };

static void
fill(uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)prng_next(&prng);
}

TEST(memcpy_copies_every_length_between_every_alignment)
{
	_Alignas(8) uint8_t from[AREA], to[AREA], want[AREA];

	fill(from, AREA);
	for (size_t n = 0; n < 300; n++) {
		for (size_t f = 0; f < 8; f++) {
			for (size_t t = 0; t < 8; t++) {
				fill(to, AREA);
				c_memcpy(want, to, AREA);
				c_memcpy(want + t + 8, from + f + 8, n);
				EXPECT(memcpy(to + t + 8, from + f + 8, n) ==
				    to + t + 8);
				EXPECT(c_memcmp(to, want, AREA) == 0);
			}
		}
	}
}

TEST(memmove_copies_overlapping_areas_in_both_directions)
{
	_Alignas(8) uint8_t area[AREA], want[AREA];

	for (unsigned turn = 0; turn < 40000; turn++) {
		size_t n = prng_below(&prng, 300);
		size_t from = prng_below(&prng, 300);
		size_t to = prng_below(&prng, 2) == 0 ?
		    prng_below(&prng, 300) :
		    from + prng_below(&prng, 20) - MIN(from, 10);

		fill(area, AREA);
		c_memcpy(want, area, AREA);
		c_memmove(want + to, want + from, n);
		EXPECT(memmove(area + to, area + from, n) == area + to);
		EXPECT(c_memcmp(area, want, AREA) == 0);
	}
}

TEST(memset_fills_exactly_its_bytes)
{
	_Alignas(8) uint8_t area[AREA], want[AREA];

	for (size_t n = 0; n < 400; n++) {
		for (size_t at = 0; at < 16; at++) {
			int byte = (int)prng_next(&prng);

			fill(area, AREA);
			c_memcpy(want, area, AREA);
			c_memset(want + at, byte, n);
			EXPECT(memset(area + at, byte, n) == area + at);
			EXPECT(c_memcmp(area, want, AREA) == 0);
		}
	}
}

static int
sign(int x)
{
	return (x > 0) - (x < 0);
}

TEST(memcmp_orders_by_the_first_different_byte)
{
	_Alignas(8) uint8_t a[AREA], b[AREA];

	for (unsigned turn = 0; turn < 60000; turn++) {
		size_t n = prng_below(&prng, 100);
		size_t at = prng_below(&prng, 8), bt = prng_below(&prng, 8);

		fill(a, 128);
		c_memcpy(b + bt, a + at, n);
		EXPECT(memcmp(a + at, b + bt, n) == 0);
		for (unsigned i = 0; n != 0 && i < 2; i++)
			b[bt + prng_below(&prng, n)] =
			    (uint8_t)prng_next(&prng);
		EXPECT_EQ(sign(memcmp(a + at, b + bt, n)),
		    sign(c_memcmp(a + at, b + bt, n)));
	}
}

TEST(memchr_finds_the_first_such_byte_within_its_bounds)
{
	_Alignas(8) uint8_t area[80];

	c_memset(area, 'x', sizeof(area));
	for (size_t at = 0; at < 8; at++) {
		for (size_t n = 0; n < 64; n++) {
			EXPECT(memchr(area + at, 'c', n) == NULL);
			area[at + n] = 'c'; /* just behind the bounds */
			EXPECT(memchr(area + at, 'c', n) == NULL);
			EXPECT(memchr(area + at, 'c', n + 1) ==
			    area + at + n);
			area[at + n + 1] = 'c';
			EXPECT(memchr(area + at, 'c', n + 2) ==
			    area + at + n);
			EXPECT(memchr(area + at, 0x100 + 'c', n + 1) ==
			    area + at + n);
			area[at + n] = area[at + n + 1] = 'x';
		}
	}
	area[3] = 0x80; /* next to a zero byte: no carry may confuse it */
	area[4] = 0x00;
	EXPECT(memchr(area, 0x80, 16) == area + 3);
	EXPECT(memchr(area, 0x00, 16) == area + 4);
	area[4] = 0x01;
	EXPECT(memchr(area, 0x00, 16) == NULL);
}

TEST(strlen_counts_to_the_nul_from_every_alignment)
{
	_Alignas(8) char area[80];

	for (size_t at = 0; at < 8; at++) {
		for (size_t n = 0; n < 64; n++) {
			c_memset(area, 0x81, sizeof(area));
			area[at + n] = '\0';
			EXPECT_EQ(strlen(area + at), n);
			EXPECT_EQ(strnlen(area + at, 70), n);
			EXPECT_EQ(strnlen(area + at, n), n);
			EXPECT_EQ(strnlen(area + at, n / 2), n / 2);
		}
	}
}

TEST(strings_compare_as_unsigned_bytes)
{
	EXPECT(strcmp("", "") == 0);
	EXPECT(strcmp("abc", "abc") == 0);
	EXPECT(strcmp("abc", "abd") < 0);
	EXPECT(strcmp("abc", "ab") > 0);
	EXPECT(strcmp("ab", "abc") < 0);
	EXPECT(strcmp("\xff", "a") > 0);
	EXPECT(strncmp("abc", "abd", 2) == 0);
	EXPECT(strncmp("abc", "abd", 3) < 0);
	EXPECT(strncmp("ab", "ab", 9) == 0);
	EXPECT(strncmp("a", "b", 0) == 0);
	EXPECT(strncmp("\xff", "a", 1) > 0);
}

TEST(characters_and_parts_are_found)
{
	const char *s = "path/to/file";

	EXPECT(strchr(s, '/') == s + 4);
	EXPECT(strchr(s, '\0') == s + 12);
	EXPECT(strchr(s, 'z') == NULL);
	EXPECT(strrchr(s, '/') == s + 7);
	EXPECT(strrchr(s, '\0') == s + 12);
	EXPECT(strrchr(s, 'z') == NULL);
	EXPECT(strstr(s, "") == s);
	EXPECT(strstr(s, "to") == s + 5);
	EXPECT(strstr(s, "file") == s + 8);
	EXPECT(strstr(s, "files") == NULL);
	EXPECT(strstr("aab", "ab") != NULL);
}

TEST(strlcpy_always_terminates_and_tells_the_wanted_length)
{
	char buf[8] = "zzzzzzz";

	EXPECT_EQ(strlcpy(buf, "abc", sizeof(buf)), 3);
	EXPECT(strcmp(buf, "abc") == 0);
	EXPECT_EQ(strlcpy(buf, "0123456789", sizeof(buf)), 10);
	EXPECT(strcmp(buf, "0123456") == 0);
	EXPECT_EQ(strlcpy(buf, "x", 0), 1);
	EXPECT(strcmp(buf, "0123456") == 0);
	EXPECT_EQ(strlcpy(buf, "x", 1), 1);
	EXPECT(buf[0] == '\0');
}

TEST(strlcat_appends_what_fits)
{
	char buf[8] = "ab";

	EXPECT_EQ(strlcat(buf, "cd", sizeof(buf)), 4);
	EXPECT(strcmp(buf, "abcd") == 0);
	EXPECT_EQ(strlcat(buf, "efghij", sizeof(buf)), 10);
	EXPECT(strcmp(buf, "abcdefg") == 0);
	EXPECT_EQ(strlcat(buf, "x", 3), 4); /* no NUL within three bytes */
	EXPECT(strcmp(buf, "abcdefg") == 0);
}

TEST(str_is_wants_the_whole_text)
{
	EXPECT(str_is("abc", 3, "abc"));
	EXPECT(str_is("abcd", 3, "abc"));
	EXPECT(!str_is("abc", 2, "abc"));
	EXPECT(!str_is("abc", 3, "ab"));
	EXPECT(!str_is("abd", 3, "abc"));
	EXPECT(str_is("", 0, ""));
}

TEST(pages_are_zeroed_and_copied_whole)
{
	static _Alignas(4096) uint8_t page[3][4096];
	static uint8_t zeros[4096];

	fill(page[0], sizeof(page));
	page_copy(page[1], page[0]);
	EXPECT(c_memcmp(page[0], page[1], 4096) == 0);
	fill(page[0], sizeof(page));
	uint8_t before = page[0][4095], after = page[2][0];
	page_zero(page[1]);
	EXPECT(c_memcmp(page[1], zeros, 4096) == 0);
	EXPECT(page[0][4095] == before && page[2][0] == after);
}
