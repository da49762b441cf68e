// uses: lib/sort.c lib/random.c lib/crc.c lib/hash.c lib/utf8.c
/* SPDX-License-Identifier: MIT */
/* The small parts: base, path, ring, sort, random, crc, hash, utf8. */
#include <tests/unit/unit.h>

#include <lib/crc.h>
#include <lib/hash.h>
#include <lib/path.h>
#include <lib/random.h>
#include <lib/ring.h>
#include <lib/sort.h>
#include <lib/utf8.h>

TEST(alignment_keeps_the_type_and_the_high_bits)
{
	uint64_t big = UINT64_C(0xffff000012345678);

	EXPECT(ALIGN_UP(big, 4096) == UINT64_C(0xffff000012346000));
	EXPECT(ALIGN_DOWN(big, 4096u) == UINT64_C(0xffff000012345000));
	EXPECT(IS_ALIGNED(big, 8) && !IS_ALIGNED(big, 16));
	EXPECT(ALIGN_UP((uint8_t)9, 8) == 16);
	EXPECT_EQ(DIV_ROUND_UP(9, 4), 3);
	EXPECT_EQ(DIV_ROUND_UP(8, 4), 2);
	EXPECT(KIB(4) == 4096 && MIB(2) == 1 << 21 && GIB(4) >> 32 == 1);
}

TEST(a_path_splits_into_its_names)
{
	const char *path = "//usr/./lib//x/";
	const char *name;

	EXPECT_EQ(path_next(&path, &name), 3);
	EXPECT(memcmp(name, "usr", 3) == 0 && !path_is_dot(name, 3));
	EXPECT_EQ(path_next(&path, &name), 1);
	EXPECT(path_is_dot(name, 1) && !path_is_dotdot(name, 1));
	EXPECT(!path_is_end(path));
	EXPECT_EQ(path_next(&path, &name), 3);
	EXPECT_EQ(path_next(&path, &name), 1);
	EXPECT(*name == 'x' && path_is_end(path));
	EXPECT_EQ(path_next(&path, &name), 0);
	EXPECT(path_is_dotdot("..", 2) && !path_is_dotdot(".x", 2));
	EXPECT(!path_is_dotdot("...", 3) && !path_is_dot("..", 2));
	EXPECT_STR(path_skip_slashes("///a"), "a");
}

TEST(a_ring_delivers_bytes_in_order_across_its_end)
{
	uint8_t buf[16], in[40], out[40];
	uint8_t next_in = 0, next_out = 0;
	struct prng g = { 5 };
	struct ring r;

	ring_init(&r, buf, sizeof(buf));
	r.head = r.tail = SIZE_MAX - 20; /* the counters wrap, too */
	for (unsigned turn = 0; turn < 3000; turn++) {
		size_t len = prng_below(&g, 20), room = ring_room(&r), n;

		for (size_t i = 0; i < len; i++)
			in[i] = (uint8_t)(next_in + i);
		n = ring_put(&r, in, len);
		EXPECT_EQ(n, MIN(len, room));
		next_in += n;
		len = prng_below(&g, 20);
		n = ring_get(&r, out, len);
		EXPECT(n <= len);
		for (size_t i = 0; i < n; i++)
			EXPECT_EQ(out[i], next_out++);
		EXPECT_EQ(ring_used(&r), (uint8_t)(next_in - next_out));
	}
}

TEST(a_ring_can_be_filled_to_the_last_byte_and_taken_back)
{
	uint8_t buf[4], byte = 0;
	struct ring r;

	ring_init(&r, buf, sizeof(buf));
	EXPECT(!ring_get_byte(&r, &byte) && !ring_unput_byte(&r, &byte));
	for (uint8_t i = 0; i < 4; i++)
		EXPECT(ring_put_byte(&r, i));
	EXPECT(!ring_put_byte(&r, 9));
	EXPECT_EQ(ring_at(&r, 3), 3);
	EXPECT(ring_unput_byte(&r, &byte) && byte == 3);
	EXPECT(ring_get_byte(&r, &byte) && byte == 0);
	EXPECT_EQ(ring_used(&r), 2);
	ring_clear(&r);
	EXPECT_EQ(ring_used(&r), 0);
	EXPECT_EQ(ring_room(&r), 4);
}

