/*
 * Page faults.
 *
 * A fault holds space.lock shared: faults of one space run side by side on
 * all CPUs, changes of regions exclude them. Whoever fills an entry does it
 * by compare-and-swap from the value it decided on; who loses gives its page
 * back and is done, since somebody else resolved the fault.
 *
 * What the races are, and why each is harmless:
 *
 * Two faults on one page. Both prepare a page; one swap succeeds.
 *
 * Fault and munmap, mprotect, fork: these hold space.lock exclusively.
 *
 * Fault and MADV_DONTNEED, which shares the lock: its entries stay PTE_BETWEEN
 * until all CPUs have dropped the old translation (mm/zap.c). A fault that
 * works on a present entry's page counts it and looks again (entry_stands).
 *
 * Fault and truncate (which only holds the object's region_lock):
 *	F: finds page P in the cache, takes a reference
 *	T: takes P out of the cache (owner := NULL), walks the tables
 *	F: entry := P; fence; sees that the owner is gone; entry := 0; flush
 * Either T's walk meets F's entry or F meets T's mark (mm/memobj_map.c).
 *
 * Copy on write. An anonymous page with one reference (beside the fault's own)
 * belongs to this entry alone and becomes writable in place. With more, it is
 * copied: the new page is filled first, then the entry taken out, all CPUs
 * flushed, the new entry put in, and only then the old reference dropped. While
 * we copy, nobody writes to the old page:
 *	A and B share P (2 references), both entries read-only
 *	A: copies P; B: sees 2 references, copies, too: both swap, P is freed
 *	A: swaps, flushes, drops; B: sees 1, writes in place: A's copy is done
 * Two threads of A: the second's swap fails, its copy is thrown away, even if
 * B wrote to P meanwhile.
 *
 * A page that is absent in the cache may need I/O: the lock is dropped, the
 * page brought, everything looked up again. The reference to the object keeps
 * it while nothing else does.
 *
 * Translations that only become more permissive need no shoot-down: a CPU
 * that still has the old one faults once more and drops it (the spurious case
 * of fault_present).
 */
#include "region.h"

#include <kernel/log.h>
#include <kernel/task.h>
#include <lib/string.h>

#include "memobj.h"

#define AROUND      16 /* pages of a cached file mapped by one fault */
#define STACK_STEP  (16 * PAGE_SIZE)
#define STACK_GUARD (256 * PAGE_SIZE)
#define ICACHE_DONE 1u /* page.private of a cached page */

/* The answer when the lock was dropped or the entry changed: look again. */
#define ERR_LOOK_AGAIN ERR_AGAIN

struct fault {
	struct space *space;
	struct region *region; /* valid under the lock */
	_Atomic(pte_t) *slot; /* valid under the lock */
	vaddr_t va; /* page-aligned */
	unsigned access;
};

static bool
is_write(const struct fault *f)
{
	return (f->access & PROT_WRITE) != 0;
}

/* This CPU may still hold a less permissive translation. */
static void
flush_here(const struct fault *f)
{
	preempt_disable();
	if (cpu_this()->space == &f->space->arch)
		arch_tlb_flush(&f->space->arch, f->va, f->va + PAGE_SIZE);
	preempt_enable();
}

/* Code that was written through the direct map is about to be executed. */
static void
icache_sync(struct page *p, bool cached)
{
	if (cached && p->private == ICACHE_DONE)
		return;
	arch_sync_icache(page_virt(p), PAGE_SIZE);
	if (cached)
		p->private = ICACHE_DONE;
}

/* Puts page p into the empty entry; takes the reference to p, also on
 * failure. */
static enum err
install(struct fault *f, struct page *p, unsigned prot)
{
	pte_t none = 0;
	pte_t e = pte_leaf(page_phys(p), region_pte_prot(prot));

	if ((prot & PROT_EXEC) != 0)
		icache_sync(p, false);
	if (atomic_compare_exchange_strong_explicit(f->slot, &none, e,
	    memory_order_release, memory_order_relaxed))
		return OK;
	page_unref(p);
	return ERR_LOOK_AGAIN;
}

/* ---- anonymous memory ------------------------------------------------- */

