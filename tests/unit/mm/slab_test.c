// uses: mm/page.c mm/reclaim.c lib/string_ext.c mm/slab.c mm/kmalloc.c
/* SPDX-License-Identifier: MIT */
#include <tests/unit/unit.h>

#include "shim.h"

#include <lib/random.h>

static void
boot(void)
{
	static bool done;

	if (done)
		return;
	done = true;
	shim_boot(MIB(32));
	page_init();
	slab_init();
}

static struct slab_stats
stats_of(const char *name)
{
	struct slab_stats st;

	for (unsigned i = 0; slab_stats(i, &st); i++)
		if (strcmp(st.name, name) == 0)
			return st;
	return (struct slab_stats){ 0 };
}

TEST(objects_are_apart_and_aligned)
{
	static char *got[500];
	struct slab_cache *c;

	boot();
	c = slab_cache_create("apart", 72, 64);
	for (unsigned i = 0; i < ARRAY_LEN(got); i++) {
		got[i] = slab_alloc(c);
		EXPECT(got[i] != NULL && IS_ALIGNED((uintptr_t)got[i], 64));
		memset(got[i], (int)(i & 0xff), 72);
	}
	EXPECT_EQ(stats_of("apart").live, ARRAY_LEN(got));
	for (unsigned i = 0; i < ARRAY_LEN(got); i++) {
		EXPECT_EQ((unsigned char)got[i][0], i & 0xff);
		EXPECT_EQ((unsigned char)got[i][71], i & 0xff);
		slab_free(c, got[i]);
	}
	EXPECT_EQ(stats_of("apart").live, 0);
	/* Only the magazine's slabs and a spare one are kept. */
	EXPECT(stats_of("apart").pages <= 4);
	reclaim_pages(1000);
	EXPECT_EQ(stats_of("apart").pages, 0);
}

TEST(every_size_up_to_the_limit_is_served)
{
	boot();
	for (size_t size = 0; size <= 128 * 1024;
	     size += size < 4096 ? 7 : 1021) {
		char *p = kmalloc(size);

		EXPECT(p != NULL && IS_ALIGNED((uintptr_t)p, 16));
		memset(p, 0x5a, size);
		kfree(p, size);
	}
	EXPECT(kmalloc(128 * 1024 + 1) == NULL);
	EXPECT(kmalloc(SIZE_MAX) == NULL);
	kfree(NULL, 64);
}

TEST(zeroed_memory_is_zero)
{
	unsigned char *p;

	boot();
	for (unsigned i = 0; i < 50; i++) {
		p = kzalloc(200);
		EXPECT(p != NULL);
		for (unsigned k = 0; k < 200; k++)
			EXPECT_EQ(p[k], 0);
		memset(p, 0xff, 200);
		kfree(p, 200);
	}
}

TEST(a_random_life_leaks_nothing)
{
	static struct { char *p; size_t size; } live[400];
	struct page_stats before, after;
	size_t count = 0;
	struct prng rnd;

	boot();
	prng_seed(&rnd, 7);
	reclaim_pages(10000);
	page_stats(&before);
	for (unsigned turn = 0; turn < 100000; turn++) {
		if (count < ARRAY_LEN(live) && prng_below(&rnd, 2) == 0) {
			size_t size = 1 + prng_below(&rnd, 5000);
			char *p = kmalloc(size);

			EXPECT(p != NULL);
			p[0] = (char)size;
			p[size - 1] = (char)size;
			live[count].p = p;
			live[count++].size = size;
		} else if (count > 0) {
			size_t i = prng_below(&rnd, count);

			EXPECT_EQ(live[i].p[0], (char)live[i].size);
			EXPECT_EQ(live[i].p[live[i].size - 1],
			    (char)live[i].size);
			kfree(live[i].p, live[i].size);
			live[i] = live[--count];
		}
	}
	while (count > 0) {
		count--;
		kfree(live[count].p, live[count].size);
	}
	reclaim_pages(10000);
	page_stats(&after);
	/* The magazines made meanwhile stay. */
	EXPECT(after.slab <= before.slab + 6);
	for (unsigned i = 0; ; i++) {
		struct slab_stats st;

		if (!slab_stats(i, &st))
			break;
		if (strcmp(st.name, "kmalloc-4096") < 0)
			EXPECT(st.live <= 40);
	}
}

TEST(a_write_beyond_an_object_is_found)
{
	char *p;

	boot();
	p = kmalloc(64);
	p[64] = 1;
	EXPECT_PANIC(kfree(p, 64));
}

TEST(a_write_after_free_is_found)
{
	struct slab_cache *c;
	char *p;

	boot();
	c = slab_cache_create("after-free", 64, 16);
	p = slab_alloc(c);
	slab_free(c, p);
	p[20] = 1;
	EXPECT_PANIC((void)slab_alloc(c));
}

TEST(freeing_with_the_wrong_size_is_found)
{
	char *p;

	boot();
	p = kmalloc(100);
	EXPECT_PANIC(kfree(p, 300));
	p = kmalloc(9000);
	EXPECT_PANIC(kfree(p, 5000));
}

TEST(failure_injection_reaches_the_heap)
{
	void *p;

	boot();
	atomic_store(&alloc_fail_at, 1);
	EXPECT(kmalloc(32) == NULL);
	p = kmalloc(32);
	EXPECT(p != NULL);
	kfree(p, 32);
}
