/*
 * Advice, locking, residency, writing mapped files back, futex keys: what
 * looks at regions without changing their shape much.
 */
#include "region.h"

#include <kernel/file.h>
#include <kernel/log.h>
#include <lib/string.h>

/* ---- advice ----------------------------------------------------------- */

static unsigned
advice_flag(enum space_advice a)
{
	switch (a) {
	case ADVISE_DONTFORK:
	case ADVISE_DOFORK:
		return REGION_DONTFORK;
	case ADVISE_WIPEONFORK:
	case ADVISE_KEEPONFORK:
		return REGION_WIPEFORK;
	case ADVISE_DONTNEED:
	case ADVISE_FREE:
	case ADVISE_WILLNEED:
	case ADVISE_NONE:
	case ADVISE_REMOVE:
	case ADVISE_POPULATE_READ:
	case ADVISE_POPULATE_WRITE:
		break;
	}
	return 0;
}

/* Sets or clears a region flag over the whole range. */
static enum err
advice_mark(struct space *s, vaddr_t start, vaddr_t end, enum space_advice a)
{
	unsigned flag = advice_flag(a);
	struct region *r;
	enum err e;

	e = region_split_at(s, start);
	if (e == OK)
		e = region_split_at(s, end);
	for (r = region_find(&s->regions, start);
	     e == OK && r != NULL && r->start < end; r = space_next(r)) {
		if (a == ADVISE_WIPEONFORK && (r->obj != NULL ||
		    (r->flags & REGION_SHARED) != 0))
			e = ERR_INVAL;
		else if (a == ADVISE_DONTFORK || a == ADVISE_WIPEONFORK)
			r->flags |= flag;
		else
			r->flags &= ~flag;
	}
	return e;
}

/* Advice to what is mapped in the range; ERR_NOMEM when some is not. */
static enum err
advice_each(struct space *s, vaddr_t start, vaddr_t end, enum space_advice a)
{
	struct region *r = region_find(&s->regions, start);
	vaddr_t at = start;
	enum err e = OK;

	for (; r != NULL && r->start < end; r = space_next(r)) {
		if (r->start > at)
			e = ERR_NOMEM;
		/* Dropped: the next touch starts afresh. */
		if ((a == ADVISE_DONTNEED || a == ADVISE_FREE) &&
		    (r->flags & (REGION_PHYS | REGION_LOCKED)) == 0)
			zap_shared(r, MAX(r->start, start), MIN(r->end, end));
		at = r->end;
	}
	return at < end ? ERR_NOMEM : e;
}

/* MADV_REMOVE: punches a hole into the shared object. */
static enum err
advice_remove(struct space *s, vaddr_t start, vaddr_t end)
{
	struct memobj *m = NULL;
	struct region *r;
	uint64_t off = 0;
	enum err e;

	rw_read_lock(&s->lock);
	r = region_find(&s->regions, start);
	if (r != NULL && r->start <= start && r->end >= end &&
	    r->obj != NULL && (r->flags & REGION_SHARED) != 0) {
		m = r->obj;
		obj_ref(&m->obj);
		off = r->offset + (start - r->start);
	}
	rw_read_unlock(&s->lock);
	if (m == NULL)
		return ERR_INVAL;
	e = memobj_punch(m, off, off + (end - start));
	obj_unref(&m->obj);
	return e;
}

enum err
space_advise(
    struct space *s, vaddr_t start, size_t len, enum space_advice advice)
{
	vaddr_t end;
	enum err e;

	if (!IS_ALIGNED(start, PAGE_SIZE))
		return ERR_INVAL;
	len = ALIGN_UP(len, PAGE_SIZE);
	if (len == 0)
		return OK;
	if (!space_range_ok(s, start, len))
		return ERR_INVAL;
	end = start + len;
	if (advice == ADVISE_REMOVE)
		return advice_remove(s, start, end);
	if (advice == ADVISE_POPULATE_READ)
		return space_populate(s, start, end, PROT_READ);
	if (advice == ADVISE_POPULATE_WRITE)
		return space_populate(s, start, end, PROT_WRITE);
	if (advice_flag(advice) != 0) {
		rw_write_lock(&s->lock);
		e = advice_mark(s, start, end, advice);
		rw_write_unlock(&s->lock);
	} else {
		rw_read_lock(&s->lock);
		e = advice_each(s, start, end, advice);
		rw_read_unlock(&s->lock);
	}
	return e;
}

/* ---- locking ---------------------------------------------------------- */

