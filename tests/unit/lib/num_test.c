// uses: lib/num.c
/* SPDX-License-Identifier: MIT */
#include <tests/unit/unit.h>

#include <lib/num.h>

static bool
u64_is(const char *s, unsigned base, uint64_t want)
{
	uint64_t got = ~want;

	return num_parse_u64(s, strlen(s), base, &got) && got == want;
}

static bool
u64_fails(const char *s, unsigned base)
{
	uint64_t got = 12345;

	return !num_parse_u64(s, strlen(s), base, &got) && got == 12345;
}

static bool
i64_is(const char *s, int64_t want)
{
	int64_t got = ~want;

	return num_parse_i64(s, strlen(s), 0, &got) && got == want;
}

static bool
i64_fails(const char *s)
{
	int64_t got = 12345;

	return !num_parse_i64(s, strlen(s), 0, &got) && got == 12345;
}

static bool
size_is(const char *s, uint64_t want)
{
	uint64_t got = ~want;

	return num_parse_size(s, strlen(s), &got) && got == want;
}

static bool
size_fails(const char *s)
{
	uint64_t got = 12345;

	return !num_parse_size(s, strlen(s), &got) && got == 12345;
}

TEST(unsigned_numbers_are_read_in_every_base)
{
	EXPECT(u64_is("0", 10, 0));
	EXPECT(u64_is("007", 10, 7));
	EXPECT(u64_is("18446744073709551615", 10, UINT64_MAX));
	EXPECT(u64_is("ffffffffffffffff", 16, UINT64_MAX));
	EXPECT(u64_is("FfA0", 16, 0xffa0));
	EXPECT(u64_is("777", 8, 0777));
	EXPECT(u64_is("1011", 2, 11));
	EXPECT(u64_is("zZ", 36, 35 * 36 + 35));
}

TEST(prefixes_choose_the_base_when_none_is_given)
{
	EXPECT(u64_is("0x1F", 0, 31));
	EXPECT(u64_is("0X1f", 0, 31));
	EXPECT(u64_is("0o17", 0, 15));
	EXPECT(u64_is("0b101", 0, 5));
	EXPECT(u64_is("017", 0, 17));
	EXPECT(u64_is("0", 0, 0));
	EXPECT(u64_fails("0x", 0));
	EXPECT(u64_fails("0xg", 0));
	EXPECT(u64_fails("0x1", 10));
}

TEST(what_is_not_wholly_a_number_is_refused_and_leaves_the_result)
{
	EXPECT(u64_fails("", 10));
	EXPECT(u64_fails(" 1", 10));
	EXPECT(u64_fails("1 ", 10));
	EXPECT(u64_fails("-1", 10));
	EXPECT(u64_fails("12a", 10));
	EXPECT(u64_fails("8", 8));
	EXPECT(u64_fails("1\xff", 10));
	EXPECT(u64_fails("18446744073709551616", 10));
	EXPECT(u64_fails("99999999999999999999", 10));
	EXPECT(u64_fails("10000000000000000", 16));
}

TEST(signed_numbers_reach_both_ends_of_their_range)
{
	EXPECT(i64_is("0", 0));
	EXPECT(i64_is("-0", 0));
	EXPECT(i64_is("+5", 5));
	EXPECT(i64_is("-5", -5));
	EXPECT(i64_is("-0x10", -16));
	EXPECT(i64_is("9223372036854775807", INT64_MAX));
	EXPECT(i64_is("-9223372036854775808", INT64_MIN));
	EXPECT(i64_fails("9223372036854775808"));
	EXPECT(i64_fails("-9223372036854775809"));
	EXPECT(i64_fails("-"));
	EXPECT(i64_fails("+"));
	EXPECT(i64_fails("--1"));
	EXPECT(i64_fails(""));
}

TEST(sizes_take_binary_suffixes)
{
	EXPECT(size_is("512", 512));
	EXPECT(size_is("64K", 64 << 10));
	EXPECT(size_is("64k", 64 << 10));
	EXPECT(size_is("16M", 16 << 20));
	EXPECT(size_is("0x10m", 16 << 20));
	EXPECT(size_is("3G", UINT64_C(3) << 30));
	EXPECT(size_is("2T", UINT64_C(2) << 40));
	EXPECT(size_fails("K"));
	EXPECT(size_fails(""));
	EXPECT(size_fails("1KK"));
	EXPECT(size_fails("1P"));
	EXPECT(size_fails("18446744073709551615K"));
	EXPECT(size_is("18014398509481983K", UINT64_MAX - 1023));
	EXPECT(size_fails("18014398509481984K"));
}
