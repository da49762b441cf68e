/*
 * Taking pages out of page tables.
 *
 * The order is always: clear the entry, flush, drop the page's reference;
 * nobody may reach a page that can be given to somebody else. Pages collect
 * in a struct zap on the stack, so that one flush serves many.
 *
 * Who holds the space alone clears entries at once: no fault can fill them
 * before the flush. Under the shared lock (zap_shared) an entry is PTE_BETWEEN
 * until all CPUs have answered, so there is never a second translation while
 * some CPU still has the first; faults on other pages go on meanwhile.
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

	e = atomic_load_explicit(slot, memory_order_relaxed);
	do {
		if (UNLIKELY(!pte_present(e)))
			return;
		if (UNLIKELY(z->only_cached) && zap_skips(z, e, va))
			return;
	} while (!atomic_compare_exchange_weak_explicit(slot, &e, 0,
	    memory_order_acq_rel, memory_order_relaxed));
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

/* ---- under the shared lock --------------------------------------------- */

struct shared_zap {
	struct space *space;
	vaddr_t start, end; /* of the entries */
	unsigned count;
	_Atomic(pte_t) *slots[ZAP_PAGES];
	struct page *pages[ZAP_PAGES]; /* NULL: nothing to drop */
};

/* Makes present entry number i PTE_BETWEEN; false: it went meanwhile. */
static bool
shared_take(struct shared_zap *z, unsigned i)
{
	pte_t e = atomic_load_explicit(z->slots[i], memory_order_relaxed);
	struct page *p;

	do {
		if (!pte_present(e))
			return false;
	} while (!atomic_compare_exchange_weak_explicit(z->slots[i], &e,
	    PTE_BETWEEN, memory_order_acq_rel, memory_order_relaxed));
	p = page_of(pte_addr(e));
	z->pages[i] = p == NULL || (page_flags(p) & PAGE_ZERO) != 0 ? NULL : p;
	return true;
}

static void
shared_flush(struct shared_zap *z)
{
	unsigned kept = 0;

	if (z->count == 0)
		return;
	preempt_disable();
	for (unsigned i = 0; i < z->count; i++) {
		z->slots[kept] = z->slots[i];
		if (shared_take(z, kept))
			kept++;
	}
	if (kept != 0)
		tlb_flush(&z->space->arch, z->start, z->end);
	for (unsigned i = 0; i < kept; i++)
		atomic_store_explicit(z->slots[i], 0, memory_order_release);
	preempt_enable();
	for (unsigned i = 0; i < kept; i++) {
		if (z->pages[i] == NULL)
			continue;
		space_resident_add(z->space, -1);
		page_unref(z->pages[i]);
	}
	z->count = 0;
}

static void
shared_collect(_Atomic(pte_t) *slot, vaddr_t va, bool large UNUSED, void *arg)
{
	struct shared_zap *z = arg;

	if (z->count == 0)
		z->start = va;
	z->end = va + PAGE_SIZE;
	z->slots[z->count++] = slot;
	if (z->count == ZAP_PAGES)
		shared_flush(z);
}

void
zap_shared(struct region *r, vaddr_t start, vaddr_t end)
{
	struct shared_zap z;

	z.space = r->space;
	z.count = 0;
	region_walk(r, (vaddr_t[2]){ start, end }, shared_collect, &z);
	shared_flush(&z);
}
