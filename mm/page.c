/*
 * Physical pages.
 *
 * RAM is divided into sections of SECTION_SIZE. A section is offline until
 * memory is needed from it (or page_of() is asked about it); going online
 * makes its array of struct page, carved from the end of a free run of the
 * section itself, or bought from the sections that are online already. So
 * a machine with much memory pays only for what it uses.
 *
 * Free blocks of 2^order pages hang in lists by order (buddy system): the
 * buddy of block n of an order is n ^ 1, and a freed block merges with its
 * buddy as long as that is free, too. Blocks never cross a section. A mask of
 * the lists that have something makes the search one bit operation.
 *
 * In front of that every CPU keeps a small stack of single pages, so that the
 * common allocation takes no lock and touches no shared line. Threads use it
 * with preemption off; an interrupt takes the lock. The stack is
 * filled and emptied in batches of half its size. What it spills is first
 * kept loose, up to LOOSE_MAX pages that are not merged with their buddies,
 * since most of them are wanted again soon; they are merged when a larger
 * block is not found. Loose pages stay in the chains of CPU_BATCH they came
 * in (link.next), which hang together by their first pages (link.prev): the
 * lock is held to hand over a chain, not to walk it.
 *
 * States of a frame: absent (no RAM: order is ORDER_ABSENT), reserved (one
 * reference that is never dropped), free in a list (PAGE_FREE on the head),
 * free on a CPU's stack (refs 0), allocated (refs > 0).
 *
 * Lock: pages.lock, RANK_PAGE, irqs off. Nothing is taken below it.
 */
#include "page.h"

#include <kernel/asan.h>
#include <kernel/log.h>
#include <lib/bits.h>
#include <lib/string.h>

#define SECTION_SHIFT 23
#define SECTION_SIZE  (UINT64_C(1) << SECTION_SHIFT)
#define SECTION_PAGES (SECTION_SIZE >> PAGE_SHIFT)
#define MAP_BYTES     (SECTION_PAGES * sizeof(struct page))
#define ORDERS        (SECTION_SHIFT - PAGE_SHIFT + 1)
#define ORDER_ABSENT  0xff
#define CPU_PAGES     32 /* of a CPU's stack */
#define CPU_BATCH     16
#define LOOSE_MAX     1024
#define POISON_FREE   0xdb

/* A run of free physical memory. */
struct run {
	paddr_t start, end;
};

struct cpu_pages {
	unsigned count; /* [C] */
	struct page *stack[CPU_PAGES]; /* [C] */
} ALIGNED(64);

static struct {
	struct spinlock lock;
	struct list free[ORDERS]; /* [l] heads of free blocks */
	uint32_t filled; /* [l] orders whose list is not empty */
	size_t free_pages; /* [l] in the lists */
	struct page *loose; /* [l] chains of single pages, see above */
	size_t loose_count; /* [l] */
	size_t offline; /* [l] free pages of offline sections */
	size_t next; /* [l] no offline section with RAM below it */
	size_t count; /* [I] of sections */
	paddr_t base; /* [I] start of section 0 */
	size_t total, reserved; /* [I] pages */
	struct page *zero; /* [I] */
} pages = { .lock = SPIN_INIT(RANK_PAGE, "pages") };

struct page_section *page_sections;

static struct cpu_pages cpu_pages[CPU_MAX];
atomic_long page_use_counts[PAGE_USES];
atomic_ulong alloc_fail_at;
static atomic_bool alloc_fail_marked; /* only marked threads count */
static bool (*_Atomic alloc_fail_judge)(void); /* NULL: the count decides */

_Static_assert(sizeof(struct page) == 32, "one frame costs 32 bytes");
_Static_assert(PAGE_SIZE == STRING_PAGE_BYTES, "page_zero() clears a page");

/* ---- the boot ranges -------------------------------------------------- */

