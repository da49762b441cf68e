/*
 * The region tree (mm/region.c) and what the files of the address-space half
 * of mm/ share. Everything here needs the space's lock unless said otherwise.
 */
#pragma once

#include <kernel/space.h>

#include "page.h"

/* ---- the tree: no allocation, no locks --------------------------------- */

/* The region that holds va or the first above it; NULL: none. */
struct region *region_find(const struct rbroot *root, vaddr_t va);
struct region *region_prev(struct region *r);
/* Puts r, which overlaps none, into the tree. */
void region_insert(struct rbroot *root, struct region *r);
void region_erase(struct rbroot *root, struct region *r);
/* Moves r's bounds; it must not meet a neighbour. */
void region_set_bounds(struct region *r, vaddr_t start, vaddr_t end);
/* The highest free range of len bytes in [low, high), aligned to align. */
bool region_gap_top(const struct rbroot *root, size_t len, size_t align,
    const vaddr_t limits[2], vaddr_t *out);

/* ---- regions of a space ------------------------------------------------ */

extern struct slab_cache *region_cache;

static inline uint64_t
region_index(const struct region *r, vaddr_t va)
{
	return (r->offset + (va - r->start)) >> PAGE_SHIFT;
}

/* A copy of from for [start, end) that holds its own references, in no tree
 * and not on its object's list. NULL: out of memory. */
struct region *region_copy(const struct region *from, struct space *s,
    vaddr_t start, vaddr_t end);
/* Drops what r, which is in no tree and on no object's list, holds. */
void region_free(struct region *r);
/* Its object counts it among the shared mappings that may be written. */
static inline bool
region_counts_writer(const struct region *r)
{
	return (r->flags & REGION_SHARED) != 0 &&
	    (r->max_prot & PROT_WRITE) != 0;
}

/* Makes region borders at start and end: afterwards no region crosses them.
 * ERR_NOMEM leaves the meaning of the tree as it was. */
enum err region_split_at(struct space *s, vaddr_t va);

/*
 * What part of a region has ever had present entries. A fault widens it,
 * under the shared lock, before it fills an entry; walks under the exclusive
 * lock skip the rest, so that a large mapping of which little was used is
 * cheap to unmap, protect and copy.
 */
static inline void
region_touch(struct region *r, vaddr_t start, vaddr_t end)
{
	vaddr_t low = atomic_load_explicit(
	    &r->touched_low, memory_order_relaxed);
	vaddr_t high = atomic_load_explicit(
	    &r->touched_high, memory_order_relaxed);

	while (UNLIKELY(start < low) && !atomic_compare_exchange_weak(
	    &r->touched_low, &low, start))
		;
	while (UNLIKELY(end > high) && !atomic_compare_exchange_weak(
	    &r->touched_high, &high, end))
		;
}

static inline void
region_untouched(struct region *r)
{
	atomic_init(&r->touched_low, ~(vaddr_t)0);
	atomic_init(&r->touched_high, 0);
}

/* As pt_walk over the part of [start, end) that was ever touched. */
void region_walk(struct region *r, const vaddr_t range[2], pt_visit *fn,
    void *arg);

/* ---- entries ----------------------------------------------------------- */

/* An entry whose old translation CPUs may still hold: present on no port, and
 * not empty either, so that faults meanwhile wait and walkers pass it by. Who
 * put it there takes it away, with preemption off in between: who waits may be
 * of higher priority. */
#define PTE_BETWEEN ((pte_t)2)

/*
 * After a reference to the page was taken that an entry named: true if the
 * entry, looked at only now, names it still. Others may take entries out under
 * the shared lock:
 *	A: references P; fence; looks at the entry
 *	B: entry := 0; fence (tlb_flush); drops the entry's reference
 * If A still sees the entry, its reference comes before B's drop, so P was not
 * freed in between; otherwise P may be anybody's by now.
 */
static inline bool
entry_stands(const _Atomic(pte_t) *slot, pte_t e)
{
	atomic_thread_fence(memory_order_seq_cst);
	return atomic_load_explicit(slot, memory_order_relaxed) == e;
}

/* ---- taking pages out of page tables (mm/zap.c) ------------------------ */

#define ZAP_PAGES 48

