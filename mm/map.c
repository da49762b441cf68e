/*
 * Making mappings: space_map and the break.
 *
 * Decode, reserve, perform: the place is found and the region allocated
 * before anything that was there is unmapped; from then on only the unmapping
 * itself can fail, and it fails before it changes anything.
 *
 * A new anonymous mapping beside an equal one grows that one instead, so a
 * heap made of many small mappings stays one region.
 */
#include "region.h"

#include <kernel/file.h>
#include <kernel/log.h>

#define PROT_RWX   (PROT_READ | PROT_WRITE | PROT_EXEC)
#define LOW32_TOP  UINT64_C(0x80000000)
#define REGION_MAX 1000000u

/* What comes out from under the lock. */
struct map_result {
	vaddr_t at;
	struct list dead; /* regions to free */
	struct region *spare; /* made, but not needed */
};

/* Where the mapping goes: exactly at the hint when that is free, else the
 * highest hole. */
static enum err
place_find(struct space *s, const struct map_request *q, size_t len,
    vaddr_t *out)
{
	vaddr_t top = s->mmap_top, hint = ALIGN_DOWN(q->addr, PAGE_SIZE);
	size_t align = PAGE_SIZE;

	if ((q->how & MAP_LOW32) != 0)
		top = MIN(top, LOW32_TOP);
	if (hint != 0 && hint >= s->low && hint <= s->high &&
	    len <= s->high - hint &&
	    ((q->how & MAP_LOW32) == 0 || hint + len <= LOW32_TOP)) {
		struct region *r = region_find(&s->regions, hint);

		if (r == NULL || r->start >= hint + len) {
			*out = hint;
			return OK;
		}
	}
	if (region_gap_top(&s->regions, len, align,
	    (vaddr_t[2]){ s->low, top }, out))
		return OK;
	/* The room above mmap_top (beside the stack) is the last resort. */
	if ((q->how & MAP_LOW32) == 0 && region_gap_top(&s->regions, len,
	    align, (vaddr_t[2]){ s->low, s->high }, out))
		return OK;
	return ERR_NOMEM;
}

static bool
can_grow(const struct region *r, const struct map_request *q, unsigned prot,
    unsigned max_prot)
{
	return r != NULL && r->obj == NULL && q->obj == NULL &&
	    r->file == NULL && q->file == NULL &&
	    (r->flags & REGION_PHYS) == 0 && r->flags == q->flags &&
	    r->prot == prot && r->max_prot == max_prot && r->name == q->name;
}

/* Grows an equal neighbour over [at, at + len); false: there is none. */
static bool
region_grow(struct space *s, const struct map_request *q,
    const unsigned prots[2], const vaddr_t range[2])
{
	vaddr_t at = range[0], end = range[1];
	struct region *next = region_find(&s->regions, at);
	struct region *prev = next != NULL ? region_prev(next) :
	    rb_entry_or_null(rb_last(&s->regions), struct region, node);

	if (prev != NULL && prev->end == at &&
	    can_grow(prev, q, prots[0], prots[1])) {
		region_set_bounds(prev, prev->start, end);
		return true;
	}
	if (next != NULL && next->start == end &&
	    can_grow(next, q, prots[0], prots[1]) &&
	    (next->flags & REGION_GROWSDOWN) == 0) {
		region_set_bounds(next, at, next->end);
		return true;
	}
	return false;
}

static struct region *
region_create(struct space *s, const struct map_request *q, size_t len)
{
	struct region *r = slab_alloc_zero(region_cache);

	if (r == NULL)
		return NULL;
	r->space = s;
	region_untouched(r);
	r->prot = q->prot;
	r->max_prot = q->max_prot == 0 ? PROT_RWX : q->max_prot;
	r->flags = q->flags;
	r->offset = q->offset;
	r->name = q->name;
	r->end = len; /* bounds follow when the place is known */
	r->file = q->file == NULL ? NULL : file_ref(q->file);
	r->obj = q->obj;
	list_init(&r->obj_link);
	if (q->obj != NULL)
		obj_ref(&q->obj->obj);
	return r;
}

static enum err
request_check(const struct space *s, const struct map_request *q, size_t len)
{
	unsigned max = q->max_prot == 0 ? PROT_RWX : q->max_prot;

	if (len == 0 || len < q->len)
		return q->len == 0 ? ERR_INVAL : ERR_NOMEM;
	if ((q->prot & ~PROT_RWX) != 0 || !IS_ALIGNED(q->offset, PAGE_SIZE))
		return ERR_INVAL;
	if ((q->prot & ~max) != 0)
		return ERR_ACCESS;
	if (len > s->high - s->low)
		return ERR_NOMEM;
	if ((q->how & MAP_AT) == 0)
		return OK;
	if (!IS_ALIGNED(q->addr, PAGE_SIZE) || q->addr < s->low)
		return ERR_INVAL;
	return q->addr > s->high || len > s->high - q->addr ? ERR_NOMEM : OK;
}

