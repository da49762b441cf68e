/*
 * The address checks know what the allocators handed out. Without
 * BUILD=asan only the allocations are made.
 */
#include <kernel/asan.h>
#include <kernel/ktest.h>
#include <kernel/mm.h>

KTEST(asan_an_allocation_ends_where_it_was_asked_to)
{
	static const size_t sizes[] = { 1, 8, 20, 96, 100, 3000 };

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		char *p = kmalloc(sizes[i]);

		EXPECT(p != NULL);
		if (p == NULL)
			return;
		EXPECT(!asan_is_bad(p, sizes[i]));
		EXPECT(asan_is_bad(p + sizes[i], 1) == CARMINE_ASAN);
		kfree(p, sizes[i]);
		EXPECT(asan_is_bad(p, 1) == CARMINE_ASAN);
		EXPECT(asan_is_bad(p, sizes[i]) == CARMINE_ASAN);
	}
}

KTEST(asan_a_free_page_may_not_be_used)
{
	struct page *p = page_alloc(1);
	char *at = p != NULL ? page_virt(p) : NULL;

	EXPECT(p != NULL);
	if (p == NULL)
		return;
	EXPECT(!asan_is_bad(at, 2 * PAGE_SIZE));
	page_free(p, 1);
	EXPECT(asan_is_bad(at, 1) == CARMINE_ASAN);
	EXPECT(asan_is_bad(at + 2 * PAGE_SIZE - 1, 1) == CARMINE_ASAN);
}
