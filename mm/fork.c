/*
 * Copying a space for fork.
 *
 * Regions are copied; of the page tables only what a fault could not bring
 * back cheaply: private pages (anonymous memory and copies of file pages).
 * Cached pages and the shared zero page are left to fault again, sixteen at a
 * time where they are files'.
 *
 * Each private page gets one more reference and is read-only in both spaces;
 * one flush of the parent at the end makes that true for its other threads
 * before the child can run. The parent's lock is held exclusively all the
 * time, so no fault sees a half-copied table.
 */
#include "region.h"

#include <kernel/container.h>
#include <kernel/file.h>
#include <lib/string.h>

struct copy {
	struct space *to;
	struct region *region;
	_Atomic(pte_t) *table; /* child's slots of the 2 MiB around base */
	vaddr_t base;
	vaddr_t first, last; /* of the parent's entries that lost a right */
	long pages;
	bool failed;
};

#define TABLE_SPAN (PT_ENTRIES * PAGE_SIZE)

/* The child's slot for va; the walk is done once per table. */
static _Atomic(pte_t) *
copy_slot(struct copy *c, vaddr_t va)
{
	vaddr_t base = ALIGN_DOWN(va, TABLE_SPAN);

	if (c->table == NULL || base != c->base) {
		c->table = pt_slot(&c->to->arch, base, true, NULL);
		c->base = base;
	}
	return c->table == NULL ? NULL :
	    c->table + ((va - base) >> PAGE_SHIFT);
}

static void
copy_entry(_Atomic(pte_t) *slot, vaddr_t va, bool large UNUSED, void *arg)
{
	struct copy *c = arg;
	pte_t e = atomic_load_explicit(slot, memory_order_relaxed);
	struct page *p = page_of(pte_addr(e));
	_Atomic(pte_t) *to;

	if (p == NULL || (page_flags(p) & PAGE_ZERO) != 0 ||
	    ((page_flags(p) & PAGE_CACHED) != 0 && c->region->obj != NULL &&
	    atomic_load_explicit(&p->owner, memory_order_relaxed) ==
	    c->region->obj))
		return;
	to = copy_slot(c, va);
	if (to == NULL) {
		c->failed = true;
		return;
	}
	if ((pte_prot(e) & PROT_WRITE) != 0) {
		e = pte_leaf(pte_addr(e), pte_prot(e) & ~PROT_WRITE);
		atomic_store_explicit(slot, e, memory_order_relaxed);
		c->first = MIN(c->first, va);
		c->last = MAX(c->last, va + PAGE_SIZE);
	}
	page_ref(p);
	c->pages++;
	atomic_store_explicit(to, e, memory_order_release);
}

/* Copies the region itself; NULL: out of memory. */
static struct region *
copy_region(struct space *to, struct region *r)
{
	struct region *n = region_copy(r, to, r->start, r->end);

	if (n == NULL)
		return NULL;
	n->flags &= ~REGION_LOCKED; /* locks are not inherited */
	region_insert(&to->regions, n);
	if (n->obj != NULL)
		memobj_link(n);
	to->region_count++;
	to->mapped += n->end - n->start;
	return n;
}

static enum err
copy_regions(struct space *s, struct copy *c)
{
	struct rbnode *node;

	for (node = rb_first(&s->regions); node != NULL;
	     node = rb_next(node)) {
		struct region *r = rb_entry(node, struct region, node);

		if ((r->flags & REGION_DONTFORK) != 0)
			continue;
		c->region = copy_region(c->to, r);
		if (c->region == NULL)
			return ERR_NOMEM;
		if ((r->flags & (REGION_SHARED | REGION_PHYS |
		    REGION_WIPEFORK)) != 0 || (r->obj != NULL &&
		    !atomic_load(&r->has_copies)))
			continue;
		region_walk(r, (vaddr_t[2]){ r->start, r->end },
		    copy_entry, c);
		if (c->failed)
			return ERR_NOMEM;
	}
	return OK;
}

/* Everything but regions and pages. */
static void
copy_layout(struct space *to, const struct space *s)
{
	to->low = s->low;
	to->high = s->high;
	to->mmap_top = s->mmap_top;
	to->brk_start = s->brk_start;
	to->brk = s->brk;
	to->stack_limit = s->stack_limit;
	to->limit_bytes = s->limit_bytes;
	to->limit_data = s->limit_data;
	to->limit_stack = s->limit_stack;
	to->arg_start = s->arg_start;
	to->arg_end = s->arg_end;
	to->env_start = s->env_start;
	to->env_end = s->env_end;
	to->stack_start = s->stack_start;
	to->code_start = s->code_start;
	to->code_end = s->code_end;
	to->data_start = s->data_start;
	to->data_end = s->data_end;
	to->vdso = s->vdso;
	to->exe = s->exe == NULL ? NULL : file_ref(s->exe);
	memcpy(to->auxv, s->auxv, s->auxv_words * sizeof(s->auxv[0]));
	to->auxv_words = s->auxv_words;
}

enum err
space_clone(struct space *s, struct space **out)
{
	struct copy c = { .first = ~(vaddr_t)0 };
	struct space *to = NULL;
	enum err e;

	e = space_create(s->container, &to);
	if (e != OK)
		return e;
	c.to = to;
	rw_write_lock(&s->lock);
	copy_layout(to, s);
	e = space_charge(to, atomic_load(&s->resident));
	if (e == OK)
		e = copy_regions(s, &c);
	space_resident_add(to, c.pages);
	if (c.first < c.last)
		tlb_flush(&s->arch, c.first, c.last);
	rw_write_unlock(&s->lock);
	if (e != OK) {
		space_unref(to);
		return e;
	}
	*out = to;
	return OK;
}