static int
compare_ints(const void *a, const void *b, void *ctx)
{
	int x = *(const int *)a, y = *(const int *)b;

	++*(unsigned long *)ctx;
	return (x > y) - (x < y);
}

static int
qsort_ints(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	return (x > y) - (x < y);
}

TEST(sort_agrees_with_qsort_for_every_small_length)
{
	struct prng g = { 9 };

	for (size_t n = 0; n < 200; n++) {
		for (unsigned range = 1; range <= 1000; range *= 10) {
			int ours[200], theirs[200];
			unsigned long calls = 0;

			for (size_t i = 0; i < n; i++)
				ours[i] = (int)prng_below(&g, range);
			memcpy(theirs, ours, sizeof(ours));
			sort(ours, n, sizeof(int), compare_ints, &calls);
			qsort(theirs, n, sizeof(int), qsort_ints);
			EXPECT(memcmp(ours, theirs, n * sizeof(int)) == 0);
		}
	}
}

TEST(sort_needs_n_log_n_comparisons_on_any_order)
{
	static int v[4096];

	for (unsigned order = 0; order < 3; order++) {
		unsigned long calls = 0;

		for (int i = 0; i < 4096; i++)
			v[i] = order == 0 ? i : order == 1 ? -i : i & 1;
		sort(v, 4096, sizeof(int), compare_ints, &calls);
		EXPECT(calls < 4096 * 12 * 2);
		for (int i = 1; i < 4096; i++)
			EXPECT(v[i - 1] <= v[i]);
	}
}

struct odd {
	uint8_t key;
	uint8_t rest[2];
};

static int
compare_odd(const void *a, const void *b, void *)
{
	return ((const struct odd *)a)->key - ((const struct odd *)b)->key;
}

TEST(sort_moves_whole_elements_of_odd_size)
{
	struct odd v[50];

	for (unsigned i = 0; i < 50; i++) {
		uint8_t key = (uint8_t)(i * 37 % 50);

		v[i] = (struct odd){ key, { (uint8_t)~key, key } };
	}
	sort(v, 50, sizeof(v[0]), compare_odd, NULL);
	for (unsigned i = 0; i < 50; i++) {
		EXPECT_EQ(v[i].key, i);
		EXPECT_EQ(v[i].rest[0], (uint8_t)~i);
		EXPECT_EQ(v[i].rest[1], i);
	}
}

TEST(chacha20_makes_the_block_of_the_rfc)
{
	/* RFC 8439, 2.3.2. */
	static const uint8_t nonce[12] = { 0, 0, 0, 9, 0, 0, 0, 0x4a };
	static const uint8_t want[64] = {
		0x10, 0xf1, 0xe7, 0xe4, 0xd1, 0x3b, 0x59, 0x15,
		0x50, 0x0f, 0xdd, 0x1f, 0xa3, 0x20, 0x71, 0xc4,
		0xc7, 0xd1, 0xf4, 0xc7, 0x33, 0xc0, 0x68, 0x03,
		0x04, 0x22, 0xaa, 0x9a, 0xc3, 0xd4, 0x6c, 0x4e,
		0xd2, 0x82, 0x64, 0x46, 0x07, 0x9f, 0xaa, 0x09,
		0x14, 0xc2, 0xd7, 0x05, 0xd9, 0x8b, 0x02, 0xa2,
		0xb5, 0x12, 0x9c, 0xd1, 0xde, 0x16, 0x4e, 0xb9,
		0xcb, 0xd0, 0x83, 0xe8, 0xa2, 0x50, 0x3c, 0x4e,
	};
	uint8_t key[32], block[64];
	uint32_t state[16];

	for (uint8_t i = 0; i < 32; i++)
		key[i] = i;
	chacha20_init(state, key, 1, nonce);
	chacha20_block(state, block);
	EXPECT_MEM(block, want, 64);
	state[12]++;
	chacha20_block(state, block);
	EXPECT(memcmp(block, want, 64) != 0);
}

TEST(the_small_generator_repeats_for_a_seed_and_stays_below_limits)
{
	struct prng a, b;
	unsigned seen[10] = { 0 };

	prng_seed(&a, 42);
	prng_seed(&b, 42);
	for (unsigned i = 0; i < 10000; i++) {
		EXPECT(prng_next(&a) == prng_next(&b));
		seen[prng_below(&b, 10)]++;
		prng_next(&a);
	}
	for (unsigned i = 0; i < 10; i++)
		EXPECT(seen[i] > 850 && seen[i] < 1150);
}