/* The place: an exact one is emptied. */
static enum err
place_take(struct space *s, const struct map_request *q, size_t len,
    struct map_result *out) REQUIRES(s->lock)
{
	struct region *r;

	if (s->limit_bytes < s->mapped + len || s->region_count >= REGION_MAX)
		return ERR_NOMEM;
	if ((q->how & MAP_AT) == 0)
		return place_find(s, q, len, &out->at);
	out->at = q->addr;
	if ((q->how & MAP_NOREPLACE) == 0)
		return space_unmap_locked(s, q->addr, len, &out->dead);
	r = region_find(&s->regions, q->addr);
	return r == NULL || r->start >= q->addr + len ? OK : ERR_EXISTS;
}

static enum err
map_locked(struct space *s, const struct map_request *q, size_t len,
    struct map_result *out) REQUIRES(s->lock)
{
	unsigned prots[2] = { q->prot,
		q->max_prot == 0 ? PROT_RWX : q->max_prot };
	struct region *r = NULL;
	enum err e;

	if (q->obj != NULL || q->file != NULL) {
		r = region_create(s, q, len);
		if (r == NULL)
			return ERR_NOMEM;
	}
	e = place_take(s, q, len, out);
	if (e != OK)
		goto out;
	if (r == NULL && !region_grow(
	    s, q, prots, (vaddr_t[2]){ out->at, out->at + len })) {
		r = region_create(s, q, len);
		if (r == NULL) {
			e = ERR_NOMEM;
			goto out;
		}
	}
	if (r != NULL) {
		r->start = out->at;
		r->end = out->at + len;
		region_insert(&s->regions, r);
		if (r->obj != NULL)
			memobj_link(r);
		s->region_count++;
		r = NULL;
	}
	s->mapped += len;
	if ((q->flags & REGION_LOCKED) != 0)
		s->locked += len;
out:
	out->spare = r;
	return e;
}

/* After the lock was dropped. */
static void
result_clean(struct map_result *res)
{
	regions_free(&res->dead);
	if (res->spare != NULL)
		region_free(res->spare);
}

enum err
space_map(struct space *s, const struct map_request *req, vaddr_t *out)
{
	struct map_request q = *req;
	size_t len = ALIGN_UP(q.len, PAGE_SIZE);
	struct map_result res = { .dead = LIST_INIT(res.dead) };
	enum err e;

	if ((q.prot & PROT_WRITE) != 0)
		q.prot |= PROT_READ;
	e = request_check(s, &q, len);
	if (e != OK)
		return e;
	rw_write_lock(&s->lock);
	e = map_locked(s, &q, len, &res);
	rw_write_unlock(&s->lock);
	result_clean(&res);
	if (e != OK)
		return e;
	if ((q.how & MAP_POPULATE) != 0 || (q.flags & REGION_LOCKED) != 0)
		err_ignore(space_populate(s, res.at, res.at + len,
		    q.prot & (PROT_READ | PROT_WRITE))); /* only a hint */
	*out = res.at;
	return OK;
}

enum err
space_brk(struct space *s, vaddr_t want, vaddr_t *out)
{
	struct map_request q = {
		.prot = PROT_READ | PROT_WRITE,
		.how = MAP_AT | MAP_NOREPLACE,
		.name = "[heap]",
	};
	struct map_result res = { .dead = LIST_INIT(res.dead) };
	vaddr_t old_end, new_end;
	enum err e = OK;

	rw_write_lock(&s->lock);
	*out = s->brk;
	old_end = ALIGN_UP(s->brk, PAGE_SIZE);
	new_end = ALIGN_UP(want, PAGE_SIZE);
	if (want < s->brk_start || new_end < want || new_end > s->high ||
	    want - s->brk_start > s->limit_data) {
		e = ERR_NOMEM;
		goto out;
	}
	if (new_end < old_end) {
		e = space_unmap_locked(
		    s, new_end, old_end - new_end, &res.dead);
	} else if (new_end > old_end) {
		q.addr = old_end;
		q.len = new_end - old_end;
		e = map_locked(s, &q, q.len, &res);
		if (e != OK)
			e = ERR_NOMEM;
	}
	if (e == OK) {
		s->brk = want;
		*out = want;
	}
out:
	rw_write_unlock(&s->lock);
	result_clean(&res);
	return e;
}
