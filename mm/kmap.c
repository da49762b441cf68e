/*
 * Kernel mappings: pages at consecutive addresses in KMAP_BASE..KMAP_END,
 * device registers, kernel stacks.
 *
 * All address spaces share the kernel half. Where the root tables are copied
 * (three levels: a top entry covers 1 GiB) the top entries of the part in use
 * are made once at boot; everything below them is shared by construction, so
 * a space never has to be brought up to date.
 *
 *	KMAP_BASE            stacks_end                 end
 *	| stacks: slots of     | general: a tree of regions,|
 *	| 2 * KSTACK_SIZE      | holes found in O(log n)    |
 *
 * A stack fills the upper half of its slot; the lower half is never mapped,
 * so an overflow faults, and bit KSTACK_SIZE of the stack pointer tells trap
 * entry about it. Freed stacks stay mapped in a list (the link is in the
 * stack), because most threads die young. Freeing may happen anywhere;
 * unmapping needs a TLB flush, so surplus stacks wait for a caller that may do
 * that. Slots that lost their pages are remembered in nodes of their own.
 * Each CPU keeps a few free stacks of its own and gives half of them to all
 * when it has many, so that CPUs that fork take no common lock.
 *
 * Locks: kmap.lock for the tree, stacks.lock for the lists, near.lock for those
 * of a CPU; RANK_KMAP, irq; none nests in another.
 */
#include "pagetable.h"
#include "region.h"

#include <kernel/log.h>

#define LARGE        MIB(2)
#define TOP_ENTRIES  4 /* made at boot where roots are copied */
#define STACK_SLOT   (2 * KSTACK_SIZE)
#define STACK_PAGES  (KSTACK_SIZE / PAGE_SIZE)
#define STACKS_KEPT  32
#define STACKS_NEAR  4 /* kept by each CPU besides */

/* At the lowest address of a free stack. */
struct free_stack {
	struct free_stack *next;
};

/* A slot without pages. */
struct free_slot {
	struct free_slot *next;
	vaddr_t top;
};

static struct {
	struct spinlock lock; /* RANK_KMAP, irq */
	struct rbroot regions; /* [l] */
	vaddr_t start, end; /* [I] */
} kmap = { .lock = SPIN_INIT(RANK_KMAP, "kmap") };

static struct {
	struct spinlock lock; /* RANK_KMAP, irq */
	struct free_stack *free; /* [l] */
	unsigned count; /* [l] of the free ones */
	struct free_slot *slots; /* [l] */
	vaddr_t next, end; /* [l] slots never used start at next */
	struct reclaimer reclaimer;
} stacks = { .lock = SPIN_INIT(RANK_KMAP, "stacks") };

/* The free stacks of each CPU; others take them rather than map new ones. */
static struct near_stacks {
	_Alignas(64) struct spinlock lock; /* RANK_KMAP, irq */
	struct free_stack *free; /* [l] */
	atomic_uint count; /* [l] to write */
} near_stacks[CPU_MAX];

/* ---- general mappings ------------------------------------------------- */

/* Reserves addresses with a guard page on both sides; what is between them is
 * aligned to align. NULL: none. */
static struct region *
range_reserve(size_t len, size_t align)
{
	struct region *r = kzalloc(sizeof(*r));
	unsigned long flags;
	vaddr_t at;
	bool found;

	if (r == NULL)
		return NULL;
	flags = spin_lock_irq(&kmap.lock);
	found = region_gap_top(&kmap.regions,
	    len + align + PAGE_SIZE, PAGE_SIZE,
	    (vaddr_t[2]){ kmap.start, kmap.end }, &at);
	if (found) {
		r->start = ALIGN_UP(at + PAGE_SIZE, align) - PAGE_SIZE;
		r->end = r->start + len + 2 * PAGE_SIZE;
		region_insert(&kmap.regions, r);
	}
	spin_unlock_irq(&kmap.lock, flags);
	if (!found) {
		kfree(r, sizeof(*r));
		r = NULL;
	}
	return r;
}

static void
range_release(struct region *r)
{
	unsigned long flags = spin_lock_irq(&kmap.lock);

	region_erase(&kmap.regions, r);
	spin_unlock_irq(&kmap.lock, flags);
	kfree(r, sizeof(*r));
}

static void
clear_entry(_Atomic(pte_t) *slot, vaddr_t va UNUSED, bool large UNUSED,
    void *arg UNUSED)
{
	atomic_store_explicit(slot, 0, memory_order_release);
}

static void
range_unmap(vaddr_t start, vaddr_t end)
{
	pt_walk(&arch_kernel_space, start, end, clear_entry, NULL);
	tlb_flush_kernel(start, end);
}

