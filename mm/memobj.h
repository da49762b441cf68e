/*
 * Inside the page cache: shared by mm/memobj*.c.
 */
#pragma once

#include <kernel/space.h>

#include "page.h"

#define MEMOBJ_TAG_DIRTY 0

/* Pages can be got again: a hole is not known to be a hole. */
static inline bool
memobj_is_stored(const struct memobj *m)
{
	return m->ops != NULL &&
	    (m->ops->fill != NULL || m->ops->direct != NULL);
}

static inline enum err
memobj_charge(struct memobj *m, long pages)
{
	return m->ops != NULL && m->ops->charge != NULL ?
	    m->ops->charge(m, pages) : OK;
}

static inline void
memobj_uncharge(struct memobj *m, long pages)
{
	if (pages > 0)
		err_ignore(memobj_charge(m, -pages)); /* giving never fails */
}

/* Under m->lock. Inserts p, which is nowhere yet; the tree takes a reference
 * of its own. False: out of memory. */
bool memobj_insert(
    struct memobj *m, uint64_t index, struct page *p, unsigned flags);
/* Under m->lock. The caller owns the tree's reference then; NULL: a hole. */
struct page *memobj_remove(struct memobj *m, uint64_t index);

static inline void
memobj_dirty_locked(struct memobj *m, uint64_t index, struct page *p)
{
	unsigned flags;

	if (m->ops == NULL || m->ops->write_back == NULL)
		return;
	flags = page_flags(p);
	if ((flags & PAGE_DIRTY) != 0)
		return;
	page_set_flags(p, flags | PAGE_DIRTY);
	radix_tag_set(&m->pages, index, MEMOBJ_TAG_DIRTY);
}
