/*
 * Kernel mappings of the host port, in place of mm/kmap.c: there is no MMU to
 * ask, so stacks come from malloc, and consecutive mappings are only given
 * for a single page, which the direct map has anyway.
 */
#include <stdlib.h>

#include <kernel/mm.h>

void
kmap_init(void)
{
}

void *
kmap_pages(struct page *const *pages, size_t count, unsigned prot UNUSED)
{
	return count == 1 ? page_virt(pages[0]) : NULL;
}

void *
kmap_phys(paddr_t pa, size_t len UNUSED, unsigned prot UNUSED)
{
	return page_of(pa) != NULL ? phys_to_virt(pa) : NULL;
}

void
kunmap(void *va UNUSED, size_t len UNUSED)
{
}

vaddr_t
kstack_alloc(void)
{
	void *p = aligned_alloc(KSTACK_SIZE, KSTACK_SIZE);

	return p != NULL ? (vaddr_t)p + KSTACK_SIZE : 0;
}

void
kstack_free(vaddr_t top)
{
	free((void *)(top - KSTACK_SIZE));
}

void
kstack_trim(void)
{
	/* Nothing is kept. */
}