/* The first free run within [from, end); false: there is none. */
static bool
run_next(paddr_t from, paddr_t end, struct run *out)
{
	const struct boot_info *b = &boot_info;
	paddr_t start = UINT64_MAX, stop = 0;
	bool moved = true;

	for (unsigned i = 0; i < b->ram_count; i++) {
		paddr_t low = ALIGN_UP(b->ram[i].start, PAGE_SIZE);
		paddr_t high = ALIGN_DOWN(
		    b->ram[i].start + b->ram[i].size, PAGE_SIZE);

		low = MAX(low, from);
		high = MIN(high, end);
		if (low < high && low < start) {
			start = low;
			stop = high;
		}
	}
	if (start == UINT64_MAX)
		return false;
	while (moved) {
		moved = false;
		for (unsigned i = 0; i < b->reserved_count; i++) {
			paddr_t low =
			    ALIGN_DOWN(b->reserved[i].start, PAGE_SIZE);
			paddr_t high = ALIGN_UP(b->reserved[i].start +
			    b->reserved[i].size, PAGE_SIZE);

			if (start >= low && start < high) {
				start = high;
				moved = true;
			}
		}
	}
	if (start >= stop)
		return stop < end && run_next(MAX(start, stop), end, out);
	for (unsigned i = 0; i < b->reserved_count; i++) {
		paddr_t low = ALIGN_DOWN(b->reserved[i].start, PAGE_SIZE);

		if (b->reserved[i].size > 0 && low > start && low < stop)
			stop = low;
	}
	out->start = start;
	out->end = stop;
	return true;
}

static paddr_t
section_start(size_t i)
{
	return pages.base + ((paddr_t)i << SECTION_SHIFT);
}

/* ---- the buddy lists -------------------------------------------------- */

static size_t
page_number(const struct page *p)
{
	return (size_t)(p - atomic_load_explicit(
	    &page_sections[p->section].map, memory_order_relaxed));
}

static void
block_link(struct page *p, unsigned order)
{
	p->order = (uint8_t)order;
	page_set_flags(p, PAGE_FREE);
	list_add(&pages.free[order], &p->link);
	pages.filled |= 1u << order;
}

static void
block_unlink(struct page *p, unsigned order)
{
	list_del(&p->link);
	page_set_flags(p, 0);
	if (list_empty(&pages.free[order]))
		pages.filled &= ~(1u << order);
}

/* Frees a block and merges it with its buddies. */
static void
block_free(struct page *p, unsigned order) REQUIRES(pages.lock)
{
	struct page *map = p - page_number(p);
	size_t n = page_number(p);

	pages.free_pages += (size_t)1 << order;
	for (; order < ORDERS - 1; order++) {
		struct page *buddy = &map[n ^ ((size_t)1 << order)];

		if ((page_flags(buddy) & PAGE_FREE) == 0 ||
		    buddy->order != order)
			break;
		block_unlink(buddy, order);
		n &= ~((size_t)1 << order);
	}
	block_link(&map[n], order);
}

/* Takes a block; larger ones are split. NULL: none that large. */
static struct page *
block_take(unsigned order) REQUIRES(pages.lock)
{
	uint32_t fit = pages.filled >> order << order;
	struct page *p;
	unsigned from;

	if (fit == 0)
		return NULL;
	from = ctz64(fit);
	p = container_of(pages.free[from].next, struct page, link);
	block_unlink(p, from);
	while (from > order) {
		from--;
		block_link(p + ((size_t)1 << from), from);
	}
	p->order = (uint8_t)order;
	pages.free_pages -= (size_t)1 << order;
	return p;
}

/* ---- sections --------------------------------------------------------- */

/* Room for section i's map: the end of a free run of its own. */
static bool
map_carve(size_t i, struct run *hole)
{
	paddr_t at = section_start(i), end = at + SECTION_SIZE;
	struct run run;

	while (run_next(at, end, &run)) {
		if (run.end - run.start >= MAP_BYTES) {
			hole->start = run.end - MAP_BYTES;
			hole->end = run.end;
			return true;
		}
		at = run.end;
	}
	return false;
}

