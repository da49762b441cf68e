// uses: lib/fdt_scan.c
/* SPDX-License-Identifier: MIT */
#include <tests/unit/unit.h>

#include <lib/base.h>
#include <lib/fdt_scan.h>

/* A blob in memory of exactly its size, so that ASan sees what goes beyond. */
static uint8_t *blob;
static uint32_t blob_len;

static void
put(const void *bytes, uint32_t len)
{
	uint32_t padded = (len + 3) & ~3u;

	blob = realloc(blob, blob_len + padded);
	memset(blob + blob_len, 0, padded);
	memcpy(blob + blob_len, bytes, len);
	blob_len += padded;
}

static void
set(uint32_t at, uint32_t v)
{
	uint8_t be[] = { v >> 24, v >> 16 & 0xff, v >> 8 & 0xff, v & 0xff };

	memcpy(blob + at, be, 4);
}

static void
put_word(uint32_t v)
{
	put("\0\0\0", 4);
	set(blob_len - 4, v);
}

static void
put_property(uint32_t name, const void *value, uint32_t len)
{
	put_word(3);
	put_word(len);
	put_word(name);
	put(value, len);
}

#define NAMES "rng-seed\0bootargs" /* offsets 0 and 9 */

/* / { rng-seed; chosen { inner { bootargs }; and what a test adds. */
static void
build(void)
{
	free(blob);
	blob = NULL;
	blob_len = 0;
	for (unsigned i = 0; i < 10; i++)
		put_word(0);
	put_word(1), put("", 1);
	put_property(0, "root", 4);
	put_word(1), put("chosen", 7);
	put_word(1), put("inner", 6);
	put_property(9, "wrong", 6);
	put_word(2);
	put_word(4);
	set(0, 0xd00dfeed);
}

static void
finish(void)
{
	uint32_t structure = 40, end;

	put_word(9);
	end = blob_len;
	put(NAMES, sizeof(NAMES));
	set(4, blob_len);
	set(8, structure);
	set(12, end);
	set(20, 17);
	set(32, sizeof(NAMES));
	set(36, end - structure);
}

TEST(a_property_of_chosen_is_found_and_of_others_is_not)
{
	const char *p;
	uint32_t len = 7;

	build();
	put_property(9, "console=x", 10);
	put_word(2);
	put_word(1), put("other", 6);
	put_property(0, "12345678", 8);
	put_word(2);
	put_word(2);
	finish();
	p = fdt_scan_chosen(blob, "rng-seed", &len);
	EXPECT(p == NULL && len == 7);
	p = fdt_scan_chosen(blob, "bootargs", &len);
	EXPECT(p != NULL && len == 10 && strcmp(p, "console=x") == 0);
}

static bool
inside(const void *p, uint32_t len)
{
	const uint8_t *at = p;

	return p == NULL || (at >= blob && at <= blob + blob_len &&
	    len <= (size_t)(blob + blob_len - at));
}

/* Whatever word is changed, nothing beyond the blob is read. */
TEST(a_broken_blob_is_read_within_its_bounds)
{
	static const uint32_t bad[] = { 0, 1, 2, 3, 8, 0x7fffffff, 0xfffffffc,
		0xffffffff };
	uint32_t len = 0;

	for (uint32_t at = 8; at < 200; at += 4) {
		for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
			build();
			put_property(0, "12345678", 8);
			put_word(2);
			put_word(2);
			finish();
			if (at + 4 > blob_len)
				continue;
			set(at, bad[i]);
			EXPECT(inside(fdt_scan_chosen(
			    blob, "rng-seed", &len), len));
			EXPECT(fdt_scan_chosen(blob, "none", &len) == NULL);
			(void)fdt_scan_whole(blob);
		}
	}
}

TEST(a_sound_structure_is_whole_and_one_that_does_not_nest_is_not)
{
	build();
	put_word(2);
	put_word(2);
	finish();
	EXPECT(fdt_scan_whole(blob));
	build();
	put_word(2);
	finish();
	EXPECT(!fdt_scan_whole(blob));
	build();
	put_word(2);
	put_word(2);
	put_word(2);
	finish();
	EXPECT(!fdt_scan_whole(blob));
}

/* Its length takes the walk back to where the property begins. */
TEST(a_property_that_steps_backwards_is_damage)
{
	uint32_t at;

	build();
	at = blob_len;
	put_property(0, "", 0);
	put_word(2);
	put_word(2);
	finish();
	EXPECT(fdt_scan_whole(blob));
	set(at + 4, (uint32_t)-12);
	EXPECT(!fdt_scan_whole(blob));
	set(at + 4, 0x7fffffff);
	EXPECT(!fdt_scan_whole(blob));
}