static enum err
fault_anon(struct fault *f)
{
	unsigned prot = f->region->prot;
	struct page *p;
	enum err e;

	if (!is_write(f)) {
		pte_t none = 0;
		pte_t zero = pte_leaf(page_phys(page_zero_shared()),
		    region_pte_prot(prot & ~PROT_WRITE));

		(void)atomic_compare_exchange_strong_explicit(f->slot, &none,
		    zero, memory_order_release, memory_order_relaxed);
		return OK;
	}
	e = space_charge(f->space, 1);
	if (UNLIKELY(e != OK))
		return e;
	p = page_alloc_zero();
	if (UNLIKELY(p == NULL))
		return ERR_NOMEM;
	e = install(f, p, prot);
	if (LIKELY(e == OK))
		space_resident_add(f->space, 1);
	return e;
}

/* ---- copy on write ---------------------------------------------------- */

/*
 * Swaps present entry old for page p; takes the reference to p, also on
 * failure. No CPU may hold both translations at a time (Arm ARM D8.14.1,
 * "break before make"): the entry is absent until all have dropped the old
 * one.
 */
static enum err
replace(struct fault *f, pte_t old, struct page *p, unsigned prot)
{
	bool mine;

	if ((prot & PROT_EXEC) != 0)
		icache_sync(p, false);
	preempt_disable();
	mine = atomic_compare_exchange_strong_explicit(f->slot, &old,
	    PTE_BETWEEN, memory_order_relaxed, memory_order_relaxed);
	if (mine) {
		tlb_flush(&f->space->arch, f->va, f->va + PAGE_SIZE);
		atomic_store_explicit(f->slot,
		    pte_leaf(page_phys(p), region_pte_prot(prot)),
		    memory_order_release);
	}
	preempt_enable();
	if (mine)
		return OK;
	page_unref(p);
	return ERR_LOOK_AGAIN;
}

/* The page left the cache while we mapped it: takes the entry back. */
static void
uninstall(struct fault *f, _Atomic(pte_t) *slot, vaddr_t va, pte_t e)
{
	if (!atomic_compare_exchange_strong(slot, &e, 0))
		return; /* truncate took it, and the reference */
	tlb_flush(&f->space->arch, va, va + PAGE_SIZE);
	space_resident_add(f->space, -1);
	page_unref(page_of(pte_addr(e)));
}

/* Takes back copy p, just mapped, where the file was truncated before it:
 * truncate's walk may have come while there was no entry. It sets the size,
 * then walks; we map, then look at the size. */
static void
drop_cut_off(struct fault *f, const struct page *p)
{
	struct region *r = f->region;

	if (r->obj == NULL)
		return;
	atomic_thread_fence(memory_order_seq_cst);
	if (UNLIKELY(region_index(r, f->va) >=
	    (memobj_size(r->obj) + PAGE_MASK) >> PAGE_SHIFT))
		uninstall(f, f->slot, f->va,
		    pte_leaf(page_phys(p), region_pte_prot(r->prot)));
}

/* Replaces the page of a private mapping by a copy of its own. */
static enum err
fault_copy(struct fault *f, pte_t old, struct page *from)
{
	bool was_zero = (page_flags(from) & PAGE_ZERO) != 0;
	struct page *p;
	enum err e;

	if (was_zero) {
		e = space_charge(f->space, 1);
		if (e != OK)
			return e;
	}
	p = was_zero ? page_alloc_zero() : page_alloc(0);
	if (p == NULL)
		return ERR_NOMEM;
	if (!was_zero)
		page_copy(page_virt(p), page_virt(from));
	atomic_store_explicit(
	    &f->region->has_copies, true, memory_order_relaxed);
	e = replace(f, old, p, f->region->prot);
	if (e != OK)
		return e;
	if (was_zero)
		space_resident_add(f->space, 1);
	else
		page_unref(from);
	drop_cut_off(f, p);
	return OK;
}

/* Makes a present read-only entry writable. */
static enum err
fault_upgrade(struct fault *f, pte_t old)
{
	pte_t e = pte_leaf(pte_addr(old), region_pte_prot(f->region->prot));

	if (!atomic_compare_exchange_strong_explicit(f->slot, &old, e,
	    memory_order_release, memory_order_relaxed))
		return ERR_LOOK_AGAIN;
	flush_here(f);
	return OK;
}