/* Frees [start, end), which lies in one section, as large blocks. */
static void
run_free(struct page *map, paddr_t start, paddr_t end) REQUIRES(pages.lock)
{
	size_t n = (start & (SECTION_SIZE - 1)) >> PAGE_SHIFT;
	size_t last = n + ((end - start) >> PAGE_SHIFT);

	for (size_t k = n; k < last; k++) {
		ref_init(&map[k].refs, 0);
		page_set_flags(&map[k], 0);
		map[k].order = 0;
	}
	while (n < last) {
		unsigned order = n == 0 ? ORDERS - 1 : ctz64(n);

		order = MIN(order, log2_floor(last - n));
		order = MIN(order, ORDERS - 1);
		block_free(&map[n], order);
		n += (size_t)1 << order;
	}
}

/* Every page of the section as RAM that is reserved, or as absent. */
static void
map_init(struct page *map, size_t i)
{
	paddr_t at = section_start(i);

	memset(map, 0, MAP_BYTES);
	for (size_t k = 0; k < SECTION_PAGES; k++) {
		map[k].section = (uint16_t)i;
		map[k].order = ORDER_ABSENT;
	}
	for (unsigned r = 0; r < boot_info.ram_count; r++) {
		const struct boot_range *ram = &boot_info.ram[r];
		paddr_t low = MAX(ALIGN_UP(ram->start, PAGE_SIZE), at);
		paddr_t high = MIN(ALIGN_DOWN(ram->start + ram->size,
		    PAGE_SIZE), at + SECTION_SIZE);

		for (; low < high; low += PAGE_SIZE) {
			struct page *p = &map[(low - at) >> PAGE_SHIFT];

			p->order = 0;
			page_set_flags(p, PAGE_RESERVED);
			ref_init(&p->refs, 1);
		}
	}
}

/* Brings section i online; false: no room for its map. */
static bool
section_online(size_t i) REQUIRES(pages.lock)
{
	struct page_section *sec = &page_sections[i];
	paddr_t at = section_start(i), end = at + SECTION_SIZE;
	struct run hole = { 0, 0 }, run;
	struct page *map;

	if (map_carve(i, &hole)) {
		map = phys_to_virt(hole.start);
	} else {
		struct page *p = block_take(log2_ceil(MAP_BYTES) - PAGE_SHIFT);

		if (p == NULL)
			return false;
		ref_init(&p->refs, 1);
		map = page_virt(p);
		asan_unpoison(map, MAP_BYTES);
	}
	map_init(map, i);
	sec->delta = at - (uintptr_t)map * PAGE_SCALE;
	atomic_store_explicit(&sec->map, map, memory_order_release);
	while (run_next(at, end, &run)) {
		paddr_t stop = run.end == hole.end ? hole.start : run.end;

		if (run.start < stop)
			run_free(map, run.start, stop);
		at = run.end;
	}
	pages.offline -= sec->usable;
	return true;
}

/* The next offline section with free memory; false: there is none. */
static bool
section_online_next(void) REQUIRES(pages.lock)
{
	for (; pages.next < pages.count; pages.next++) {
		struct page_section *sec = &page_sections[pages.next];

		if (sec->usable == 0 || atomic_load_explicit(
		    &sec->map, memory_order_relaxed) != NULL)
			continue;
		if (section_online(pages.next))
			return true;
	}
	return false;
}

/* page_of() met an offline section: a reserved page of it is wanted. */
static struct page *
section_demand(size_t i)
{
	struct page_section *sec = &page_sections[i];
	unsigned long flags;

	if (!sec->has_ram)
		return NULL;
	flags = spin_lock_irq(&pages.lock);
	if (atomic_load_explicit(&sec->map, memory_order_relaxed) == NULL &&
	    !section_online(i) && section_online_next())
		(void)section_online(i);
	spin_unlock_irq(&pages.lock, flags);
	return atomic_load_explicit(&sec->map, memory_order_acquire);
}

