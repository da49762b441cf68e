/*
 * Changing protection, and moving or resizing mappings.
 *
 * Both first cut regions at the borders of the range, then change whole
 * regions. Neighbours that became alike are joined again, so that a program
 * that plays with protections does not collect regions.
 */
#include "region.h"

#include <kernel/file.h>

#include "pagetable.h"

/* ---- joining ---------------------------------------------------------- */

static bool
can_join(const struct region *a, const struct region *b)
{
	return a->end == b->start && a->obj == b->obj && a->file == b->file &&
	    a->prot == b->prot && a->max_prot == b->max_prot &&
	    a->flags == b->flags && a->name == b->name &&
	    (a->flags & REGION_GROWSDOWN) == 0 &&
	    ((a->obj == NULL && (a->flags & REGION_PHYS) == 0) ||
	    b->offset == a->offset + (a->end - a->start));
}

/* Joins a with its right neighbour if they are alike; the neighbour goes to
 * dead. Gives the region that is next then. */
static struct region *
region_join(struct space *s, struct region *a, struct list *dead)
{
	struct region *b = space_next(a);
	struct memobj *m = a->obj;
	vaddr_t end;

	if (b == NULL || !can_join(a, b))
		return b;
	end = b->end;
	region_obj_lock(a);
	if (m != NULL)
		list_del(&b->obj_link);
	region_erase(&s->regions, b);
	region_set_bounds(a, a->start, end);
	region_touch(a, atomic_load(&b->touched_low),
	    atomic_load(&b->touched_high));
	if (atomic_load(&b->has_copies))
		atomic_store(&a->has_copies, true);
	region_obj_unlock(a);
	if (m != NULL && region_counts_writer(b))
		atomic_fetch_sub(&m->writers, 1);
	s->region_count--;
	atomic_store_explicit(&s->recent, NULL, memory_order_relaxed);
	list_add_tail(dead, &b->obj_link);
	return a;
}

/* Joins what can be joined around [start, end). */
static void
regions_join(struct space *s, vaddr_t start, vaddr_t end, struct list *dead)
{
	struct region *r = region_find(&s->regions, start);

	if (r != NULL && region_prev(r) != NULL)
		r = region_prev(r);
	while (r != NULL && r->start <= end)
		r = region_join(s, r, dead);
}

/* ---- mprotect --------------------------------------------------------- */

struct reprotect {
	struct region *region;
	vaddr_t start, end; /* entries that lost something */
	bool executable; /* code may have been written before */
};

/* The right to write is not given here: the next write faults and decides
 * between the page itself and a copy. Shared memory needs that, too, for the
 * dirty mark. */
static void
reprotect_entry(_Atomic(pte_t) *slot, vaddr_t va, bool large UNUSED,
    void *arg)
{
	struct reprotect *rp = arg;
	pte_t old = atomic_load(slot), e;
	unsigned had, want;

	had = pte_prot(old);
	want = region_pte_prot(rp->region->prot);
	if ((had & PROT_WRITE) == 0 || (had & PROT_USER) == 0)
		want &= ~PROT_WRITE;
	e = pte_leaf(pte_addr(old), want);
	if (e == old)
		return;
	atomic_store(slot, e);
	if ((had & ~want) != 0) {
		rp->start = MIN(rp->start, va);
		rp->end = MAX(rp->end, va + PAGE_SIZE);
	}
	if ((want & PROT_EXEC) != 0 && (had & PROT_EXEC) == 0)
		rp->executable = true;
}

static enum err
protect_check(struct space *s, vaddr_t start, vaddr_t end, unsigned prot)
{
	struct region *r = region_find(&s->regions, start);
	vaddr_t at = start;

	for (; at < end; at = r->end, r = space_next(r)) {
		if (r == NULL || r->start > at)
			return ERR_NOMEM;
		if ((prot & ~r->max_prot) != 0)
			return ERR_ACCESS;
	}
	return OK;
}

static enum err
protect_locked(struct space *s, vaddr_t start, vaddr_t end, unsigned prot,
    struct list *dead) REQUIRES(s->lock)
{
	struct reprotect rp = { .start = ~(vaddr_t)0 };
	struct region *r;
	enum err e;

	e = protect_check(s, start, end, prot);
	if (e == OK)
		e = region_split_at(s, start);
	if (e == OK)
		e = region_split_at(s, end);
	if (e != OK)
		return e;
	for (r = region_find(&s->regions, start);
	     r != NULL && r->start < end; r = space_next(r)) {
		if (r->prot == prot)
			continue;
		r->prot = prot;
		rp.region = r;
		if ((r->flags & REGION_PHYS) == 0)
			region_walk(r, (vaddr_t[2]){ r->start, r->end },
			    reprotect_entry, &rp);
	}
	if (rp.start < rp.end)
		tlb_flush(&s->arch, rp.start, rp.end);
	if (rp.executable)
		arch_sync_icache(phys_to_virt(page_phys(page_zero_shared())),
		    PAGE_SIZE); /* whatever was written: everything */
	regions_join(s, start, end, dead);
	return OK;
}

enum err
space_protect(struct space *s, vaddr_t start, size_t len, unsigned prot)
{
	struct list dead = LIST_INIT(dead);
	enum err e;

	if ((prot & ~(PROT_READ | PROT_WRITE | PROT_EXEC)) != 0 ||
	    !IS_ALIGNED(start, PAGE_SIZE))
		return ERR_INVAL;
	len = ALIGN_UP(len, PAGE_SIZE);
	if (len == 0)
		return OK;
	if (!space_range_ok(s, start, len))
		return ERR_NOMEM;
	if ((prot & PROT_WRITE) != 0)
		prot |= PROT_READ;
	rw_write_lock(&s->lock);
	e = protect_locked(s, start, start + len, prot, &dead);
	rw_write_unlock(&s->lock);
	regions_free(&dead);
	return e;
}