/* pages NULL: physical addresses from pa on. */
static void *
range_map(struct page *const *list, paddr_t pa, size_t count, unsigned prot)
{
	struct region *r = range_reserve(count << PAGE_SHIFT, PAGE_SIZE);
	vaddr_t at;

	if (r == NULL)
		return NULL;
	at = r->start + PAGE_SIZE;
	for (size_t i = 0; i < count; i++, pa += PAGE_SIZE) {
		enum err e = pt_map(&arch_kernel_space,
		    at + (i << PAGE_SHIFT),
		    list == NULL ? pa : page_phys(list[i]),
		    prot | PROT_GLOBAL);

		if (e != OK) {
			range_unmap(at, at + (i << PAGE_SHIFT));
			range_release(r);
			return NULL;
		}
	}
	arch_map_barrier();
	return (void *)at;
}

void *
kmap_pages(struct page *const *list, size_t count, unsigned prot)
{
	return range_map(list, 0, count, prot);
}

/* Large pages: NULL also where tables of small ones are in the way. */
static void *
range_map_large(paddr_t pa, size_t len, unsigned prot)
{
	struct region *r = range_reserve(len, LARGE);
	vaddr_t at;

	if (r == NULL)
		return NULL;
	at = r->start + PAGE_SIZE;
	for (size_t i = 0; i < len; i += LARGE) {
		if (pt_map_large(&arch_kernel_space, at + i, pa + i,
		    prot | PROT_GLOBAL) == OK)
			continue;
		range_unmap(at, at + i);
		range_release(r);
		return NULL;
	}
	arch_map_barrier();
	return (void *)at;
}

void *
kmap_phys(paddr_t pa, size_t len, unsigned prot)
{
	size_t skip = pa & PAGE_MASK;
	char *at = NULL;

	if (IS_ALIGNED(pa, LARGE) && IS_ALIGNED(len, LARGE) && len != 0)
		at = range_map_large(pa, len, prot);
	if (at != NULL)
		return at;
	at = range_map(NULL, pa - skip,
	    ALIGN_UP(len + skip, PAGE_SIZE) >> PAGE_SHIFT, prot);

	return at == NULL ? NULL : at + skip;
}

void
kunmap(void *va, size_t len)
{
	vaddr_t at = ALIGN_DOWN((vaddr_t)va, PAGE_SIZE);
	unsigned long flags;
	struct region *r;

	if (va == NULL)
		return;
	flags = spin_lock_irq(&kmap.lock);
	r = region_find(&kmap.regions, at);
	spin_unlock_irq(&kmap.lock, flags);
	if (r == NULL || at != r->start + PAGE_SIZE ||
	    (vaddr_t)va + len > r->end - PAGE_SIZE)
		panic("kunmap(%p, %zu): not mapped", va, len);
	range_unmap(at, r->end - PAGE_SIZE);
	range_release(r);
}

/* ---- kernel stacks ---------------------------------------------------- */

static void
stack_page_free(_Atomic(pte_t) *slot, vaddr_t va UNUSED, bool large UNUSED,
    void *arg)
{
	struct list *gone = arg;
	struct page *p = page_of(pte_addr(atomic_exchange(slot, 0)));

	list_add(gone, &p->link);
}

/* Takes the pages of [start, end) away and frees them. */
static void
stack_unmap(vaddr_t start, vaddr_t end)
{
	struct list gone = LIST_INIT(gone), *link;

	pt_walk(&arch_kernel_space, start, end, stack_page_free, &gone);
	tlb_flush_kernel(start, end);
	while ((link = list_take_first(&gone)) != NULL)
		page_free(container_of(link, struct page, link), 0);
}

static bool
stack_map(vaddr_t top)
{
	for (vaddr_t va = top - KSTACK_SIZE; va < top; va += PAGE_SIZE) {
		struct page *p = page_alloc(0);
		enum err e = p == NULL ? ERR_NOMEM :
		    pt_map(&arch_kernel_space, va, page_phys(p),
		    PROT_READ | PROT_WRITE | PROT_GLOBAL);

		if (e != OK) {
			if (p != NULL)
				page_free(p, 0);
			stack_unmap(top - KSTACK_SIZE, va);
			return false;
		}
	}
	arch_map_barrier();
	return true;
}

/* Remembers the slot; when even that has no memory, its addresses are lost
 * and nothing else. */
static void
slot_keep(vaddr_t top)
{
	struct free_slot *s = kmalloc(sizeof(*s));
	unsigned long flags;

	if (s == NULL)
		return;
	s->top = top;
	flags = spin_lock_irq(&stacks.lock);
	s->next = stacks.slots;
	stacks.slots = s;
	spin_unlock_irq(&stacks.lock, flags);
}

static vaddr_t
slot_take(void)
{
	unsigned long flags = spin_lock_irq(&stacks.lock);
	struct free_slot *s = stacks.slots;
	vaddr_t top = 0;

	if (s != NULL) {
		stacks.slots = s->next;
		top = s->top;
	} else if (stacks.next < stacks.end) {
		stacks.next += STACK_SLOT;
		top = stacks.next;
	}
	spin_unlock_irq(&stacks.lock, flags);
	kfree(s, sizeof(*s));
	return top;
}