struct page *
page_of(paddr_t pa)
{
	size_t i = (pa - pages.base) >> SECTION_SHIFT;
	struct page *p;

	if (UNLIKELY(i >= pages.count))
		return NULL;
	p = atomic_load_explicit(
	    &page_sections[i].map, memory_order_acquire);
	if (UNLIKELY(p == NULL)) {
		p = section_demand(i);
		if (p == NULL)
			return NULL;
	}
	p += (pa & (SECTION_SIZE - 1)) >> PAGE_SHIFT;
	return UNLIKELY(p->order == ORDER_ABSENT) ? NULL : p;
}

/* ---- allocation ------------------------------------------------------- */

static inline struct page *
link_page(struct list *link)
{
	return (struct page *)(void *)link;
}

static inline struct list *
page_link(struct page *p)
{
	return (struct list *)(void *)p;
}

/* Takes a chain of CPU_BATCH pages. */
static inline void
loose_push(struct page *chain) REQUIRES(pages.lock)
{
	chain->link.prev = page_link(pages.loose);
	pages.loose = chain;
	pages.loose_count += CPU_BATCH;
}

static inline struct page *
loose_pop(void) REQUIRES(pages.lock)
{
	struct page *chain = pages.loose;

	if (chain != NULL) {
		pages.loose = link_page(chain->link.prev);
		pages.loose_count -= CPU_BATCH;
	}
	return chain;
}

static void
chain_free(struct page *chain) REQUIRES(pages.lock)
{
	struct page *ahead;

	for (; chain != NULL; chain = ahead) {
		ahead = link_page(chain->link.next);
		block_free(chain, 0);
	}
}

/* Gives all loose pages to the buddy lists; false: there were none. */
static bool
loose_merge(void) REQUIRES(pages.lock)
{
	bool any = pages.loose != NULL;

	while (pages.loose != NULL)
		chain_free(loose_pop());
	return any;
}

static struct page *
block_alloc(unsigned order)
{
	unsigned long flags = spin_lock_irq(&pages.lock);
	struct page *p;

	do
		p = block_take(order);
	while (p == NULL && (loose_merge() || section_online_next()));
	spin_unlock_irq(&pages.lock, flags);
	return p;
}

/* Fills this CPU's empty stack by half; preemption is off. */
static void
cpu_pages_fill(struct cpu_pages *c)
{
	unsigned long flags = spin_lock_irq(&pages.lock);
	struct page *chain = loose_pop(), *p;

	while (chain == NULL && c->count < CPU_BATCH) {
		p = block_take(0);
		if (p != NULL)
			c->stack[c->count++] = p;
		else if (c->count > 0 || !section_online_next())
			break;
	}
	spin_unlock_irq(&pages.lock, flags);
	for (; chain != NULL; chain = link_page(chain->link.next))
		c->stack[c->count++] = chain;
}

/* The last count pages of the stack, chained. */
static struct page *
cpu_pages_chain(struct cpu_pages *c, unsigned count)
{
	struct page *chain = NULL, *p;

	for (; count > 0; count--) {
		p = c->stack[--c->count];
		p->link.next = page_link(chain);
		chain = p;
	}
	return chain;
}

/* Takes a batch off this CPU's full stack; preemption is off. */
static void
cpu_pages_spill(struct cpu_pages *c)
{
	struct page *chain = cpu_pages_chain(c, CPU_BATCH);
	unsigned long flags = spin_lock_irq(&pages.lock);

	if (LIKELY(pages.loose_count < LOOSE_MAX))
		loose_push(chain);
	else
		chain_free(chain);
	spin_unlock_irq(&pages.lock, flags);
}

void
page_drain_cpu(void)
{
	struct cpu_pages *c;
	unsigned long flags;

	if (cpu_in_interrupt())
		return;
	flags = spin_lock_irq(&pages.lock);
	c = &cpu_pages[cpu_id()];
	chain_free(cpu_pages_chain(c, c->count));
	spin_unlock_irq(&pages.lock, flags);
}

