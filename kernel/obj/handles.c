/* SPDX-License-Identifier: MIT */
/*
 * Handle tables.
 *
 * A task reaches kernel objects only through its table: lookup is the one
 * place where kind and rights are checked, so a call that got an object from
 * handle_get() has nothing left to verify.
 *
 * Life of a slot: free (0) -> handle_reserve -> reserved -> handle_install ->
 * live -> handle_close -> free. The reference that a slot owns is dropped
 * after t->lock is released, because destroy() may sleep.
 *
 * Lookup takes no lock. The slot is one word (handles.h), read in an RCU
 * section; the object's memory outlives the section, and a reference is
 * taken only if the count is not zero yet, so a lookup that races with the
 * close gets the object or ERR_BADHANDLE. The store that makes a slot live
 * has release order, so a reader sees the object initialized.
 *
 * A table that one single-threaded task uses cannot change under that
 * thread's feet: handle_borrow() then needs neither RCU nor a reference.
 */
#include <kernel/handles.h>

#include <kernel/mm.h>
#include <lib/bitmap.h>

static struct handle_slots *
slots_of(struct handle_table *t)
{
	return atomic_load_explicit(&t->slots, memory_order_acquire);
}

/* t->lock held: nobody else stores them. */
static struct handle_slots *
slots_locked(struct handle_table *t) REQUIRES(t->lock)
{
	return atomic_load_explicit(&t->slots, memory_order_relaxed);
}

static uint64_t
slot_load(const struct handle_slots *s, unsigned h)
{
	return atomic_load_explicit(&s->slot[h], memory_order_acquire);
}

static void
slot_store(struct handle_slots *s, unsigned h, uint64_t v)
{
	atomic_store_explicit(&s->slot[h], v, memory_order_release);
}

/* ---- tables ------------------------------------------------------------ */

static struct handle_table *
table_create(unsigned size, unsigned limit)
{
	struct handle_table *t = kzalloc(sizeof(*t));
	struct handle_slots *s = slots_create(size);

	if (t == NULL || s == NULL) {
		kfree(t, sizeof(*t));
		slots_free(s);
		return NULL;
	}
	ref_init(&t->refs, 1);
	spin_init(&t->lock, RANK_HANDLES, "handles");
	atomic_init(&t->slots, s);
	t->limit = MIN(limit, HANDLES_MAX);
	return t;
}

struct handle_table *
handle_table_create(unsigned limit)
{
	return table_create(HANDLES_MIN, limit);
}

/* The size that fits the live handles of t; lock held. */
static unsigned
size_for_clone(const struct handle_slots *s)
{
	unsigned words = s->size / 64, size = HANDLES_MIN;

	while (words > 1 && s->map[0][words - 1] == 0)
		words--;
	while (size < words * 64)
		size *= 2;
	return size;
}

/* Copies live slots with a reference each; lock of from held. */
static void
clone_slots(struct handle_table *to, struct handle_slots *d,
    const struct handle_slots *s)
{
	unsigned n = MIN(d->size, s->size), h = 0;

	while ((h = (unsigned)bitmap_find_set(s->map[0], n, h)) < n) {
		uint64_t v = slot_load(s, h);

		if (slot_is_live(v)) {
			obj_ref(slot_obj(v));
			slot_store(d, h, v);
			slots_take(d, h);
			to->count++;
		}
		h++;
	}
}

struct handle_table *
handle_table_clone(struct handle_table *t)
{
	struct handle_table *to = NULL;
	struct handle_slots *s;
	unsigned size;

	/* Memory is taken outside the lock; the table may grow meanwhile. */
	for (;;) {
		spin_lock(&t->lock);
		s = slots_of(t);
		size = size_for_clone(s);
		if (to != NULL && slots_of(to)->size >= size)
			break;
		spin_unlock(&t->lock);
		handle_table_unref(to);
		to = table_create(size, t->limit);
		if (to == NULL)
			return NULL;
	}
	clone_slots(to, slots_of(to), s);
	spin_unlock(&t->lock);
	return to;
}

struct handle_table *
handle_table_ref(struct handle_table *t)
{
	ref_inc(&t->refs);
	return t;
}

void
handle_closed(struct handle_table *t, struct obj *o)
{
	if (o->ops->closed != NULL)
		o->ops->closed(o, t);
	obj_unref(o);
}

void
handle_table_unref(struct handle_table *t)
{
	struct handle_slots *s;
	unsigned h = 0;

	if (t == NULL || !ref_dec(&t->refs))
		return;
	s = slots_of(t);
	while ((h = (unsigned)bitmap_find_set(s->map[0], s->size, h)) <
	    s->size) {
		uint64_t v = slot_load(s, h++);

		if (slot_is_live(v))
			handle_closed(t, slot_obj(v));
	}
	slots_free(s);
	kfree(t, sizeof(*t));
}