/* Page p of a private mapping is written: made ours, or copied if it is not
 * ours alone. Somebody may drop it meanwhile (MADV_DONTNEED), so it is counted
 * first. */
static enum err
fault_shared_page(struct fault *f, pte_t old, struct page *p)
{
	enum err e = ERR_LOOK_AGAIN;

	if (!ref_inc_unless_zero(&p->refs))
		return e;
	if (!entry_stands(f->slot, old))
		;
	else if (page_refs(p) == 2 && (page_flags(p) & PAGE_RESERVED) == 0)
		e = fault_upgrade(f, old); /* the entry's reference and ours */
	else
		e = fault_copy(f, old, p);
	page_unref(p);
	return e;
}

/* The entry is there, but the access faulted. */
static enum err
fault_present(struct fault *f, pte_t old)
{
	struct region *r = f->region;
	struct page *p;

	if ((pte_prot(old) & (f->access | PROT_USER)) ==
	    (f->access | PROT_USER)) {
		flush_here(f);
		return OK;
	}
	if (!is_write(f))
		return fault_upgrade(f, old);
	if ((r->flags & REGION_PHYS) != 0)
		return fault_upgrade(f, old);
	if ((r->flags & REGION_SHARED) != 0) {
		memobj_dirty(r->obj, region_index(r, f->va));
		return fault_upgrade(f, old);
	}
	p = page_of(pte_addr(old));
	if (p == NULL)
		return ERR_FAULT;
	return (page_flags(p) & PAGE_ZERO) != 0 ? fault_copy(f, old, p) :
	    fault_shared_page(f, old, p);
}

/* ---- objects ---------------------------------------------------------- */

/* Entry bits for a cached page that is mapped without being written. */
static unsigned
cached_prot(const struct region *r)
{
	const struct memobj_ops *ops = r->obj->ops;

	/* Nothing to write back: shared memory is writable at once. */
	if ((r->flags & REGION_SHARED) != 0 &&
	    (ops == NULL || ops->write_back == NULL))
		return r->prot;
	return r->prot & ~PROT_WRITE;
}

/* The window of pages to map around the fault: aligned, inside region, file
 * and one table. */
static void
around_window(const struct fault *f, uint64_t size, uint64_t out[2])
{
	const struct region *r = f->region;
	vaddr_t low = ALIGN_DOWN(f->va, AROUND * PAGE_SIZE);
	vaddr_t high = low + AROUND * PAGE_SIZE;
	uint64_t last = (size + PAGE_MASK) >> PAGE_SHIFT;

	low = MAX(low, r->start);
	high = MIN(high, r->end);
	out[0] = region_index(r, low);
	out[1] = MIN(region_index(r, high - 1) + 1, last);
}

/* Maps one resident page that the caller references; false: not done, the
 * reference stays the caller's. */
static bool
around_map(_Atomic(pte_t) *slot, struct page *p, unsigned prot)
{
	pte_t none = 0;

	if (atomic_load_explicit(slot, memory_order_relaxed) != 0)
		return false;
	if ((prot & PROT_EXEC) != 0)
		icache_sync(p, true);
	return atomic_compare_exchange_strong_explicit(slot, &none,
	    pte_leaf(page_phys(p), region_pte_prot(prot)),
	    memory_order_release, memory_order_relaxed);
}

/*
 * Maps the resident pages around the fault. The tree is read under RCU; each
 * page is referenced and checked before it is mapped, and checked again once
 * all are.
 */
