/*
 * The memory functions that a port may bring in place of lib/string.c's, which
 * unit tests do not reach.
 */
#include <kernel/ktest.h>
#include <kernel/mm.h>

#include <lib/string.h>

#define ROOM 800

/* Calls, where the compiler would put its own. */
static void *(*volatile copy)(void *restrict, const void *restrict, size_t) =
    memcpy;
static void *(*volatile fill)(void *, int, size_t) = memset;

static uint8_t from[ROOM], to[ROOM];

/* The n bytes at to + at are what they should be, and nothing around them. */
static bool
only_those(size_t at, size_t n, size_t source, int byte)
{
	for (size_t i = 0; i < ROOM; i++) {
		uint8_t want = i < at || i >= at + n ? 0xee :
		    byte >= 0 ? (uint8_t)byte : from[source + i - at];

		if (to[i] != want)
			return false;
	}
	return true;
}

static void
blank(void)
{
	for (size_t i = 0; i < ROOM; i++) {
		from[i] = (uint8_t)(i * 7 + 1);
		to[i] = 0xee;
	}
}

KTEST(the_ports_memory_functions_touch_what_they_say)
{
	for (size_t n = 0; n <= 770; n += n < 140 ? 1 : 7) {
		for (size_t at = 0; at < 9; at++) {
			blank();
			EXPECT(copy(to + at, from + 3, n) == to + at);
			EXPECT(only_those(at, n, 3, -1));
			blank();
			EXPECT(fill(to + at, 0x1a5, n) == to + at);
			EXPECT(only_those(at, n, 0, 0xa5));
		}
	}
}

KTEST(the_ports_page_functions_touch_one_page)
{
	struct page *p = page_alloc(2);
	uint8_t *bytes;

	EXPECT(p != NULL);
	bytes = page_virt(p);
	for (size_t i = 0; i < 4 * PAGE_SIZE; i++)
		bytes[i] = (uint8_t)(i * 7 + i / PAGE_SIZE);
	page_copy(bytes + 2 * PAGE_SIZE, bytes);
	EXPECT(memcmp(bytes + 2 * PAGE_SIZE, bytes, PAGE_SIZE) == 0);
	EXPECT(bytes[2 * PAGE_SIZE - 1] == (uint8_t)((2 * PAGE_SIZE - 1) * 7 + 1));
	EXPECT(bytes[3 * PAGE_SIZE] == (uint8_t)(3 * PAGE_SIZE * 7 + 3));
	page_zero(bytes + PAGE_SIZE);
	EXPECT(bytes[PAGE_SIZE] == 0 && memcmp(bytes + PAGE_SIZE,
	    bytes + PAGE_SIZE + 1, PAGE_SIZE - 1) == 0);
	EXPECT(bytes[PAGE_SIZE - 1] == (uint8_t)((PAGE_SIZE - 1) * 7));
	EXPECT(bytes[2 * PAGE_SIZE] == 0 && bytes[2 * PAGE_SIZE + 1] == 7);
	page_free(p, 2);
}
