/*
 * Page tables: one walker for all ports. A table has 512 entries of eight
 * bytes; arch_pt_levels says how many levels there are, pte_* how an entry
 * looks.
 *
 * Entries change by compare-and-swap or exchange only, because faults of one
 * space run side by side under the shared lock, and because the software copy
 * (mm/user.c) walks without any lock. Such a walk runs with irqs off; a table
 * is only freed after a flush that every CPU with the space answered, so the
 * walker never meets a table that was reused.
 *
 * Tables are taken out only under the space's lock held exclusively.
 */
#include "pagetable.h"

#include <lib/string.h>

#define INDEX_BITS 9
#define INDEX_MASK (PT_ENTRIES - 1)

typedef _Atomic(pte_t) slot_t;

static inline unsigned
level_shift(unsigned level)
{
	return PAGE_SHIFT + INDEX_BITS * level;
}

static inline slot_t *
table_at(paddr_t pa)
{
	return phys_to_virt(pa);
}

static inline slot_t *
table_slot(slot_t *table, vaddr_t va, unsigned level)
{
	return &table[(va >> level_shift(level)) & INDEX_MASK];
}

static struct page *
table_alloc(void)
{
	struct page *p = page_alloc_zero();

	if (p != NULL) {
		page_set_flags(p, PAGE_TABLE);
		page_use_add(PAGE_USE_TABLES, 1);
	}
	return p;
}

static void
table_free(struct page *p)
{
	page_use_add(PAGE_USE_TABLES, -1);
	page_free(p, 0);
}

/* Hangs a new table into an empty slot; *e is what is there then. */
static NOINLINE bool
table_grow(slot_t *slot, pte_t *e)
{
	struct page *p = table_alloc();
	pte_t want = 0;

	if (p == NULL)
		return false;
	*e = pte_table(page_phys(p));
	if (!atomic_compare_exchange_strong_explicit(slot, &want, *e,
	    memory_order_acq_rel, memory_order_acquire)) {
		table_free(p);
		*e = want;
	}
	return true;
}

/*
 * One step down from *table. NULL: *table is the next table; else the answer
 * of pt_slot, or PT_ABSENT for none. Inlined with a constant level.
 */
#define PT_ABSENT ((slot_t *)1)

static ALWAYS_INLINE slot_t *
step_down(slot_t **table, vaddr_t va, unsigned level, bool create)
{
	slot_t *slot = table_slot(*table, va, level);
	pte_t e = atomic_load_explicit(slot, memory_order_acquire);

	if (UNLIKELY(!pte_present(e)) && (!create || !table_grow(slot, &e)))
		return PT_ABSENT;
	if (UNLIKELY(pte_is_leaf(e)))
		return slot;
	*table = table_at(pte_addr(e));
	return NULL;
}

_Atomic(pte_t) *
pt_slot(struct arch_space *s, vaddr_t va, bool create, bool *large)
{
	slot_t *table = table_at(s->root), *met = NULL;

	if (arch_pt_levels > 3)
		met = step_down(&table, va, 3, create);
	if (LIKELY(met == NULL))
		met = step_down(&table, va, 2, create);
	if (LIKELY(met == NULL))
		met = step_down(&table, va, 1, create);
	if (LIKELY(met == NULL))
		return table_slot(table, va, 0);
	if (met == PT_ABSENT)
		return NULL;
	if (large != NULL)
		*large = true;
	return met;
}

enum err
pt_map(struct arch_space *s, vaddr_t va, paddr_t pa, unsigned prot)
{
	bool large = false;
	slot_t *slot = pt_slot(s, va, true, &large);
	pte_t none = 0;

	if (slot == NULL)
		return ERR_NOMEM;
	if (large || !atomic_compare_exchange_strong_explicit(slot, &none,
	    pte_leaf(pa, prot), memory_order_release, memory_order_relaxed))
		return ERR_EXISTS;
	return OK;
}

enum err
pt_map_large(struct arch_space *s, vaddr_t va, paddr_t pa, unsigned prot)
{
	slot_t *table = table_at(s->root);
	slot_t *slot;
	pte_t none = 0;

	for (unsigned level = arch_pt_levels - 1; level > 1; level--) {
		pte_t e;

		slot = table_slot(table, va, level);
		e = atomic_load_explicit(slot, memory_order_acquire);
		if (!pte_present(e) && !table_grow(slot, &e))
			return ERR_NOMEM;
		if (pte_is_leaf(e))
			return ERR_EXISTS;
		table = table_at(pte_addr(e));
	}
	slot = table_slot(table, va, 1);
	if (!atomic_compare_exchange_strong_explicit(slot, &none,
	    pte_leaf_large(pa, prot), memory_order_release,
	    memory_order_relaxed))
		return ERR_EXISTS;
	return OK;
}

bool
pt_query(struct arch_space *s, vaddr_t va, paddr_t *pa, unsigned *prot)
{
	slot_t *table = table_at(s->root);
	unsigned level = arch_pt_levels - 1;
	pte_t e;

	for (;; level--) {
		e = atomic_load_explicit(
		    table_slot(table, va, level), memory_order_acquire);
		if (!pte_present(e))
			return false;
		if (level == 0 || pte_is_leaf(e))
			break;
		table = table_at(pte_addr(e));
	}
	*pa = pte_addr(e) | (va & ((UINT64_C(1) << level_shift(level)) - 1));
	*prot = pte_prot(e);
	return true;
}

