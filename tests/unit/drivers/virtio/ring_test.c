// uses: drivers/virtio/ring.c
/* SPDX-License-Identifier: MIT */
/* The other side of the ring, played by hand. */
#include <tests/unit/unit.h>

#include <drivers/virtio/ring.h>

#define SIZE 8u
#define SEGMENTS 4u

static _Alignas(4096) unsigned char memory[3 * 4096];
static unsigned char tables[SIZE * SEGMENTS * RING_DESC_BYTES];
static struct ring_slot slots[SIZE];

static uint16_t *
avail(unsigned word)
{
	return (uint16_t *)(void *)(memory + ring_avail_offset(SIZE)) + word;
}

static uint16_t *
used(unsigned word)
{
	return (uint16_t *)(void *)(memory + ring_used_offset(SIZE)) + word;
}

static uint32_t
desc(unsigned i, unsigned word)
{
	uint32_t v;

	memcpy(&v, memory + i * RING_DESC_BYTES + word * 4, 4);
	return v;
}

static struct ring
start(bool event_idx, bool indirect, bool legacy)
{
	struct ring r;
	const struct ring_setup s = {
		.memory = memory, .slots = slots, .size = SIZE,
		.tables = indirect ? tables : NULL, .tables_bus = 0x5000,
		.segments = SEGMENTS, .event_idx = event_idx, .legacy = legacy,
	};

	memset(memory, 0, sizeof(memory));
	EXPECT(ring_bytes(SIZE) <= sizeof(memory));
	EXPECT(ring_init(&r, &s) == OK);
	return r;
}

static void
answer(uint32_t id, uint32_t len)
{
	uint16_t at = *used(1);

	memcpy(used(2 + at % SIZE * 4), &id, 4);
	memcpy(used(4 + at % SIZE * 4), &len, 4);
	*used(1) = (uint16_t)(at + 1);
}

static const struct ring_buf three[] = {
	{ 0x1000, 16 }, { 0x2000, 100 }, { 0x3000, 28 },
};

TEST(sizes_that_cannot_be_are_refused)
{
	struct ring r;
	struct ring_setup s = { .memory = memory, .slots = slots };

	EXPECT(ring_init(&r, &s) == ERR_INVAL);
	s.size = 6;
	EXPECT(ring_init(&r, &s) == ERR_INVAL);
	s.size = 2 * RING_SIZE_MAX;
	EXPECT(ring_init(&r, &s) == ERR_INVAL);
}

TEST(a_chain_goes_out_and_comes_back)
{
	struct ring r = start(false, false, false);
	void *cookie = NULL;
	uint32_t len = 0;

	EXPECT(!ring_publish(&r));
	EXPECT(ring_add(&r, three, 1, 2, &r) == OK);
	EXPECT_EQ(*avail(1), 0);
	EXPECT(ring_publish(&r));
	EXPECT_EQ(*avail(1), 1);
	EXPECT_EQ(*avail(2), 0);
	EXPECT_EQ(desc(0, 0), 0x1000);
	EXPECT_EQ(desc(0, 3), 1 | 1 << 16);
	EXPECT_EQ(desc(1, 3), 3 | 2 << 16);
	EXPECT_EQ(desc(2, 3) & 0xffff, 2);
	EXPECT(ring_take(&r, &cookie, &len) == ERR_AGAIN && cookie == NULL);
	answer(0, 128);
	EXPECT(ring_pending(&r));
	EXPECT(ring_take(&r, &cookie, &len) == OK);
	EXPECT(cookie == &r && len == 128 && r.free_count == SIZE);
	EXPECT(ring_take(&r, &cookie, &len) == ERR_AGAIN);
}

