/*
 * Taking pages out of page tables.
 *
 * The order is always: clear the entry, flush, drop the page's reference;
 * nobody may reach a page that can be given to somebody else. Pages collect
 * in a struct zap on the stack, so that one flush serves many.
 */
#include "region.h"

void
region_walk(
    struct region *r, const vaddr_t range[2], pt_visit *fn, void *arg)
{
	vaddr_t low = MAX(range[0], atomic_load_explicit(
	    &r->touched_low, memory_order_relaxed));
	vaddr_t high = MIN(range[1], atomic_load_explicit(
	    &r->touched_high, memory_order_relaxed));

	if (low < high)
		pt_walk(&r->space->arch, low, high, fn, arg);
}

static void
zap_flush(struct zap *z)
{
	if (z->start < z->end && !z->no_flush)
		tlb_flush(&z->space->arch, z->start, z->end);
	z->start = ~(vaddr_t)0;
	z->end = 0;
	for (unsigned i = 0; i < z->count; i++)
		page_unref(z->pages[i]);
	z->count = 0;
}

/* Private copies stay when only pages of the object's cache shall go. */
static bool
zap_skips(const struct zap *z, pte_t e, vaddr_t va)
{
	struct page *p;

	if (!z->only_cached || (z->region->flags & REGION_SHARED) != 0)
		return false;
	p = page_of(pte_addr(e));
	return p != NULL && ((page_flags(p) & PAGE_CACHED) == 0 ||
	    p->index != region_index(z->region, va));
}

static void
zap_entry(_Atomic(pte_t) *slot, vaddr_t va, bool large UNUSED, void *arg)
{
	struct zap *z = arg;
	struct page *p;
	pte_t e;

	if (UNLIKELY(z->only_cached) && zap_skips(z,
	    atomic_load_explicit(slot, memory_order_relaxed), va))
		return;
	e = atomic_exchange_explicit(slot, 0, memory_order_acq_rel);
	if (UNLIKELY(!pte_present(e)))
		return;
	z->start = MIN(z->start, va);
	z->end = MAX(z->end, va + PAGE_SIZE);
	if (UNLIKELY((z->region->flags & REGION_PHYS) != 0))
		return;
	p = page_of(pte_addr(e));
	if (p == NULL || (page_flags(p) & PAGE_ZERO) != 0)
		return;
	z->pages[z->count++] = p;
	space_resident_add(z->space, -1);
	if (z->count == ZAP_PAGES)
		zap_flush(z);
}

void
zap_range(struct zap *z, struct region *r, vaddr_t start, vaddr_t end)
{
	z->region = r;
	region_walk(r, (vaddr_t[2]){ start, end }, zap_entry, z);
}

void
zap_end(struct zap *z)
{
	zap_flush(z);
}
