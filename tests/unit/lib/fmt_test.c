// uses: lib/fmt.c lib/string_ext.c
/* SPDX-License-Identifier: MIT */
#include <tests/unit/unit.h>

#include <limits.h>
#include <stdarg.h>

static int (*const c_vsnprintf)(
    char *, size_t, const char *, va_list) = vsnprintf;

/* Ours from here on; see rename.h for the why. */
#define snprintf  lib_snprintf
#define vsnprintf lib_vsnprintf
#include <lib/snprintf.c>

/* The formats are made at run time, or wrong on purpose. */
#pragma GCC diagnostic ignored "-Wformat"
#pragma GCC diagnostic ignored "-Wformat-nonliteral"

/* Formats with ours and with the C library's: both must agree. */
static bool
agrees(const char *format, ...)
{
	char ours[600], theirs[600];
	va_list args;
	int a, b;

	memset(ours, 'o', sizeof(ours));
	memset(theirs, 'o', sizeof(theirs));
	va_start(args, format);
	a = vsnprintf(ours, sizeof(ours), format, args);
	va_end(args);
	va_start(args, format);
	b = c_vsnprintf(theirs, sizeof(theirs), format, args);
	va_end(args);
	if (a == b && memcmp(ours, theirs, sizeof(ours)) == 0)
		return true;
	printf("# \"%s\": ours \"%s\" (%d), theirs \"%s\" (%d)\n", format,
	    ours, a, theirs, b);
	return false;
}

static const char *const flags[] = { "", "-", "+", " ", "0", "#", "-+", "+0",
	"#0", "- ", "-#", "+ ", "-0" };
static const char *const widths[] = { "", "1", "5", "25", ".0", ".1", ".7",
	"3.5", "12.3", "9.", "12.0" };

TEST(signed_numbers_print_as_in_c)
{
	static const long long values[] = { 0, 1, -1, 42, -42, INT_MAX,
		INT_MIN, LLONG_MAX, LLONG_MIN, 128, 32768, -129 };
	static const char *const lengths[] = { "", "hh", "h", "l", "ll", "z",
		"j", "t" };
	char f[32];

	for (size_t a = 0; a < ARRAY_LEN(flags); a++)
		for (size_t w = 0; w < ARRAY_LEN(widths); w++)
			for (size_t l = 0; l < ARRAY_LEN(lengths); l++)
				for (size_t v = 0; v < ARRAY_LEN(values); v++) {
					if (strchr(flags[a], '#') != NULL)
						continue; /* undefined with d */
					sprintf(f, "[%%%s%s%sd]", flags[a],
					    widths[w], lengths[l]);
					EXPECT(agrees(f, values[v]));
				}
}

TEST(unsigned_numbers_print_as_in_c)
{
	static const unsigned long long values[] = { 0, 1, 8, 42, UINT_MAX,
		ULLONG_MAX, 256, 65537 };
	static const char *const kinds[] = { "u", "x", "X", "o", "lu", "llx",
		"zX", "lo", "hhu", "hx" };
	char f[32];

	for (size_t a = 0; a < ARRAY_LEN(flags); a++)
		for (size_t w = 0; w < ARRAY_LEN(widths); w++)
			for (size_t k = 0; k < ARRAY_LEN(kinds); k++)
				for (size_t v = 0; v < ARRAY_LEN(values); v++) {
					if (strpbrk(flags[a], "+ ") != NULL)
						continue; /* for d only */
					sprintf(f, "[%%%s%s%s]", flags[a],
					    widths[w], kinds[k]);
					EXPECT(agrees(f, values[v]));
				}
}

TEST(text_and_characters_print_as_in_c)
{
	EXPECT(agrees("plain"));
	EXPECT(agrees(""));
	EXPECT(agrees("%s|%10s|%-10s|%.2s|%5.1s|%.0s|", "one", "two", "three",
	    "four", "five", "six"));
	EXPECT(agrees("%c%c%5c|%-5c|%c", 'a', 'b', 'c', 'd', 0));
	EXPECT(agrees("100%% of %s", "it"));
	EXPECT(agrees("%300s", "far"));
	EXPECT(agrees("%-300s|", "far"));
}

TEST(stars_take_width_and_precision_from_the_arguments)
{
	EXPECT(agrees("%*d|%-*d|%.*d", 6, 1, 6, 2, 4, 3));
	EXPECT(agrees("%*d|%*.*s|", -6, 1, 8, 2, "text"));
	EXPECT(agrees("%.*d|", -3, 0));
}

TEST(pointers_print_in_hexadecimal)
{
	char buf[40];

	EXPECT_EQ(snprintf(buf, sizeof(buf), "%p %20p", (void *)0x1234,
	    (void *)-1), 6 + 1 + 20);
	EXPECT_STR(buf, "0x1234   0xffffffffffffffff");
	snprintf(buf, sizeof(buf), "%p", NULL);
	EXPECT_STR(buf, "0x0");
}

TEST(a_null_string_is_shown_and_not_followed)
{
	const char *volatile none = NULL;
	char buf[40];

	snprintf(buf, sizeof(buf), "%s", none);
	EXPECT_STR(buf, "(null)");
}

TEST(a_precision_bounds_reading_of_the_text)
{
	char four[4] = { 'f', 'o', 'u', 'r' };
	char buf[40];

	EXPECT_EQ(snprintf(buf, sizeof(buf), "%.4s", four), 4);
	EXPECT_STR(buf, "four");
}

TEST(an_unknown_conversion_is_printed_as_it_stands)
{
	char buf[40];

	snprintf(buf, sizeof(buf), "a%5yb %d", 7);
	EXPECT_STR(buf, "a%5yb 7");
	snprintf(buf, sizeof(buf), "end%");
	EXPECT_STR(buf, "end%");
	snprintf(buf, sizeof(buf), "end%-8l");
	EXPECT_STR(buf, "end%-8l");
}

TEST(a_huge_width_does_not_overflow)
{
	char buf[8];
	const char *volatile format = "%99999999999d";

	EXPECT(snprintf(buf, sizeof(buf), format, 1) > 99999999);
	EXPECT_STR(buf, "       ");
}

TEST(output_is_cut_at_the_size_and_counted_in_full)
{
	char buf[6] = "zzzzz";

	EXPECT_EQ(snprintf(buf, 5, "%d", 1234567), 7);
	EXPECT_STR(buf, "1234");
	EXPECT_EQ(buf[5], '\0');
	EXPECT_EQ(snprintf(buf, 1, "abc"), 3);
	EXPECT_STR(buf, "");
	EXPECT_EQ(snprintf(NULL, 0, "%s", "abc"), 3);
}

struct pieces {
	struct fmt_sink sink;
	unsigned writes;
	char text[64];
	size_t len;
};

static void
pieces_write(struct fmt_sink *sink, const char *text, size_t len)
{
	struct pieces *p = container_of(sink, struct pieces, sink);

	memcpy(p->text + p->len, text, len);
	p->len += len;
	p->writes++;
}

TEST(a_sink_gets_literal_runs_in_one_piece)
{
	struct pieces p = { .sink = { pieces_write } };

	EXPECT_EQ(fmt_format(&p.sink, "value %d of %s", 7, "nine"), 15);
	EXPECT_EQ(p.writes, 4);
	EXPECT_MEM(p.text, "value 7 of nine", 15);
}