bool
handle_table_is_shared(const struct handle_table *t)
{
	return atomic_load_explicit(
	    &t->refs.count, memory_order_relaxed) > 1;
}

void
handle_table_set_limit(struct handle_table *t, unsigned limit)
{
	spin_lock(&t->lock);
	t->limit = MIN(limit, HANDLES_MAX);
	spin_unlock(&t->lock);
}

unsigned
handle_table_limit(const struct handle_table *t)
{
	return t->limit;
}

unsigned
handle_count(struct handle_table *t)
{
	return t->count;
}

/* ---- lookup ------------------------------------------------------------ */

enum err
handle_get(struct handle_table *t, uint32_t h, unsigned kinds, rights_t need,
    struct obj **out)
{
	enum err e = ERR_BADHANDLE;
	struct handle_slots *s;

	rcu_read_lock();
	s = slots_of(t);
	if (LIKELY(h < s->size)) {
		uint64_t v = slot_load(s, h);

		e = slot_check(v, kinds, need);
		if (LIKELY(e == OK)) {
			if (LIKELY(ref_inc_unless_zero(&slot_obj(v)->refs)))
				*out = slot_obj(v);
			else
				e = ERR_BADHANDLE;
		}
	}
	rcu_read_unlock();
	return e;
}

/* ---- reserving and installing ------------------------------------------ */

/* Makes room for handle h; lock held, dropped and taken again meanwhile. */
static enum err
grow(struct handle_table *t, unsigned h) REQUIRES(t->lock)
{
	struct handle_slots *old = slots_of(t), *s;
	unsigned size = old->size;

	while (size <= h)
		size *= 2;
	spin_unlock(&t->lock);
	s = slots_create(size);
	spin_lock(&t->lock);
	if (s == NULL)
		return ERR_NOMEM;
	old = slots_of(t);
	if (old->size >= size) { /* another thread was faster */
		slots_free(s);
		return OK;
	}
	slots_copy(s, old);
	atomic_store_explicit(&t->slots, s, memory_order_release);
	slots_free_later(old);
	return OK;
}

/* No slot from h on is free in the table as it is. */
static NOINLINE enum err
take_grown(struct handle_table *t, unsigned h, uint64_t v, uint32_t *out)
    REQUIRES(t->lock)
{
	struct handle_slots *s;

	do {
		enum err e = h >= t->limit ? ERR_MFILE : grow(t, h);

		if (e != OK)
			return e;
		s = slots_locked(t);
		h = slots_find(s, h);
	} while (h >= s->size);
	if (h >= t->limit)
		return ERR_MFILE;
	slots_take(s, h);
	slot_store(s, h, v);
	t->count++;
	*out = h;
	return OK;
}

/* Puts v into the lowest free slot >= from. */
static inline enum err
take_locked(struct handle_table *t, unsigned from, uint64_t v, uint32_t *out)
    REQUIRES(t->lock)
{
	struct handle_slots *s = slots_locked(t);
	unsigned h = from < s->size ? slots_find(s, from) : from;

	if (UNLIKELY(h >= s->size))
		return take_grown(t, h, v, out);
	if (UNLIKELY(h >= t->limit))
		return ERR_MFILE;
	slots_take(s, h);
	slot_store(s, h, v);
	t->count++;
	*out = h;
	return OK;
}

static enum err
take_slot(struct handle_table *t, unsigned from, uint64_t v, uint32_t *out)
{
	enum err e;

	spin_lock(&t->lock);
	e = take_locked(t, from, v, out);
	spin_unlock(&t->lock);
	return e;
}

enum err
handle_reserve_from(struct handle_table *t, uint32_t from, uint32_t *out)
{
	return take_slot(t, from, SLOT_RESERVED, out);
}

/* The lock keeps a growing table from copying the slot before it is set. */
void
handle_install(struct handle_table *t, uint32_t h, struct obj *o,
    rights_t rights, unsigned flags)
{
	spin_lock(&t->lock);
	slot_store(slots_locked(t), h, slot_make(o, rights, flags));
	spin_unlock(&t->lock);
}

/* Lock held; the slot's object is the caller's to drop. */
static uint64_t
free_slot(struct handle_table *t, unsigned h) REQUIRES(t->lock)
{
	struct handle_slots *s = slots_locked(t);
	uint64_t v = slot_load(s, h);

	slot_store(s, h, 0);
	slots_give(s, h);
	t->count--;
	return v;
}

