// uses: mm/page.c mm/reclaim.c lib/string_ext.c
/* SPDX-License-Identifier: MIT */
#include <tests/unit/unit.h>

#undef PROT_READ
#undef PROT_WRITE
#undef PROT_EXEC
#include "shim.h"

#include <lib/random.h>
#include <mm/page.h>

#define RAM_BYTES MIB(64)
#define INITRD    (RAM_START + MIB(40) + 3 * PAGE_SIZE)

static void
boot(void)
{
	static bool done;

	if (done)
		return;
	done = true;
	shim_boot(RAM_BYTES);
	boot_info.reserved[0] = (struct boot_range){ RAM_START, MIB(1) };
	boot_info.reserved[1] = (struct boot_range){ INITRD, 5000 };
	boot_info.reserved[2] =
	    (struct boot_range){ RAM_START + MIB(16), MIB(8) };
	boot_info.reserved_count = 3;
	page_init();
}

static uint64_t
free_pages(void)
{
	struct page_stats st;

	page_stats(&st);
	return st.free;
}

TEST(counts_add_up_before_anything_is_online)
{
	struct page_stats st;

	boot();
	page_stats(&st);
	EXPECT_EQ(st.total, RAM_BYTES >> PAGE_SHIFT);
	/* 9 MiB, two pages of the initrd, one of the section table. */
	EXPECT_EQ(st.reserved, (MIB(9) >> PAGE_SHIFT) + 3);
	/* The zero page, and the map of the first section. */
	EXPECT(st.total - st.reserved - st.free <= 1 + 16);
}

TEST(addresses_and_pages_lead_to_each_other)
{
	struct page *p;

	boot();
	p = page_alloc(0);
	EXPECT(p != NULL && page_of(page_phys(p)) == p);
	EXPECT(page_of(page_phys(p) + 4095) == p);
	page_free(p, 0);
	EXPECT(page_of(0) == NULL);
	EXPECT(page_of(RAM_START - 1) == NULL);
	EXPECT(page_of(RAM_START + RAM_BYTES) == NULL);
}

TEST(a_reserved_page_of_an_offline_section_can_be_counted)
{
	struct page *p;
	uint64_t before;

	boot();
	p = page_of(INITRD);
	EXPECT(p != NULL && page_phys(p) == INITRD);
	EXPECT((page_flags(p) & PAGE_RESERVED) != 0);
	before = free_pages();
	page_ref(p);
	page_unref(p);
	EXPECT_EQ(page_refs(p), 1);
	EXPECT_EQ(free_pages(), before);
	p = page_of(INITRD + 2 * PAGE_SIZE);
	EXPECT(p != NULL && (page_flags(p) & PAGE_RESERVED) == 0);
	/* A section that is reserved as a whole. */
	p = page_of(RAM_START + MIB(17));
	EXPECT(p != NULL && (page_flags(p) & PAGE_RESERVED) != 0);
}

TEST(blocks_are_aligned_and_disjoint_and_merge_again)
{
	struct { struct page *p; unsigned order; } live[300];
	size_t count = 0;
	struct prng rnd;
	uint64_t before;

	boot();
	prng_seed(&rnd, 42);
	page_drain_cpu();
	before = free_pages();
	for (unsigned turn = 0; turn < 20000; turn++) {
		if (count < ARRAY_LEN(live) && prng_below(&rnd, 2) == 0) {
			unsigned order = (unsigned)prng_below(&rnd, 7);
			struct page *p = page_alloc(order);
			unsigned char *b;

			if (p == NULL)
				continue;
			EXPECT(IS_ALIGNED(page_phys(p), PAGE_SIZE << order));
			b = page_virt(p);
			memset(b, (int)(count & 0xff), PAGE_SIZE << order);
			p->private = count & 0xff;
			live[count].p = p;
			live[count++].order = order;
		} else if (count > 0) {
			size_t i = prng_below(&rnd, count);
			unsigned char *b = page_virt(live[i].p);
			size_t last = (PAGE_SIZE << live[i].order) - 1;

			EXPECT_EQ(b[0], live[i].p->private);
			EXPECT_EQ(b[last], live[i].p->private);
			page_free(live[i].p, live[i].order);
			live[i] = live[--count];
		}
	}
	while (count > 0) {
		count--;
		page_free(live[count].p, live[count].order);
	}
	page_drain_cpu();
	/* Sections that came online meanwhile paid for their maps. */
	EXPECT(before - free_pages() <= 16 * 8);
	before = free_pages();
	/* Everything merged: a large block is there again. */
	EXPECT(page_alloc(10) != NULL);
	EXPECT_EQ(before - free_pages(), 1 << 10);
}

TEST(all_memory_can_be_taken_and_then_null_comes)
{
	struct page *first = NULL, *p;
	uint64_t before, n = 0;

	boot();
	page_drain_cpu();
	before = free_pages();
	while ((p = page_alloc(0)) != NULL) {
		*(struct page **)page_virt(p) = first;
		first = p;
		n++;
	}
	EXPECT(n + 8 * 16 >= before);
	EXPECT_EQ(free_pages(), 0);
	while (first != NULL) {
		p = first;
		first = *(struct page **)page_virt(p);
		page_free(p, 0);
	}
	EXPECT_EQ(free_pages(), n);
}

static size_t
reclaim_one(size_t want)
{
	static struct page *kept;

	(void)want;
	if (kept == NULL) {
		kept = page_alloc(0);
		return 0;
	}
	page_free(kept, 0);
	kept = NULL;
	return 1;
}

TEST(a_reclaimer_is_asked_before_null_comes)
{
	static struct reclaimer r = { .name = "one", .reclaim = reclaim_one };
	struct page *first = NULL, *p;

	boot();
	reclaim_register(&r);
	EXPECT_EQ(reclaim_pages(1), 0); /* it takes a page now */
	while (free_pages() > 0) {
		p = page_alloc(0);
		if (p == NULL)
			break;
		*(struct page **)page_virt(p) = first;
		first = p;
	}
	p = page_alloc(0); /* the one that was kept */
	EXPECT(p != NULL);
	page_free(p, 0);
	while (first != NULL) {
		p = first;
		first = *(struct page **)page_virt(p);
		page_free(p, 0);
	}
}

TEST(the_nth_allocation_can_be_made_to_fail)
{
	struct page *p;

	boot();
	atomic_store(&alloc_fail_at, 2);
	p = page_alloc(0);
	EXPECT(p != NULL);
	EXPECT(page_alloc(0) == NULL);
	page_free(p, 0);
	p = page_alloc(0);
	EXPECT(p != NULL);
	page_free(p, 0);
}