TEST(a_full_ring_says_so_and_a_chain_that_never_fits_too)
{
	struct ring r = start(false, false, false);
	struct ring_buf many[SIZE + 1] = { 0 };
	void *cookie;
	uint32_t len;

	EXPECT(ring_add(&r, many, 0, SIZE + 1, &r) == ERR_INVAL);
	EXPECT(ring_add(&r, many, 0, 0, &r) == ERR_INVAL);
	EXPECT(ring_add(&r, three, 3, 0, &r) == OK);
	EXPECT(ring_add(&r, three, 3, 0, &r) == OK);
	EXPECT(ring_add(&r, three, 3, 0, &r) == ERR_AGAIN);
	EXPECT(ring_add(&r, three, 2, 0, &r) == OK);
	EXPECT(ring_add(&r, three, 1, 0, &r) == ERR_AGAIN);
	EXPECT_EQ(r.free_count, 0);
	(void)ring_publish(&r);
	answer(3, 0);
	EXPECT(ring_take(&r, &cookie, &len) == OK);
	EXPECT(ring_add(&r, three, 3, 0, &r) == OK);
	EXPECT_EQ(*avail(2 + 3), 3);
}

TEST(tables_take_one_descriptor)
{
	struct ring r = start(false, true, false);

	for (unsigned i = 0; i < SIZE; i++)
		EXPECT(ring_add(&r, three, 1, 2, &r) == OK);
	EXPECT(ring_add(&r, three, 1, 2, &r) == ERR_AGAIN);
	EXPECT_EQ(desc(1, 0), 0x5000 + SEGMENTS * RING_DESC_BYTES);
	EXPECT_EQ(desc(1, 2), 3 * RING_DESC_BYTES);
	EXPECT_EQ(desc(1, 3) & 0xffff, 4);
}

TEST(event_indexes_save_notices_and_interrupts)
{
	struct ring r = start(true, false, false);
	uint16_t *avail_event = used(2 + SIZE * 4);
	uint16_t *used_event = avail(2 + SIZE);

	EXPECT(ring_add(&r, three, 1, 0, &r) == OK);
	EXPECT(ring_publish(&r));
	EXPECT(ring_add(&r, three, 1, 0, &r) == OK);
	EXPECT(!ring_publish(&r));
	*avail_event = 2;
	EXPECT(ring_add(&r, three, 1, 0, &r) == OK);
	EXPECT(ring_publish(&r));
	EXPECT(ring_listen(&r));
	EXPECT_EQ(*used_event, 0);
	ring_silence(&r);
	EXPECT_EQ(*used_event, 0xffff);
	answer(0, 0);
	EXPECT(!ring_listen(&r));
}

TEST(lies_break_the_ring_and_only_it)
{
	static const struct { uint32_t id, len; } lie[] = {
		{ SIZE, 0 }, { UINT32_MAX, 0 }, { 1, 0 }, { 5, 0 }, { 0, 129 },
	};
	void *cookie = NULL;
	uint32_t len = 7;

	for (unsigned i = 0; i < ARRAY_LEN(lie); i++) {
		struct ring r = start(false, false, false);

		EXPECT(ring_add(&r, three, 1, 2, &r) == OK);
		(void)ring_publish(&r);
		answer(lie[i].id, lie[i].len);
		EXPECT(ring_take(&r, &cookie, &len) == ERR_IO);
		EXPECT(r.broken != NULL && cookie == NULL && len == 7);
		EXPECT(!ring_pending(&r));
		EXPECT(ring_add(&r, three, 1, 2, &r) == ERR_IO);
		EXPECT(ring_lost(&r) == &r && ring_lost(&r) == NULL);
		EXPECT_EQ(r.free_count, SIZE);
	}
}

TEST(an_index_that_runs_ahead_is_a_lie)
{
	struct ring r = start(false, false, false);
	void *cookie;
	uint32_t len;

	EXPECT(ring_add(&r, three, 1, 2, &r) == OK);
	(void)ring_publish(&r);
	*used(1) = 2;
	EXPECT(ring_take(&r, &cookie, &len) == ERR_IO);
}

TEST(lengths_of_legacy_devices_are_cut)
{
	struct ring r = start(false, false, true);
	void *cookie;
	uint32_t len;

	EXPECT(ring_add(&r, three, 1, 2, &r) == OK);
	(void)ring_publish(&r);
	answer(0, UINT32_MAX);
	EXPECT(ring_take(&r, &cookie, &len) == OK && len == 128);
}
