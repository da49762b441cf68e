/*
 * What every port's address spaces have in common.
 */
#include <kernel/mm.h>

#include "space.h"

enum err
space_root(struct arch_space *s, pte_t **root)
{
	struct page *p = page_alloc_zero();

	if (p == NULL)
		return ERR_NOMEM;
	s->root = page_phys(p);
	atomic_store(&s->cpus, 0);
	atomic_store(&s->generation, 0);
	*root = page_virt(p);
	return OK;
}

void
arch_space_free(struct arch_space *s)
{
	if (s->root != 0)
		page_free(page_of(s->root), 0);
	s->root = 0;
}