void
handle_cancel(struct handle_table *t, uint32_t h)
{
	if (h == HANDLE_NONE)
		return;
	spin_lock(&t->lock);
	(void)free_slot(t, h);
	spin_unlock(&t->lock);
}

enum err
handle_add(struct handle_table *t, struct obj *o, rights_t rights,
    unsigned flags, uint32_t *out)
{
	return take_slot(t, 0, slot_make(o, rights, flags), out);
}

/* ---- closing ----------------------------------------------------------- */

enum err
handle_close(struct handle_table *t, uint32_t h)
{
	const struct handle_slots *s;
	uint64_t v = 0;

	spin_lock(&t->lock);
	s = slots_locked(t);
	if (LIKELY(h < s->size && slot_is_live(slot_load(s, h))))
		v = free_slot(t, h);
	spin_unlock(&t->lock);
	if (v == 0)
		return ERR_BADHANDLE;
	handle_closed(t, slot_obj(v));
	return OK;
}

enum err
handle_take(struct handle_table *t, const uint32_t *h,
    struct obj *const *objs, unsigned n)
{
	const struct handle_slots *s;
	enum err e = OK;

	spin_lock(&t->lock);
	s = slots_of(t);
	for (unsigned i = 0; e == OK && i < n; i++) {
		uint64_t v = h[i] < s->size ? slot_load(s, h[i]) : 0;

		if (!slot_is_live(v) || slot_obj(v) != objs[i])
			e = ERR_BADHANDLE;
	}
	for (unsigned i = 0; e == OK && i < n; i++)
		(void)free_slot(t, h[i]);
	spin_unlock(&t->lock);
	return e;
}

/* The next live slot in [from, last] with the mark bits set, freed. */
static uint64_t
take_next(struct handle_table *t, unsigned *from, unsigned last,
    uint64_t marks)
{
	struct handle_slots *s;
	uint64_t v = 0;
	unsigned h, end;

	spin_lock(&t->lock);
	s = slots_of(t);
	end = last >= s->size ? s->size : last + 1;
	h = *from;
	while ((h = (unsigned)bitmap_find_set(s->map[0], end, h)) < end) {
		v = slot_load(s, h);
		if (slot_is_live(v) && (v & marks) == marks) {
			v = free_slot(t, h);
			break;
		}
		v = 0;
		h++;
	}
	spin_unlock(&t->lock);
	*from = h + 1;
	return v;
}

static void
mark_range(struct handle_table *t, unsigned first, unsigned last)
{
	struct handle_slots *s;
	unsigned h = first, end;

	spin_lock(&t->lock);
	s = slots_of(t);
	end = last >= s->size ? s->size : last + 1;
	while ((h = (unsigned)bitmap_find_set(s->map[0], end, h)) < end) {
		uint64_t v = slot_load(s, h);

		if (slot_is_live(v))
			slot_store(s, h, v | SLOT_CLOEXEC);
		h++;
	}
	spin_unlock(&t->lock);
}

void
handle_close_range(
    struct handle_table *t, uint32_t first, uint32_t last, unsigned mark)
{
	unsigned at = first;
	uint64_t v;

	if (mark & HANDLE_CLOEXEC) {
		mark_range(t, first, last);
		return;
	}
	while ((v = take_next(t, &at, last, 0)) != 0)
		handle_closed(t, slot_obj(v));
}

void
handle_close_exec(struct handle_table *t)
{
	unsigned at = 0;
	uint64_t v;

	while ((v = take_next(t, &at, HANDLES_MAX, SLOT_CLOEXEC)) != 0)
		handle_closed(t, slot_obj(v));
}

/* ---- copies ------------------------------------------------------------ */

/* What a copy of h with fewer rights looks like, referenced. */
static enum err
copy_of(struct handle_table *t, uint32_t h, rights_t mask, unsigned flags,
    uint64_t *out)
{
	enum err e = ERR_BADHANDLE;
	struct handle_slots *s;

	rcu_read_lock();
	s = slots_of(t);
	if (h < s->size) {
		uint64_t v = slot_load(s, h);

		if (slot_is_live(v) &&
		    ref_inc_unless_zero(&slot_obj(v)->refs)) {
			*out = slot_make(
			    slot_obj(v), slot_rights(v) & mask, flags);
			e = OK;
		}
	}
	rcu_read_unlock();
	return e;
}

