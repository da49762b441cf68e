/*
 * Memory objects with a store behind them: filling, writing back, and what is
 * written to a mapping after its page went to the store.
 */
#include <kernel/ktest.h>
#include <kernel/mm.h>
#include <kernel/space.h>
#include <kernel/task.h>
#include <kernel/user.h>

#include <lib/string.h>

#include "threads.h"

#define AT    UINT64_C(0x10000000)
#define PAGES 4u

/* A store of one word per page. */
static struct {
	struct memobj m;
	uint64_t word[PAGES];
	unsigned fills, writes;
	enum err answer; /* of the next writes */
	bool released;
} store;

static enum err
store_fill(struct memobj *m UNUSED, uint64_t index, struct page *p)
{
	memset(page_virt(p), 0, PAGE_SIZE);
	memcpy(page_virt(p), &store.word[index], sizeof(uint64_t));
	store.fills++;
	return OK;
}

static enum err
store_write(struct memobj *m UNUSED, uint64_t index, struct page *p)
{
	store.writes++;
	if (store.answer == OK)
		memcpy(&store.word[index], page_virt(p), sizeof(uint64_t));
	return store.answer;
}

static void
store_release(struct memobj *m)
{
	memobj_fini(m);
	store.released = true;
}

static const struct memobj_ops store_ops = {
	.fill = store_fill,
	.write_back = store_write,
	.release = store_release,
};

/* In a task of its own: maps the store and writes to it. */
static void
write_mapped(void *unused UNUSED)
{
	struct space *s = task_current()->space;
	const struct map_request q = { .addr = AT, .len = PAGES * PAGE_SIZE,
		.prot = PROT_READ | PROT_WRITE, .how = MAP_AT,
		.obj = &store.m, .flags = REGION_SHARED };
	uint64_t v = 0;
	vaddr_t got;

	EXPECT_OK(space_map(s, &q, &got));
	EXPECT_OK(user_load64(AT + PAGE_SIZE, &v));
	EXPECT(v == 101);
	EXPECT_OK(memobj_sync(&store.m, 0, UINT64_MAX));
	EXPECT(store.writes == 0); /* read only */
	EXPECT_OK(user_store64(AT + PAGE_SIZE, 7));
	EXPECT_OK(user_store64(AT + 2 * PAGE_SIZE, 8));
	EXPECT_OK(memobj_sync(&store.m, PAGE_SIZE, 2 * PAGE_SIZE));
	EXPECT(store.writes == 1 && store.word[1] == 7);
	EXPECT(store.word[2] == 102);
	/* The mapping does not write past the store. */
	EXPECT_OK(user_store64(AT + PAGE_SIZE, 9));
	EXPECT_OK(memobj_sync(&store.m, 0, UINT64_MAX));
	EXPECT(store.writes == 3);
	EXPECT(store.word[1] == 9 && store.word[2] == 8);
	EXPECT_OK(memobj_sync(&store.m, 0, UINT64_MAX));
	EXPECT(store.writes == 3);
	/* What could not be written is still to be written. */
	store.answer = ERR_IO;
	EXPECT_OK(user_store64(AT, 5));
	EXPECT(memobj_sync(&store.m, 0, UINT64_MAX) == ERR_IO);
	EXPECT(store.word[0] == 100);
	store.answer = OK;
	EXPECT_OK(memobj_sync(&store.m, 0, UINT64_MAX));
	EXPECT(store.word[0] == 5 && store.writes == 5);
}

static void
write_called(void)
{
	uint64_t word = 11;
	struct iter it;
	size_t done = 0;

	iter_kernel(&it, &word, sizeof(word), false);
	EXPECT_OK(memobj_write(&store.m, 3 * PAGE_SIZE, &it, &done));
	EXPECT(done == sizeof(word));
	EXPECT_OK(memobj_sync(&store.m, 0, UINT64_MAX));
	EXPECT(store.word[3] == 11);
	EXPECT(memobj_punch(&store.m, 0, PAGE_SIZE) == ERR_NOTSUP);
}

KTEST(a_store_gets_what_was_written_and_no_more)
{
	memset(&store, 0, sizeof(store));
	for (unsigned i = 0; i < PAGES; i++)
		store.word[i] = 100 + i;
	memobj_init(&store.m, &store_ops, PAGES * PAGE_SIZE, NULL);
	test_task_run(write_mapped, NULL);
	write_called();
	EXPECT(store.fills <= PAGES);
	obj_unref(&store.m.obj);
	EXPECT(store.released);
}