TEST(crcs_have_their_published_check_values)
{
	EXPECT_EQ(crc32(0, "123456789", 9), 0xcbf43926);
	EXPECT_EQ(crc32c(0, "123456789", 9), 0xe3069283);
	EXPECT_EQ(crc32(0, "", 0), 0);
	EXPECT_EQ(crc32c(crc32c(0, "1234", 4), "56789", 5), 0xe3069283);
}

TEST(a_hash_of_bytes_does_not_depend_on_their_place)
{
	_Alignas(8) char area[128];
	char text[64];

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)(i * 7 + 1);
	for (size_t n = 0; n <= 64; n++) {
		uint64_t want = hash_bytes(99, text, n);

		for (size_t at = 0; at < 8; at++) {
			memset(area, (int)at, sizeof(area));
			memcpy(area + at + 8, text, n);
			EXPECT(hash_bytes(99, area + at + 8, n) == want);
		}
	}
}

TEST(every_byte_the_length_and_the_seed_change_a_hash)
{
	char text[40] = { 0 };

	for (size_t n = 1; n <= 40; n++) {
		uint64_t zero = hash_bytes(1, text, n);

		EXPECT(hash_bytes(2, text, n) != zero);
		EXPECT(hash_bytes(1, text, n - 1) != zero);
		for (size_t i = 0; i < n; i++) {
			text[i] = 1;
			EXPECT(hash_bytes(1, text, n) != zero);
			text[i] = 0;
		}
	}
}

/* The fullest of 1024 chains that hold 1024 names on average once. */
static unsigned
fullest(uint64_t (*hash)(unsigned))
{
	static unsigned chain[1024];
	unsigned most = 0;

	memset(chain, 0, sizeof(chain));
	for (unsigned i = 0; i < 1024; i++) {
		unsigned n = ++chain[hash(i) % 1024];

		most = MAX(most, n);
	}
	return most;
}

static uint64_t
hash_of_name(unsigned i)
{
	char name[24];

	return hash_bytes(77, name,
	    (size_t)snprintf(name, sizeof(name), "file%u.txt", i));
}

static uint64_t
hash_of_number(unsigned i)
{
	return hash_u64(i);
}

static uint64_t
hash_of_pointer(unsigned i)
{
	return hash_ptr((void *)(uintptr_t)(UINT64_C(0xffffffd000000000) +
	    i * 256u));
}

static uint64_t
hash_of_bits(unsigned i)
{
	return hash_u64_bits((uint64_t)i << 12, 10);
}

static uint64_t
hash_of_mix(unsigned i)
{
	return hash_mix(hash_mix(1, i / 32), i % 32);
}

TEST(hashes_of_regular_inputs_spread_over_a_table)
{
	EXPECT(fullest(hash_of_name) < 9);
	EXPECT(fullest(hash_of_number) < 9);
	EXPECT(fullest(hash_of_pointer) < 9);
	EXPECT(fullest(hash_of_bits) < 9);
	EXPECT(fullest(hash_of_mix) < 9);
	EXPECT(hash_mix(1, 2) != hash_mix(2, 1));
}

TEST(every_character_survives_utf8_and_back)
{
	for (uint32_t point = 0; point < 0x110100; point++) {
		bool is_right = point < 0x110000 &&
		    (point < 0xd800 || point >= 0xe000);
		uint32_t back = ~point;
		char text[UTF8_MAX];
		size_t len = utf8_encode(point, text);

		EXPECT_EQ(len != 0, is_right);
		if (!is_right)
			continue;
		EXPECT_EQ(utf8_decode(text, len, &back), (int)len);
		EXPECT_EQ(back, point);
		EXPECT_EQ(utf8_decode(text, len - 1, &back), -1);
	}
}

TEST(wrong_utf8_is_refused)
{
	static const char *const wrong[] = {
		"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf",
		"\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
		"\xf5\x80\x80\x80", "\xff", "\xc3(", "\xe2\x82(",
		"\xf0\x9f\x98(", "\xe2(\xa1",
	};
	uint32_t point = 7;

	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		EXPECT_EQ(utf8_decode(wrong[i], strlen(wrong[i]), &point), 0);
	EXPECT_EQ(point, 7);
}
