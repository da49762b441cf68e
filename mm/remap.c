/*
 * mremap: resizing a mapping in place, or moving its pages.
 *
 * Moving takes entries from the old tables to the new ones one by one, under
 * the space's exclusive lock; pages of an object are moved with its
 * region_lock held as well, so that a truncation meets each of them in one of
 * the two places. The new region is complete before the first entry moves.
 */
#include "region.h"

#include <kernel/file.h>

#include "pagetable.h"

struct move {
	struct space *space;
	vaddr_t delta;
	bool failed;
};

/* All tables of the new place exist: this cannot fail. */
static void
move_entry(_Atomic(pte_t) *slot, vaddr_t va, bool large UNUSED, void *arg)
{
	struct move *mv = arg;
	_Atomic(pte_t) *to =
	    pt_slot(&mv->space->arch, va + mv->delta, false, NULL);

	atomic_store(to, atomic_exchange(slot, 0));
}

static void
table_ensure(_Atomic(pte_t) *slot UNUSED, vaddr_t va, bool large UNUSED,
    void *arg)
{
	struct move *mv = arg;

	if (pt_slot(&mv->space->arch, va + mv->delta, true, NULL) == NULL)
		mv->failed = true;
}

static void
pages_move(struct space *s, struct region *from, const vaddr_t range[2],
    vaddr_t to)
{
	struct move mv = { .space = s, .delta = to - range[0] };

	region_obj_lock(from);
	pt_walk(&s->arch, range[0], range[1], move_entry, &mv);
	tlb_flush(&s->arch, range[0], range[1]);
	region_obj_unlock(from);
}

/* What mremap works on. */
struct remap {
	struct space *space;
	vaddr_t old;
	size_t old_len, new_len;
	vaddr_t to;
	unsigned flags;
	struct list dead;
};

/* Grows r in place when the room behind it is free. */
static bool
grow_in_place(const struct remap *q, struct region *r)
{
	struct space *s = q->space;
	struct region *next = space_next(r);
	vaddr_t end = q->old + q->new_len;

	if (r->end != q->old + q->old_len || end > s->high || end < q->old ||
	    (next != NULL && next->start < end))
		return false;
	region_obj_lock(r);
	region_set_bounds(r, r->start, end);
	region_obj_unlock(r);
	s->mapped += q->new_len - q->old_len;
	return true;
}

/* Moves the old range to q->to, which is free. */
static enum err
move_to(struct remap *q, struct region *r) REQUIRES(q->space->lock)
{
	struct space *s = q->space;
	vaddr_t range[2] = { q->old,
		q->old + MIN(q->old_len, q->new_len) };
	struct move mv = { .space = s, .delta = q->to - q->old };
	struct region *n;

	n = region_copy(r, s, q->old, q->old + q->new_len);
	if (n == NULL)
		return ERR_NOMEM;
	n->start = q->to;
	n->end = q->to + q->new_len;
	region_untouched(n);
	region_touch(n, q->to, q->to + (range[1] - range[0]));
	region_insert(&s->regions, n);
	if (n->obj != NULL)
		memobj_link(n);
	s->region_count++;
	s->mapped += q->new_len;
	/* Tables only where there is a region: pt_detach() counts on it. */
	pt_walk(&s->arch, range[0], range[1], table_ensure, &mv);
	if (mv.failed) {
		/* Cuts no region, so it cannot fail. */
		err_ignore(space_unmap_locked(
		    q->space, q->to, q->new_len, &q->dead));
		return ERR_NOMEM;
	}
	pages_move(s, r, range, q->to);
	if ((q->flags & REMAP_DONTUNMAP) != 0)
		return OK;
	return space_unmap_locked(q->space, q->old, q->old_len, &q->dead);
}

static enum err
move_place(struct remap *q) REQUIRES(q->space->lock)
{
	struct space *s = q->space;

	if ((q->flags & REMAP_FIXED) != 0) {
		if (!space_range_ok(s, q->to, q->new_len) || q->to < s->low ||
		    (q->to < q->old + q->old_len &&
		    q->old < q->to + q->new_len))
			return ERR_INVAL;
		return space_unmap_locked(
		    q->space, q->to, q->new_len, &q->dead);
	}
	return region_gap_top(&s->regions, q->new_len, PAGE_SIZE,
	    (vaddr_t[2]){ s->low, s->mmap_top }, &q->to) ? OK : ERR_NOMEM;
}

static enum err
remap_locked(struct remap *q) REQUIRES(q->space->lock)
{
	struct space *s = q->space;
	struct region *r = region_find(&s->regions, q->old);
	bool must_move = (q->flags & (REMAP_FIXED | REMAP_DONTUNMAP)) != 0;
	enum err e = OK;

	if (r == NULL || r->start > q->old ||
	    r->end < q->old + q->old_len)
		return ERR_FAULT;
	if (q->new_len > q->old_len && s->limit_bytes <
	    s->mapped + (q->new_len - q->old_len))
		return ERR_NOMEM;
	if (!must_move && q->new_len <= q->old_len) {
		q->to = q->old;
		return q->new_len == q->old_len ? OK : space_unmap_locked(
		    q->space, q->old + q->new_len, q->old_len - q->new_len,
		    &q->dead);
	}
	if (!must_move && grow_in_place(q, r)) {
		q->to = q->old;
		return OK;
	}
	if ((q->flags & REMAP_MAYMOVE) == 0)
		return must_move ? ERR_INVAL : ERR_NOMEM;
	e = move_place(q);
	if (e == OK)
		e = region_split_at(s, q->old);
	if (e == OK)
		e = region_split_at(s, q->old + q->old_len);
	if (e == OK)
		e = move_to(q, region_find(&s->regions, q->old));
	return e;
}

enum err
space_remap(struct space *s, const struct remap_request *req, vaddr_t *out)
{
	struct remap q = { .space = s, .old = req->old, .to = req->to,
		.flags = req->flags, .dead = LIST_INIT(q.dead) };
	enum err e;

	q.old_len = ALIGN_UP(req->old_len, PAGE_SIZE);
	q.new_len = ALIGN_UP(req->new_len, PAGE_SIZE);
	if (!space_range_ok(s, q.old, q.old_len) || q.new_len == 0 ||
	    q.new_len < req->new_len || q.new_len > s->high ||
	    ((q.flags & REMAP_DONTUNMAP) != 0 && q.new_len != q.old_len))
		return ERR_INVAL;
	rw_write_lock(&q.space->lock);
	e = remap_locked(&q);
	rw_write_unlock(&q.space->lock);
	regions_free(&q.dead);
	if (e == OK)
		*out = q.to;
	return e;
}