/* Takes a free stack while more than keep are there; 0: none. */
static vaddr_t
stack_take(unsigned keep)
{
	unsigned long flags = spin_lock_irq(&stacks.lock);
	struct free_stack *s = NULL;

	if (stacks.count > keep) {
		s = stacks.free;
		stacks.free = s->next;
		stacks.count--;
	}
	spin_unlock_irq(&stacks.lock, flags);
	return s == NULL ? 0 : (vaddr_t)s + KSTACK_SIZE;
}

/* Unmaps up to count of the stacks beyond keep. */
static size_t
stacks_trim(unsigned keep, size_t count)
{
	size_t n = 0;
	vaddr_t top;

	for (; n < count && (top = stack_take(keep)) != 0; n++) {
		stack_unmap(top - KSTACK_SIZE, top);
		slot_keep(top);
	}
	return n;
}

/* 0: none. */
static vaddr_t
near_take(struct near_stacks *n)
{
	struct free_stack *s;
	unsigned long flags;

	if (atomic_load_explicit(&n->count, memory_order_relaxed) == 0)
		return 0;
	flags = spin_lock_irq(&n->lock);
	s = n->free;
	if (s != NULL) {
		n->free = s->next;
		n->count--;
	}
	spin_unlock_irq(&n->lock, flags);
	return s == NULL ? 0 : (vaddr_t)s + KSTACK_SIZE;
}

/* Gives what n has beyond keep to all. */
static void
near_spill(struct near_stacks *n, unsigned keep)
{
	struct free_stack *first, **end = &first;
	unsigned long flags = spin_lock_irq(&n->lock);
	unsigned count = n->count > keep ? n->count - keep : 0;

	for (unsigned i = 0; i < count; i++) {
		*end = n->free;
		end = &n->free->next;
		n->free = n->free->next;
	}
	n->count -= count;
	spin_unlock_irq(&n->lock, flags);
	if (count == 0)
		return;
	flags = spin_lock_irq(&stacks.lock);
	*end = stacks.free;
	stacks.free = first;
	stacks.count += count;
	spin_unlock_irq(&stacks.lock, flags);
}

static size_t
stacks_reclaim(size_t want)
{
	for (unsigned i = 0; i < CPU_MAX; i++)
		near_spill(&near_stacks[i], 0);
	return STACK_PAGES *
	    stacks_trim(0, want / STACK_PAGES + 1);
}

vaddr_t
kstack_alloc(void)
{
	vaddr_t top = near_take(&near_stacks[cpu_id()]);

	if (top == 0)
		top = stack_take(0);
	for (unsigned i = 0; top == 0 && i < CPU_MAX; i++)
		top = near_take(&near_stacks[i]);
	if (LIKELY(top != 0))
		return top;
	top = slot_take();
	if (top != 0 && !stack_map(top)) {
		slot_keep(top);
		top = 0;
	}
	return top;
}

void
kstack_free(vaddr_t top)
{
	struct free_stack *s = (struct free_stack *)(top - KSTACK_SIZE);
	struct near_stacks *n = &near_stacks[cpu_id()];
	unsigned long flags;
	bool many;

	if (top == 0)
		return;
	flags = spin_lock_irq(&n->lock);
	s->next = n->free;
	n->free = s;
	many = ++n->count > STACKS_NEAR;
	spin_unlock_irq(&n->lock, flags);
	if (many)
		near_spill(n, STACKS_NEAR / 2);
	kstack_trim();
}

/* A racy look at the count: it says when, not how many. */
void
kstack_trim(void)
{
	if (UNLIKELY(stacks.count > STACKS_KEPT) && preemptible())
		(void)stacks_trim(STACKS_KEPT, 4);
}

void
kmap_init(void)
{
	uint64_t span = UINT64_C(1) << (PAGE_SHIFT + 9 * (arch_pt_levels - 1));

	kmap.end = KMAP_END - KMAP_BASE < TOP_ENTRIES * span ? KMAP_END :
	    KMAP_BASE + TOP_ENTRIES * span;
	if (!pt_prepare_top(&arch_kernel_space, KMAP_BASE, kmap.end))
		panic("no memory for the kernel's page tables");
	kmap.start = ALIGN_DOWN(
	    KMAP_BASE + (kmap.end - KMAP_BASE) / 4 * 3, STACK_SLOT);
	stacks.next = KMAP_BASE;
	stacks.end = kmap.start;
	for (unsigned i = 0; i < CPU_MAX; i++)
		spin_init(&near_stacks[i].lock, RANK_KMAP, "near stacks");
	stacks.reclaimer.name = "stacks";
	stacks.reclaimer.reclaim = stacks_reclaim;
	reclaim_register(&stacks.reclaimer);
}
