/*
 * What the parts of mm/ know of the page allocator beside <kernel/mm.h>.
 */
#pragma once

#include <kernel/mm.h>

/* What pages are used for; shown by page_stats(). */
enum page_use { PAGE_USE_CACHED, PAGE_USE_SLAB, PAGE_USE_TABLES, PAGE_USES };

extern atomic_long page_use_counts[PAGE_USES];

static inline void
page_use_add(enum page_use use, long pages)
{
	atomic_fetch_add_explicit(
	    &page_use_counts[use], pages, memory_order_relaxed);
}

static inline unsigned
page_flags(const struct page *p)
{
	return atomic_load_explicit(&p->flags, memory_order_acquire);
}

static inline void
page_set_flags(struct page *p, unsigned flags)
{
	atomic_store_explicit(
	    &p->flags, (unsigned char)flags, memory_order_release);
}

static inline unsigned
page_refs(const struct page *p)
{
	return atomic_load_explicit(&p->refs.count, memory_order_acquire);
}

/* Counts this allocation, if it counts; true: it is the one to fail. */
bool alloc_counts_down(void);
/* True when fault injection wants this allocation to fail. */
static inline bool
alloc_must_fail(void)
{
	return UNLIKELY(atomic_load_explicit(
	    &alloc_fail_at, memory_order_relaxed) != 0) && alloc_counts_down();
}

/* Gives this CPU's cached single pages back to the buddy lists. */
void page_drain_cpu(void);
