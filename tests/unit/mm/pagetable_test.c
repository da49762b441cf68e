// uses: mm/page.c mm/reclaim.c lib/string_ext.c mm/pagetable.c
/* SPDX-License-Identifier: MIT */
#include <tests/unit/unit.h>

#include "shim.h"

#include <lib/random.h>
#include <mm/pagetable.h>

static struct arch_space space;

static void
boot(void)
{
	static bool done;
	struct page *root;

	if (done)
		return;
	done = true;
	shim_boot(MIB(64));
	page_init();
	root = page_alloc_zero();
	space.root = page_phys(root);
}

static uint64_t
tables(void)
{
	struct page_stats st;

	page_stats(&st);
	return st.tables;
}

TEST(what_is_mapped_can_be_queried)
{
	unsigned prot = 0;
	paddr_t pa = 0;

	boot();
	EXPECT(!pt_query(&space, 0x123000, &pa, &prot));
	EXPECT_EQ(pt_map(&space, 0x123000, RAM_START + 0x5000,
	    PROT_READ | PROT_USER), OK);
	EXPECT_EQ(pt_map(&space, 0x123000, RAM_START, PROT_READ),
	    ERR_EXISTS);
	EXPECT(pt_query(&space, 0x123456, &pa, &prot));
	EXPECT_EQ(pa, RAM_START + 0x5456);
	EXPECT_EQ(prot, PROT_READ | PROT_USER);
	atomic_store(pt_slot(&space, 0x123000, false, NULL), 0);
	EXPECT(!pt_query(&space, 0x123000, &pa, &prot));
	pt_free_range(&space, 0, UINT64_C(1) << 38);
	EXPECT_EQ(tables(), 0);
}

TEST(large_leaves_translate_and_are_not_overwritten)
{
	unsigned prot;
	bool large = false;
	paddr_t pa;

	boot();
	EXPECT_EQ(pt_map_large(&space, MIB(6), RAM_START + MIB(2),
	    PROT_READ), OK);
	EXPECT(pt_query(&space, MIB(6) + 0x12345, &pa, &prot));
	EXPECT_EQ(pa, RAM_START + MIB(2) + 0x12345);
	EXPECT(pt_slot(&space, MIB(6) + 0x3000, true, &large) != NULL);
	EXPECT(large);
	EXPECT_EQ(pt_map(&space, MIB(6), RAM_START, PROT_READ), ERR_EXISTS);
	EXPECT_EQ(pt_map_large(&space, MIB(6), RAM_START, PROT_READ),
	    ERR_EXISTS);
	atomic_store(pt_slot(&space, MIB(6), false, &large), 0);
	pt_free_range(&space, 0, UINT64_C(1) << 38);
	EXPECT_EQ(tables(), 0);
}

struct seen {
	vaddr_t va[64];
	unsigned count;
};

static void
see(_Atomic(pte_t) *slot, vaddr_t va, bool large, void *arg)
{
	struct seen *s = arg;

	(void)large;
	if (s->count < 64)
		s->va[s->count] = va;
	s->count++;
	atomic_store(slot, 0);
}

TEST(a_walk_meets_exactly_the_leaves_of_its_range_in_order)
{
	static const vaddr_t mapped[] = { 0, 0x1000, 0x1ff000, 0x200000,
		0x3fffffff000 & ((UINT64_C(1) << 38) - 1), 0x40000000,
		0x40001000, UINT64_C(0x3ffffff000) };
	struct seen s = { .count = 0 };

	boot();
	for (unsigned i = 0; i < ARRAY_LEN(mapped); i++)
		err_ignore(pt_map(&space, mapped[i], RAM_START, PROT_READ));
	pt_walk(&space, 0x1000, 0x40001000, see, &s);
	EXPECT_EQ(s.count, 4);
	EXPECT_EQ(s.va[0], 0x1000);
	EXPECT_EQ(s.va[1], 0x1ff000);
	EXPECT_EQ(s.va[2], 0x200000);
	EXPECT_EQ(s.va[3], 0x40000000);
	s.count = 0;
	pt_walk(&space, 0, UINT64_C(1) << 38, see, &s);
	EXPECT_EQ(s.count, 3);
	pt_free_range(&space, 0, UINT64_C(1) << 38);
	EXPECT_EQ(tables(), 0);
}

TEST(only_tables_that_lie_wholly_in_the_range_are_freed)
{
	uint64_t before;

	boot();
	EXPECT_EQ(pt_map(&space, 0x0, RAM_START, PROT_READ), OK);
	EXPECT_EQ(pt_map(&space, MIB(2), RAM_START, PROT_READ), OK);
	EXPECT_EQ(tables(), 3);
	atomic_store(pt_slot(&space, MIB(2), false, NULL), 0);
	before = shim_flushes;
	pt_free_range(&space, 0x1000, MIB(4) - 0x1000);
	EXPECT_EQ(tables(), 3);
	EXPECT_EQ(shim_flushes, before);
	pt_free_range(&space, 0x1000, MIB(4));
	EXPECT_EQ(tables(), 2);
	EXPECT_EQ(shim_flushes, before + 1);
	atomic_store(pt_slot(&space, 0, false, NULL), 0);
	pt_free_range(&space, 0, GIB(1));
	EXPECT_EQ(tables(), 0);
}

TEST(a_walk_of_the_last_addresses_ends_there)
{
	const vaddr_t top = -(vaddr_t)MIB(4);
	struct seen s = { .count = 0 };

	boot();
	EXPECT_EQ(pt_map(&space, top, RAM_START, PROT_READ), OK);
	EXPECT_EQ(pt_map(&space, top + 0x1000, RAM_START, PROT_READ), OK);
	pt_walk(&space, top, top + 0x1000, see, &s);
	EXPECT_EQ(s.count, 1);
	EXPECT_EQ(s.va[0], top);
	pt_walk(&space, -(vaddr_t)GIB(256), -(vaddr_t)PAGE_SIZE, see, &s);
	EXPECT_EQ(s.count, 2);
	EXPECT_EQ(s.va[1], top + 0x1000);
	pt_free_range(&space, 0, UINT64_C(1) << 38);
	pt_free_range(&space, top, top + MIB(2));
}

TEST(a_full_machine_answers_out_of_memory)
{
	uint64_t before;

	boot();
	before = tables();
	atomic_store(&alloc_fail_at, 2);
	EXPECT_EQ(pt_map(&space, GIB(3), RAM_START, PROT_READ), ERR_NOMEM);
	EXPECT_EQ(pt_map(&space, GIB(3), RAM_START, PROT_READ), OK);
	atomic_store(pt_slot(&space, GIB(3), false, NULL), 0);
	pt_free_range(&space, 0, UINT64_C(1) << 38);
	EXPECT_EQ(tables(), before);
}