static struct page *
single_alloc(void)
{
	struct cpu_pages *c;
	struct page *p = NULL;

	if (cpu_in_interrupt())
		return block_alloc(0);
	preempt_disable();
	c = &cpu_pages[cpu_id()];
	if (UNLIKELY(c->count == 0))
		cpu_pages_fill(c);
	if (LIKELY(c->count > 0))
		p = c->stack[--c->count];
	preempt_enable();
	return p;
}

/* Memory is short. Only a thread without spinlocks may reclaim. */
static NOINLINE struct page *
alloc_slow(unsigned order)
{
	struct page *p = NULL;

	for (unsigned turn = 0; p == NULL && turn < 4; turn++) {
		page_drain_cpu();
		p = block_alloc(order);
		if (p != NULL || !preemptible() ||
		    reclaim_pages(((size_t)1 << order) + CPU_BATCH) == 0)
			break;
	}
	return p;
}

static void
poison_fill(struct page *p, unsigned order)
{
	void *at = page_virt(p);

	asan_unpoison(at, PAGE_SIZE << order);
	memset(at, POISON_FREE, PAGE_SIZE << order);
	asan_poison(at, PAGE_SIZE << order);
}

static void
poison_check(const struct page *p)
{
	const uint8_t *b = page_virt(p);

	for (size_t i = 0; i < PAGE_SIZE; i += 61)
		if (b[i] != POISON_FREE)
			panic("free page %#llx written at +%zu: %#x",
			    (unsigned long long)page_phys(p), i, b[i]);
}

void
alloc_fail_for(unsigned long nth)
{
	arch_current()->alloc_fails = nth != 0;
	atomic_store(&alloc_fail_judge, NULL);
	atomic_store(&alloc_fail_marked, nth != 0);
	atomic_store(&alloc_fail_at, nth);
}

void
alloc_fail_when(bool (*judge)(void))
{
	alloc_fail_for(UINTPTR_MAX);
	atomic_store(&alloc_fail_judge, judge);
}

bool
alloc_counts_down(void)
{
	unsigned long n = atomic_load(&alloc_fail_at);
	bool (*judge)(void) = atomic_load(&alloc_fail_judge);

	if (atomic_load(&alloc_fail_marked) && !arch_current()->alloc_fails)
		return false;
	if (judge != NULL)
		return judge();
	while (n != 0 &&
	    !atomic_compare_exchange_weak(&alloc_fail_at, &n, n - 1))
		;
	return n == 1;
}

struct page *
page_alloc(unsigned order)
{
	struct page *p;

	if (UNLIKELY(alloc_must_fail()) || UNLIKELY(order >= ORDERS))
		return NULL;
	p = order == 0 ? single_alloc() : block_alloc(order);
	if (UNLIKELY(p == NULL)) {
		p = alloc_slow(order);
		if (p == NULL)
			return NULL;
	}
	asan_unpoison(page_virt(p), PAGE_SIZE << order);
	if (CARMINE_CHECK && p->private == POISON_FREE)
		poison_check(p);
	DASSERT(page_refs(p) == 0);
	ref_init(&p->refs, 1);
	atomic_store_explicit(&p->flags, 0, memory_order_relaxed);
	p->private = 0;
	return p;
}

struct page *
page_alloc_zero(void)
{
	struct page *p = page_alloc(0);

	if (LIKELY(p != NULL))
		page_zero(page_virt(p));
	return p;
}

void
page_free(struct page *p, unsigned order)
{
	unsigned long flags;
	struct cpu_pages *c;

	ASSERT(page_refs(p) <= 1);
	DASSERT((page_flags(p) & (PAGE_FREE | PAGE_RESERVED)) == 0);
	ref_init(&p->refs, 0);
	atomic_store_explicit(&p->flags, 0, memory_order_relaxed);
	if (CARMINE_CHECK) {
		poison_fill(p, order);
		for (size_t i = 0; i < (size_t)1 << order; i++)
			p[i].private = POISON_FREE;
	}
	if (order > 0 || cpu_in_interrupt()) {
		flags = spin_lock_irq(&pages.lock);
		block_free(p, order);
		spin_unlock_irq(&pages.lock, flags);
		return;
	}
	preempt_disable();
	c = &cpu_pages[cpu_id()];
	if (UNLIKELY(c->count == CPU_PAGES))
		cpu_pages_spill(c);
	c->stack[c->count++] = p;
	preempt_enable();
}