static enum err
fault_around(struct fault *f)
{
	struct region *r = f->region;
	struct memobj *m = r->obj;
	uint64_t index = region_index(r, f->va), win[2];
	unsigned prot = cached_prot(r);
	struct radix_hit hits[AROUND];
	bool mapped = false;
	size_t n, kept = 0;
	enum err e;

	around_window(f, memobj_size(m), win);
	if (UNLIKELY(win[1] <= index)) /* truncated meanwhile */
		return ERR_LOOK_AGAIN;
	e = space_charge(f->space, AROUND);
	if (e != OK)
		win[0] = index, win[1] = index + 1;
	if (e != OK && (e = space_charge(f->space, 1)) != OK)
		return e;
	region_touch(r, r->start + ((win[0] << PAGE_SHIFT) - r->offset),
	    r->start + ((win[1] << PAGE_SHIFT) - r->offset));
	rcu_read_lock();
	n = radix_gang(&m->pages, win[0], RADIX_ANY, hits,
	    (size_t)(win[1] - win[0]));
	for (size_t i = 0; i < n && hits[i].index < win[1]; i++) {
		struct page *p = hits[i].item;
		_Atomic(pte_t) *slot = f->slot +
		    (ptrdiff_t)(hits[i].index - index);

		if (!ref_inc_unless_zero(&p->refs))
			continue;
		if (!memobj_has(m, hits[i].index, p) ||
		    (page_flags(p) & PAGE_FILLING) != 0 ||
		    !around_map(slot, p, prot)) {
			mapped |= hits[i].index == index &&
			    atomic_load(slot) != 0;
			page_unref(p);
			continue;
		}
		mapped |= hits[i].index == index;
		hits[kept++] = hits[i];
	}
	rcu_read_unlock();
	space_resident_add(f->space, (long)kept);
	atomic_thread_fence(memory_order_seq_cst);
	for (size_t i = 0; i < kept; i++) {
		struct page *p = hits[i].item;
		ptrdiff_t d = (ptrdiff_t)(hits[i].index - index);

		if (UNLIKELY(!memobj_has(m, hits[i].index, p)))
			uninstall(f, f->slot + d, f->va +
			    ((vaddr_t)d << PAGE_SHIFT), pte_leaf(
			    page_phys(p), region_pte_prot(prot)));
	}
	return mapped ? OK : ERR_NODATA;
}

/* A private mapping is written: the page is copied at once. */
static enum err
fault_private_copy(struct fault *f)
{
	struct region *r = f->region;
	struct page *from = memobj_peek(r->obj, region_index(r, f->va));
	struct page *p;
	enum err e;

	if (from == NULL)
		return ERR_NODATA;
	e = space_charge(f->space, 1);
	if (e != OK)
		goto out;
	p = page_alloc(0);
	if (p == NULL) {
		e = ERR_NOMEM;
		goto out;
	}
	page_copy(page_virt(p), page_virt(from));
	atomic_store_explicit(&r->has_copies, true, memory_order_relaxed);
	e = install(f, p, r->prot);
	if (e == OK) {
		space_resident_add(f->space, 1);
		drop_cut_off(f, p);
	}
out:
	page_unref(from);
	return e;
}

/* The page is not in the cache: drops the lock and brings it. */
static enum err
fault_bring(struct fault *f) REQUIRES_SHARED(f->space->lock)
{
	struct memobj *m = f->region->obj;
	uint64_t index = region_index(f->region, f->va);
	struct page *p = NULL;
	enum err e;

	obj_ref(&m->obj);
	rw_read_unlock(&f->space->lock);
	e = memobj_page(m, index, true, &p);
	if (e == OK)
		page_unref(p);
	obj_unref(&m->obj);
	rw_read_lock(&f->space->lock);
	if (e == ERR_NODATA || e == ERR_NOSPC)
		e = ERR_IO;
	return e == OK ? ERR_LOOK_AGAIN : e;
}

static enum err
fault_object(struct fault *f) REQUIRES_SHARED(f->space->lock)
{
	struct region *r = f->region;
	uint64_t index = region_index(r, f->va);
	bool shared = (r->flags & REGION_SHARED) != 0;
	enum err e;

	if (index >= (memobj_size(r->obj) + PAGE_MASK) >> PAGE_SHIFT)
		return ERR_NODATA;
	if (is_write(f) && !shared) {
		e = fault_private_copy(f);
	} else {
		e = fault_around(f);
		/* Dirty tracking: mapped for reading first, then upgraded. */
		if (e == OK && is_write(f) &&
		    (cached_prot(r) & PROT_WRITE) == 0)
			return ERR_LOOK_AGAIN;
	}
	return e == ERR_NODATA ? fault_bring(f) : e;
}

