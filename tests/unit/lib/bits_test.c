// uses: lib/random.c
/* SPDX-License-Identifier: MIT */
#include <tests/unit/unit.h>

#include <lib/bitmap.h>
#include <lib/random.h>

TEST(counts_agree_with_the_compiler_for_every_bit)
{
	struct prng g = { 1 };

	for (unsigned n = 0; n < 64; n++) {
		uint64_t bit = UINT64_C(1) << n;
		uint64_t noise = prng_next(&g);

		EXPECT_EQ(ctz64(bit), n);
		EXPECT_EQ(ctz64(bit | (noise & ~(bit - 1))), n);
		EXPECT_EQ(log2_floor(bit), n);
		EXPECT_EQ(log2_floor(bit | (noise & (bit - 1))), n);
		EXPECT_EQ(clz64(bit), 63 - n);
		EXPECT_EQ(ffs64(bit), n + 1);
		EXPECT_EQ(fls64(bit), n + 1);
		EXPECT_EQ(log2_ceil(bit), n);
		EXPECT_EQ(popcount64(noise), __builtin_popcountll(noise));
		EXPECT(is_power_of_2(bit));
		EXPECT(!is_power_of_2(bit | 1) || n == 0);
	}
}

TEST(the_ends_of_the_range_are_defined)
{
	EXPECT_EQ(clz64(0), 64);
	EXPECT_EQ(ffs64(0), 0);
	EXPECT_EQ(fls64(0), 0);
	EXPECT_EQ(log2_ceil(0), 0);
	EXPECT_EQ(log2_ceil(1), 0);
	EXPECT_EQ(log2_ceil(5), 3);
	EXPECT_EQ(log2_ceil(UINT64_MAX), 64);
	EXPECT_EQ(popcount64(UINT64_MAX), 64);
	EXPECT(!is_power_of_2(0));
}

#define NBITS 200

/* The map must say of every bit what the array of truths says. */
static void
expect_same(const uint64_t *map, const bool *truth)
{
	size_t weight = 0;
	size_t next_set = NBITS, next_clear = NBITS;

	for (size_t i = NBITS; i-- != 0;) {
		EXPECT_EQ(bitmap_test(map, i), truth[i]);
		weight += truth[i];
		if (truth[i])
			next_set = i;
		else
			next_clear = i;
		EXPECT_EQ(bitmap_find_set(map, NBITS, i), next_set);
		EXPECT_EQ(bitmap_find_clear(map, NBITS, i), next_clear);
	}
	EXPECT_EQ(bitmap_weight(map, NBITS), weight);
	EXPECT_EQ(bitmap_find_set(map, NBITS, NBITS), NBITS);
}

TEST(bitmaps_follow_a_model_through_random_changes)
{
	uint64_t map[BITMAP_WORDS(NBITS)] = { 0 };
	bool truth[NBITS] = { false };
	struct prng g = { 3 };

	map[NBITS / 64] = ~UINT64_C(0) << (NBITS % 64); /* not ours */
	for (unsigned turn = 0; turn < 500; turn++) {
		size_t at = prng_below(&g, NBITS);
		size_t count = prng_below(&g, NBITS - at + 1);
		bool value = prng_below(&g, 2) != 0;

		switch (prng_below(&g, 3)) {
		case 0:
			bitmap_set(map, at);
			truth[at] = true;
			break;
		case 1:
			bitmap_clear(map, at);
			truth[at] = false;
			break;
		default:
			if (value)
				bitmap_set_range(map, at, count);
			else
				bitmap_clear_range(map, at, count);
			memset(truth + at, value, count);
		}
		expect_same(map, truth);
	}
	EXPECT(map[NBITS / 64] >> (NBITS % 64) == UINT64_MAX >> 8);
}

TEST(ranges_of_whole_words_are_set_and_cleared)
{
	uint64_t map[2] = { 0, 0 };

	bitmap_set_range(map, 0, 128);
	EXPECT(map[0] == UINT64_MAX && map[1] == UINT64_MAX);
	EXPECT_EQ(bitmap_find_clear(map, 128, 0), 128);
	bitmap_clear_range(map, 64, 64);
	EXPECT(map[0] == UINT64_MAX && map[1] == 0);
	EXPECT_EQ(bitmap_weight(map, 128), 64);
}