/* Pages that left the tables and wait for the flush. */
struct zap {
	struct space *space;
	vaddr_t start, end; /* what must be flushed; start >= end: nothing */
	bool no_flush; /* the space runs nowhere */
	bool only_cached; /* leave private copies alone */
	struct memobj *cached; /* ... of this object */
	struct region *region;
	unsigned count;
	struct page *pages[ZAP_PAGES];
};

static inline void
zap_begin(struct zap *z, struct space *s)
{
	z->space = s;
	z->start = ~(vaddr_t)0;
	z->end = 0;
	z->no_flush = false;
	z->only_cached = false;
	z->count = 0;
}

/* Unmaps [start, end) of region r. May flush and release on the way. */
void zap_range(
    struct zap *z, struct region *r, vaddr_t start, vaddr_t end);
/* Flushes and drops the pages' references. */
void zap_end(struct zap *z);
/* The same in one, with the lock held shared. */
void zap_shared(struct region *r, vaddr_t start, vaddr_t end);

/* ---- charging ---------------------------------------------------------- */

/* Makes room for n more resident pages. ERR_QUOTA. */
enum err space_charge_slow(struct space *s, long n);

static inline enum err
space_charge(struct space *s, long n)
{
	if (LIKELY(atomic_load_explicit(
	    &s->resident, memory_order_relaxed) + n <=
	    atomic_load_explicit(&s->charged, memory_order_relaxed)))
		return OK;
	return space_charge_slow(s, n);
}

static inline void
space_resident_add(struct space *s, long n)
{
	atomic_fetch_add_explicit(&s->resident, n, memory_order_relaxed);
}

/* ---- fault.c ----------------------------------------------------------- */

/* Faults every page of [start, end) in; stops at the first error, and with
 * ERR_INTR when the thread is killed. No lock. */
enum err space_populate(
    struct space *s, vaddr_t start, vaddr_t end, unsigned access);

/* Unmaps [start, start + len) with the lock held for writing. The regions go
 * to dead; regions_free() after the lock is dropped, because the last
 * reference to a file or object may take locks of lower rank. */
enum err space_unmap_locked(struct space *s, vaddr_t start, size_t len,
    struct list *dead) REQUIRES(s->lock);
void regions_free(struct list *dead);
/* A range of user addresses: aligned, not empty, below the top. */
bool space_range_ok(const struct space *s, vaddr_t start, size_t len);

/* Entry bits for a page of region r mapped with prot. */
static inline unsigned
region_pte_prot(unsigned prot)
{
	return (prot & (PROT_READ | PROT_WRITE | PROT_EXEC)) == 0 ?
	    PROT_READ : (prot | PROT_USER);
}

/* ---- memobj internals -------------------------------------------------- */

/* r's object's region_lock, if r has an object: what is there or not, clang
 * cannot follow. */
static inline void
region_obj_lock(const struct region *r) NO_LOCK_ANALYSIS
{
	if (r->obj != NULL)
		mutex_lock(&r->obj->region_lock);
}

static inline void
region_obj_unlock(const struct region *r) NO_LOCK_ANALYSIS
{
	if (r->obj != NULL)
		mutex_unlock(&r->obj->region_lock);
}

/* On and off its object's list; the latter is idempotent. */
void memobj_link(struct region *r);
void memobj_unlink(struct region *r);
/* Write-protects or removes the entries of pages [first, last) in every
 * region that maps m. */
void memobj_unmap(
    struct memobj *m, uint64_t first, uint64_t last, bool only_cached);
void memobj_protect(struct memobj *m, uint64_t first, uint64_t last);
void memobj_cache_init(void);
/* p is the page of m at index now (and keeps being so while m is locked). */
static inline bool
memobj_has(const struct memobj *m, uint64_t index, const struct page *p)
{
	return atomic_load_explicit(&p->owner, memory_order_acquire) == m &&
	    p->index == index;
}

/* The resident page or NULL, referenced; no lock, no sleep. */
static inline struct page *
memobj_peek(struct memobj *m, uint64_t index)
{
	struct page *p;

	rcu_read_lock();
	p = radix_get(&m->pages, index);
	if (p != NULL && !ref_inc_unless_zero(&p->refs))
		p = NULL;
	rcu_read_unlock();
	if (p == NULL)
		return NULL;
	if (UNLIKELY(!memobj_has(m, index, p) ||
	    (page_flags(p) & PAGE_FILLING) != 0)) {
		page_unref(p);
		return NULL;
	}
	return p;
}