static enum err
fault_phys(struct fault *f)
{
	pte_t none = 0;
	pte_t e = pte_leaf(f->region->offset + (f->va - f->region->start),
	    region_pte_prot(f->region->prot) |
	    (page_of(f->region->offset) == NULL ? PROT_DEVICE : 0));

	(void)atomic_compare_exchange_strong(f->slot, &none, e);
	return OK;
}

/* ---- the stack -------------------------------------------------------- */

/*
 * va lies below a stack: grows it, in steps, as far as its limits and the
 * gap to the mapping below allow. Takes the lock for writing.
 */
static enum err
stack_grow(struct space *s, vaddr_t va)
{
	struct region *r, *prev;
	vaddr_t start, low;
	enum err e = ERR_FAULT;

	rw_write_lock(&s->lock);
	r = region_find(&s->regions, va);
	if (r == NULL || (r->flags & REGION_GROWSDOWN) == 0)
		goto out;
	e = OK;
	if (r->start <= va)
		goto out;
	e = ERR_FAULT;
	prev = region_prev(r);
	low = s->stack_limit;
	if (prev != NULL)
		low = MAX(low, prev->end + STACK_GUARD);
	if (r->end > s->limit_stack)
		low = MAX(low, r->end - s->limit_stack);
	start = ALIGN_DOWN(va, STACK_STEP);
	start = MIN(MAX(start, low), va);
	if (start < low || start < s->low)
		goto out;
	if (s->limit_bytes < s->mapped + (r->start - start))
		goto out;
	s->mapped += r->start - start;
	region_set_bounds(r, start, r->end);
	e = OK;
out:
	rw_write_unlock(&s->lock);
	return e;
}

/* ---- entry ------------------------------------------------------------ */

/* One try under the shared lock. */
static enum err
fault_once(struct fault *f) REQUIRES_SHARED(f->space->lock)
{
	struct region *r = space_find(f->space, f->va);
	bool large = false;
	pte_t e;

	f->region = r;
	if (UNLIKELY(r == NULL || r->start > f->va))
		return ERR_FAULT;
	if (UNLIKELY((r->prot & f->access) != f->access))
		return ERR_ACCESS;
	region_touch(r, f->va, f->va + PAGE_SIZE);
	f->slot = pt_slot(&f->space->arch, f->va, true, &large);
	if (UNLIKELY(f->slot == NULL))
		return ERR_NOMEM;
	e = atomic_load_explicit(f->slot, memory_order_acquire);
	if (pte_present(e))
		return fault_present(f, e);
	if (UNLIKELY(e == PTE_BETWEEN)) {
		arch_pause();
		return ERR_LOOK_AGAIN;
	}
	if (r->obj != NULL)
		return fault_object(f);
	if (UNLIKELY((r->flags & REGION_PHYS) != 0))
		return fault_phys(f);
	return fault_anon(f);
}

enum err
space_fault(struct space *s, vaddr_t va, unsigned access)
{
	struct fault f = { .space = s, .va = ALIGN_DOWN(va, PAGE_SIZE),
		.access = access & (PROT_READ | PROT_WRITE | PROT_EXEC) };
	bool stack;
	enum err e;

	if (va >= s->high)
		return ERR_FAULT;
	for (;;) {
		rw_read_lock(&f.space->lock);
		do
			e = fault_once(&f);
		while (e == ERR_LOOK_AGAIN);
		stack = e == ERR_FAULT && f.region != NULL &&
		    (f.region->flags & REGION_GROWSDOWN) != 0;
		rw_read_unlock(&f.space->lock);
		if (LIKELY(!stack))
			return e;
		e = stack_grow(s, f.va);
		if (e != OK)
			return e;
	}
}

enum err
space_populate(
    struct space *s, vaddr_t start, vaddr_t end, unsigned access)
{
	for (vaddr_t va = start; va < end; va += PAGE_SIZE) {
		enum err e = space_fault(s, va, access);

		if (e != OK)
			return e;
		if (atomic_load(&arch_current()->work) & WORK_KILLED)
			return ERR_INTR;
	}
	return OK;
}
