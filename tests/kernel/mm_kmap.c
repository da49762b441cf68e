/*
 * The kernel's own memory: heap, mappings, stacks.
 */
#include <kernel/ktest.h>
#include <kernel/mm.h>

#include <lib/string.h>

KTEST(pages_appear_at_consecutive_kernel_addresses)
{
	struct page *pages[5];
	char *at;

	for (unsigned i = 0; i < 5; i++) {
		pages[i] = page_alloc_zero();
		EXPECT(pages[i] != NULL);
	}
	at = kmap_pages(pages, 5, PROT_READ | PROT_WRITE);
	EXPECT(at != NULL);
	memset(at, 7, 5 * PAGE_SIZE);
	for (unsigned i = 0; i < 5; i++) {
		const char *p = page_virt(pages[i]);

		EXPECT(p[0] == 7 && p[PAGE_SIZE - 1] == 7);
	}
	kunmap(at, 5 * PAGE_SIZE);
	for (unsigned i = 0; i < 5; i++)
		page_free(pages[i], 0);
}

KTEST(stacks_are_aligned_mapped_and_guarded)
{
	vaddr_t tops[40];
	unsigned prot;
	paddr_t pa;

	for (unsigned i = 0; i < ARRAY_LEN(tops); i++) {
		tops[i] = kstack_alloc();
		EXPECT(tops[i] != 0 && IS_ALIGNED(tops[i], 2 * KSTACK_SIZE));
		memset((char *)tops[i] - KSTACK_SIZE, 1, KSTACK_SIZE);
		EXPECT(!pt_query(&arch_kernel_space,
		    tops[i] - KSTACK_SIZE - 1, &pa, &prot));
		EXPECT(pt_query(&arch_kernel_space, tops[i] - 1, &pa, &prot));
		EXPECT((prot & PROT_EXEC) == 0);
	}
	for (unsigned i = 0; i < ARRAY_LEN(tops); i++)
		kstack_free(tops[i]);
	reclaim_pages(1000);
}

static size_t
free_now(void)
{
	struct page_stats st;

	page_stats(&st);
	return st.free;
}

/* Whoever is asked first: the want of all was too large for one's sum. */
KTEST(all_kept_stacks_come_back_when_all_is_wanted)
{
	vaddr_t tops[16];
	size_t before;

	(void)reclaim_pages(SIZE_MAX);
	before = free_now();
	for (unsigned turn = 0; turn < 8; turn++) {
		for (unsigned i = 0; i < ARRAY_LEN(tops); i++) {
			tops[i] = kstack_alloc();
			EXPECT(tops[i] != 0);
		}
		for (unsigned i = 0; i < ARRAY_LEN(tops); i++)
			kstack_free(tops[i]);
		(void)reclaim_pages(SIZE_MAX);
		EXPECT(free_now() + ARRAY_LEN(tops) > before);
		(void)reclaim_pages(1); /* the next one is first */
	}
}

KTEST(the_heap_gives_memory_back)
{
	static void *got[2000];
	struct page_stats before, after;

	reclaim_pages(1 << 20);
	page_stats(&before);
	for (unsigned i = 0; i < ARRAY_LEN(got); i++) {
		got[i] = kmalloc(700);
		EXPECT(got[i] != NULL);
	}
	for (unsigned i = 0; i < ARRAY_LEN(got); i++)
		kfree(got[i], 700);
	reclaim_pages(1 << 20);
	page_stats(&after);
	EXPECT(after.slab <= before.slab + 4);
}