enum err
space_lock_memory(struct space *s, vaddr_t start, size_t len, bool locked)
{
	vaddr_t end, at;
	struct region *r;
	enum err e;

	len = ALIGN_UP(len + (start & PAGE_MASK), PAGE_SIZE);
	start = ALIGN_DOWN(start, PAGE_SIZE);
	if (len == 0)
		return OK;
	if (!space_range_ok(s, start, len))
		return ERR_NOMEM;
	end = at = start + len;
	rw_write_lock(&s->lock);
	e = region_split_at(s, start);
	if (e == OK)
		e = region_split_at(s, end);
	at = start;
	for (r = region_find(&s->regions, start);
	     e == OK && r != NULL && r->start < end; r = space_next(r)) {
		bool was = (r->flags & REGION_LOCKED) != 0;

		if (r->start > at)
			e = ERR_NOMEM;
		at = r->end;
		if (was == locked)
			continue;
		r->flags ^= REGION_LOCKED;
		if (locked)
			s->locked += r->end - r->start;
		else
			s->locked -= r->end - r->start;
	}
	if (e == OK && at < end)
		e = ERR_NOMEM;
	rw_write_unlock(&s->lock);
	/* What is not accessible at all cannot be brought; that is fine. */
	if (e == OK && locked)
		err_ignore(space_populate(s, start, end, PROT_READ));
	return e;
}

/* ---- residency -------------------------------------------------------- */

struct residency {
	vaddr_t start;
	uint8_t *vec;
};

static void
residency_mark(_Atomic(pte_t) *slot UNUSED, vaddr_t va, bool large UNUSED,
    void *arg)
{
	struct residency *q = arg;

	q->vec[(va - q->start) >> PAGE_SHIFT] = 1;
}

/* Pages of the object that are cached but not mapped. */
static void
residency_cached(const struct region *r, const vaddr_t range[2],
    struct residency *q)
{
	vaddr_t va = MAX(r->start, range[0]), end = MIN(r->end, range[1]);

	for (; r->obj != NULL && va < end; va += PAGE_SIZE) {
		struct page *p = memobj_peek(r->obj, region_index(r, va));

		if (p != NULL) {
			q->vec[(va - q->start) >> PAGE_SHIFT] = 1;
			page_unref(p);
		}
	}
}

enum err
space_residency(struct space *s, vaddr_t start, size_t len, uint8_t *vec)
{
	struct residency q = { start, vec };
	vaddr_t end = start + ALIGN_UP(len, PAGE_SIZE), at = start;
	struct region *r;

	if (!IS_ALIGNED(start, PAGE_SIZE))
		return ERR_INVAL;
	if (!space_range_ok(s, start, end - start))
		return ERR_NOMEM;
	memset(vec, 0, (end - start) >> PAGE_SHIFT);
	rw_read_lock(&s->lock);
	for (r = region_find(&s->regions, start);
	     r != NULL && r->start <= at && at < end; r = space_next(r)) {
		residency_cached(r, (vaddr_t[2]){ at, end }, &q);
		at = r->end;
	}
	pt_walk(&s->arch, start, end, residency_mark, &q);
	rw_read_unlock(&s->lock);
	return at < end ? ERR_NOMEM : OK;
}

/* ---- msync ------------------------------------------------------------ */

enum err
space_sync(struct space *s, vaddr_t start, size_t len, bool wait)
{
	vaddr_t end, at = start;
	bool hole = false;
	enum err e = OK;

	len = ALIGN_UP(len, PAGE_SIZE);
	if (len == 0)
		return OK;
	if (!space_range_ok(s, start, len))
		return IS_ALIGNED(start, PAGE_SIZE) ? ERR_NOMEM : ERR_INVAL;
	end = start + len;
	while (at < end && e == OK) {
		struct memobj *m = NULL;
		struct region *r;
		uint64_t off = 0;
		vaddr_t stop = end;

		rw_read_lock(&s->lock);
		r = region_find(&s->regions, at);
		hole |= r == NULL || r->start > at;
		if (r != NULL && r->start < end) {
			at = MAX(at, r->start);
			stop = MIN(r->end, end);
			if (r->obj != NULL &&
			    (r->flags & REGION_SHARED) != 0) {
				m = r->obj;
				obj_ref(&m->obj);
				off = r->offset + (at - r->start);
			}
		}
		rw_read_unlock(&s->lock);
		if (m != NULL) {
			if (wait)
				e = memobj_sync(m, off, off + (stop - at));
			obj_unref(&m->obj);
		}
		at = stop;
	}
	return e == OK && hole ? ERR_NOMEM : e;
}

/* ---- futex keys ------------------------------------------------------- */

enum err
space_futex_key(
    struct space *s, vaddr_t va, bool shared, struct futex_key *out)
{
	struct region *r;
	enum err e = OK;

	if (va >= s->high)
		return ERR_FAULT;
	out->base = (uintptr_t)s;
	out->offset = va;
	out->ref = NULL;
	if (!shared)
		return OK;
	rw_read_lock(&s->lock);
	r = space_find(s, va);
	if (r == NULL || r->start > va) {
		e = ERR_FAULT;
	} else if (r->obj != NULL) {
		/* Also for private mappings of a file: the word is found by
		 * everybody who maps it shared, as long as it was not
		 * written. */
		out->base = (uintptr_t)r->obj;
		out->offset = r->offset + (va - r->start);
		out->ref = obj_ref(&r->obj->obj);
	}
	rw_read_unlock(&s->lock);
	return e;
}

void
futex_key_drop(struct futex_key *k)
{
	obj_unref(k->ref);
	k->ref = NULL;
}