struct page *
page_zero_shared(void)
{
	return pages.zero;
}

/* ---- start ------------------------------------------------------------ */

/* Carves the section table from the first free run that has room. */
static void
sections_place(void)
{
	size_t bytes = ALIGN_UP(
	    pages.count * sizeof(struct page_section), PAGE_SIZE);
	paddr_t at = 0;
	struct run run;

	while (run_next(at, UINT64_MAX, &run)) {
		if (run.end - run.start >= bytes) {
			ASSERT(boot_info.reserved_count < BOOT_RANGES_MAX);
			boot_info.reserved[boot_info.reserved_count++] =
			    (struct boot_range){ run.start, bytes };
			page_sections = phys_to_virt(run.start);
			memset(page_sections, 0, bytes);
			return;
		}
		at = run.end;
	}
	panic("no memory for the section table (%zu bytes)", bytes);
}

static void
sections_count(void)
{
	struct run run;

	for (unsigned i = 0; i < boot_info.ram_count; i++) {
		const struct boot_range *ram = &boot_info.ram[i];
		size_t first = (ram->start - pages.base) >> SECTION_SHIFT;
		size_t last = (ram->start + ram->size - 1 - pages.base) >>
		    SECTION_SHIFT;

		pages.total += ram->size >> PAGE_SHIFT;
		for (size_t s = first; s <= last; s++)
			page_sections[s].has_ram = true;
	}
	for (size_t s = 0; s < pages.count; s++) {
		paddr_t at = section_start(s), end = at + SECTION_SIZE;

		while (run_next(at, end, &run)) {
			page_sections[s].usable +=
			    (uint32_t)((run.end - run.start) >> PAGE_SHIFT);
			at = run.end;
		}
		pages.offline += page_sections[s].usable;
	}
	pages.reserved = pages.total - pages.offline;
}

void
page_init(void)
{
	paddr_t low = UINT64_MAX, high = 0;

	for (unsigned i = 0; i < boot_info.ram_count; i++) {
		const struct boot_range *ram = &boot_info.ram[i];

		low = MIN(low, ram->start);
		high = MAX(high, ram->start + ram->size);
	}
	if (low >= high)
		panic("the firmware names no RAM");
	pages.base = ALIGN_DOWN(low, SECTION_SIZE);
	pages.count = DIV_ROUND_UP(high - pages.base, SECTION_SIZE);
	pages.count = MIN(pages.count, (size_t)UINT16_MAX + 1);
	for (unsigned i = 0; i < ORDERS; i++)
		list_init(&pages.free[i]);
	sections_place();
	sections_count();
	pages.zero = page_alloc_zero();
	if (pages.zero == NULL)
		panic("no memory after the firmware's ranges");
	page_set_flags(pages.zero, PAGE_ZERO | PAGE_RESERVED);
}

void
page_stats(struct page_stats *out)
{
	unsigned long flags = spin_lock_irq(&pages.lock);
	size_t free = pages.free_pages + pages.loose_count + pages.offline;

	spin_unlock_irq(&pages.lock, flags);
	for (unsigned i = 0; i < CPU_MAX; i++)
		free += cpu_pages[i].count;
	out->total = pages.total;
	out->reserved = pages.reserved;
	out->free = free;
	out->cached = (uint64_t)atomic_load(&page_use_counts[PAGE_USE_CACHED]);
	out->slab = (uint64_t)atomic_load(&page_use_counts[PAGE_USE_SLAB]);
	out->tables = (uint64_t)atomic_load(&page_use_counts[PAGE_USE_TABLES]);
}