/* ---- walks ------------------------------------------------------------ */

/* Where the entry that va lies in ends, or end if that comes first. The last
 * entry of the kernel half ends at 2^64. */
static inline vaddr_t
entry_end(vaddr_t va, unsigned level, vaddr_t end)
{
	vaddr_t last = va | ((UINT64_C(1) << level_shift(level)) - 1);

	return last >= end ? end : last + 1;
}

struct walk {
	pt_visit *fn;
	void *arg;
};

/* Slots [i, end) of a leaf table that starts at base. Empty ones are passed
 * eight at a time: most are. */
static void
walk_leaves(const struct walk *w, slot_t *table, const vaddr_t range[2])
{
	size_t i = (range[0] >> PAGE_SHIFT) & INDEX_MASK;
	size_t end = i + ((range[1] - range[0]) >> PAGE_SHIFT);
	vaddr_t base = range[0] - (i << PAGE_SHIFT);

#define PEEK(k) atomic_load_explicit(&table[i + (k)], memory_order_relaxed)
	while (i < end) {
		if ((i & 7) == 0 && i + 8 <= end &&
		    (PEEK(0) | PEEK(1) | PEEK(2) | PEEK(3) |
		    PEEK(4) | PEEK(5) | PEEK(6) | PEEK(7)) == 0) {
			i += 8;
			continue;
		}
		if (pte_present(PEEK(0)))
			w->fn(&table[i], base + (i << PAGE_SHIFT), false,
			    w->arg);
		i++;
	}
#undef PEEK
}

static void
walk_level(const struct walk *w, slot_t *table, unsigned level,
    const vaddr_t range[2])
{
	vaddr_t va = range[0], next;

	for (; va < range[1]; va = next) {
		slot_t *slot = table_slot(table, va, level);
		pte_t e = atomic_load_explicit(slot, memory_order_acquire);

		next = entry_end(va, level, range[1]);
		if (!pte_present(e))
			continue;
		if (pte_is_leaf(e))
			w->fn(slot, va, true, w->arg);
		else if (level == 1)
			walk_leaves(w, table_at(pte_addr(e)),
			    (vaddr_t[2]){ va, next });
		else
			walk_level(w, table_at(pte_addr(e)), level - 1,
			    (vaddr_t[2]){ va, next });
	}
}

void
pt_walk(struct arch_space *s, vaddr_t start, vaddr_t end, pt_visit *fn,
    void *arg)
{
	struct walk w = { fn, arg };

	walk_level(&w, table_at(s->root), arch_pt_levels - 1,
	    (vaddr_t[2]){ start, end });
}

/* ---- freeing tables --------------------------------------------------- */

/*
 * Takes out the tables that overlap [at[0], at[1]) and lie wholly in [room[0],
 * room[1]), lower levels first. Only slots of the former range are looked at:
 * every table overlaps a region, so the rest of the room has none.
 */
struct detach {
	vaddr_t at[2];
	vaddr_t room[2];
	struct list *out;
};

static void
detach_level(const struct detach *d, slot_t *table, unsigned level,
    const vaddr_t range[2])
{
	uint64_t span = UINT64_C(1) << level_shift(level);
	vaddr_t va = range[0], next;

	for (; va < range[1]; va = next) {
		slot_t *slot = table_slot(table, va, level);
		pte_t e = atomic_load_explicit(slot, memory_order_relaxed);
		vaddr_t base = ALIGN_DOWN(va, span);

		next = entry_end(va, level, range[1]);
		if (!pte_present(e) || pte_is_leaf(e))
			continue;
		if (level > 1)
			detach_level(d, table_at(pte_addr(e)), level - 1,
			    (vaddr_t[2]){ va, next });
		if (base < d->room[0] || base + (span - 1) >= d->room[1])
			continue;
		atomic_store_explicit(slot, 0, memory_order_release);
		list_add(d->out, &page_of(pte_addr(e))->link);
	}
}

void
pt_detach(struct arch_space *s, const vaddr_t at[2], const vaddr_t room[2],
    struct list *out)
{
	const struct detach d = { { at[0], at[1] }, { room[0], room[1] }, out };

	detach_level(&d, table_at(s->root), arch_pt_levels - 1, at);
}

void
pt_free_tables(struct list *tables)
{
	struct list *link;

	while ((link = list_take_first(tables)) != NULL)
		table_free(container_of(link, struct page, link));
}

void
pt_free_range(struct arch_space *s, vaddr_t start, vaddr_t end)
{
	const vaddr_t range[2] = { start, end };
	struct list tables = LIST_INIT(tables);

	pt_detach(s, range, range, &tables);
	if (list_empty(&tables))
		return;
	tlb_flush(s, start, end);
	pt_free_tables(&tables);
}

bool
pt_prepare_top(struct arch_space *s, vaddr_t start, vaddr_t end)
{
	unsigned level = arch_pt_levels - 1;
	uint64_t span = UINT64_C(1) << level_shift(level);
	slot_t *table = table_at(s->root);

	/* The last entry ends where addresses wrap. */
	for (vaddr_t va = ALIGN_DOWN(start, span); va < end && va != 0;
	    va += span) {
		slot_t *slot = table_slot(table, va, level);
		pte_t e = atomic_load_explicit(slot, memory_order_acquire);

		if (!pte_present(e) && !table_grow(slot, &e))
			return false;
	}
	return true;
}