/* The lock keeps the object until the copy has a reference of its own. */
enum err
handle_dup(struct handle_table *t, uint32_t h, rights_t mask, unsigned flags,
    uint32_t *inout)
{
	const struct handle_slots *s;
	enum err e = ERR_BADHANDLE;
	uint64_t v = 0;

	spin_lock(&t->lock);
	s = slots_locked(t);
	if (LIKELY(h < s->size))
		v = slot_load(s, h);
	if (LIKELY(slot_is_live(v))) {
		obj_ref(slot_obj(v));
		e = take_locked(t, *inout, slot_make(
		    slot_obj(v), slot_rights(v) & mask, flags), inout);
	}
	spin_unlock(&t->lock);
	if (UNLIKELY(e != OK) && slot_is_live(v))
		obj_unref(slot_obj(v));
	return e;
}

/* Puts v at exactly h; *old: what was there. ERR_BUSY: it is reserved. */
static enum err
put_at(struct handle_table *t, unsigned h, uint64_t v, uint64_t *old)
{
	enum err e = OK;

	spin_lock(&t->lock);
	if (h >= t->limit)
		e = ERR_BADHANDLE;
	else if (h >= slots_of(t)->size)
		e = grow(t, h);
	if (e == OK) {
		struct handle_slots *s = slots_of(t);

		*old = slot_load(s, h);
		if (*old == SLOT_RESERVED) {
			e = ERR_BUSY;
		} else {
			if (*old == 0) {
				slots_take(s, h);
				t->count++;
			}
			slot_store(s, h, v);
		}
	}
	spin_unlock(&t->lock);
	return e;
}

enum err
handle_dup_to(struct handle_table *t, uint32_t h, uint32_t target,
    rights_t mask, unsigned flags)
{
	uint64_t v = 0, old = 0;
	enum err e;

	e = copy_of(t, h, mask, flags, &v);
	if (e != OK)
		return e;
	e = put_at(t, target, v, &old);
	if (e != OK)
		obj_unref(slot_obj(v));
	else if (old != 0)
		handle_closed(t, slot_obj(old));
	return e;
}

/* ---- flags and walks --------------------------------------------------- */

/* ERR_BADHANDLE, or the slot; a snapshot. */
static enum err
peek(struct handle_table *t, uint32_t h, uint64_t *out)
{
	enum err e = ERR_BADHANDLE;
	struct handle_slots *s;

	rcu_read_lock();
	s = slots_of(t);
	if (h < s->size && slot_is_live(slot_load(s, h))) {
		*out = slot_load(s, h);
		e = slot_is_live(*out) ? OK : ERR_BADHANDLE;
	}
	rcu_read_unlock();
	return e;
}

enum err
handle_flags_get(struct handle_table *t, uint32_t h, unsigned *out)
{
	uint64_t v = 0;
	enum err e = peek(t, h, &v);

	if (e == OK)
		*out = v & SLOT_CLOEXEC ? HANDLE_CLOEXEC : 0;
	return e;
}

enum err
handle_flags_set(struct handle_table *t, uint32_t h, unsigned flags)
{
	enum err e = ERR_BADHANDLE;
	struct handle_slots *s;

	spin_lock(&t->lock);
	s = slots_of(t);
	if (h < s->size) {
		uint64_t v = slot_load(s, h);

		if (slot_is_live(v)) {
			v &= ~SLOT_CLOEXEC;
			slot_store(s, h,
			    v | (flags & HANDLE_CLOEXEC ? SLOT_CLOEXEC : 0));
			e = OK;
		}
	}
	spin_unlock(&t->lock);
	return e;
}

enum err
handle_rights(struct handle_table *t, uint32_t h, rights_t *out)
{
	uint64_t v = 0;
	enum err e = peek(t, h, &v);

	if (e == OK)
		*out = slot_rights(v);
	return e;
}

enum err
handle_next(struct handle_table *t, uint32_t from, uint32_t *out,
    struct obj **obj)
{
	enum err e = ERR_NOENT;
	struct handle_slots *s;
	unsigned h = from;

	spin_lock(&t->lock);
	s = slots_of(t);
	while ((h = (unsigned)bitmap_find_set(s->map[0], s->size, h)) <
	    s->size) {
		uint64_t v = slot_load(s, h);

		if (slot_is_live(v)) {
			*obj = obj_ref(slot_obj(v));
			*out = h;
			e = OK;
			break;
		}
		h++;
	}
	spin_unlock(&t->lock);
	return e;
}

enum err
handle_next_number(struct handle_table *t, uint32_t from, unsigned kinds,
    uint32_t *out)
{
	const struct handle_slots *s;
	enum err e = ERR_NOENT;

	rcu_read_lock();
	s = slots_of(t);
	for (uint32_t h = from; h < s->size && e != OK; h++) {
		uint64_t v = slot_load(s, h);

		if (!slot_is_live(v) || !(slot_obj(v)->kind & kinds))
			continue;
		*out = h;
		e = OK;
	}
	rcu_read_unlock();
	return e;
}
