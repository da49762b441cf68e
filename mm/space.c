/*
 * Address spaces: their life, regions as objects, charging.
 *
 * A space is made by exec (empty) or fork (a copy) and dies with its last
 * reference, which threads and /proc readers hold. Dying takes it off every
 * CPU first; from then on nobody can use its tables, so the pages are freed
 * without any flush.
 *
 * A region on its object's list can be met by truncate from another task; it
 * leaves the list (memobj_unlink, under the object's region_lock) before its
 * entries and tables go, and its bounds change under that lock.
 *
 * Pages are charged to the container in steps of CHARGE_STEP: charged is
 * always at least resident.
 */
#include "region.h"

#include <kernel/container.h>
#include <kernel/file.h>
#include <kernel/log.h>
#include <kernel/task.h>
#include <lib/string.h>

#include "pagetable.h"
#include "tlb.h"

#define CHARGE_STEP 32
#define LOW_DEFAULT 0x10000

struct slab_cache *region_cache;
static struct slab_cache *space_cache;

void
space_init(void)
{
	region_cache = slab_cache_create("region", sizeof(struct region), 0);
	space_cache = slab_cache_create("space", sizeof(struct space), 64);
	memobj_cache_init();
	tlb_init();
}

struct space *
space_current(void)
{
	return task_current()->space;
}

bool
space_range_ok(const struct space *s, vaddr_t start, size_t len)
{
	return IS_ALIGNED(start, PAGE_SIZE) && IS_ALIGNED(len, PAGE_SIZE) &&
	    len > 0 && start <= s->high && len <= s->high - start;
}

/* ---- regions ---------------------------------------------------------- */

struct region *
region_copy(const struct region *from, struct space *s, vaddr_t start,
    vaddr_t end)
{
	struct region *r = slab_alloc(region_cache);

	if (r == NULL)
		return NULL;
	/* Not in one piece: neighbours of obj_link change it meanwhile. */
	*r = (struct region){
		.start = start,
		.end = end,
		.prot = from->prot,
		.max_prot = from->max_prot,
		.flags = from->flags,
		.obj = from->obj,
		.file = from->file,
		.offset = from->offset + (start - from->start),
		.touched_low = atomic_load_explicit(
		    &from->touched_low, memory_order_relaxed),
		.touched_high = atomic_load_explicit(
		    &from->touched_high, memory_order_relaxed),
		.has_copies = atomic_load_explicit(
		    &from->has_copies, memory_order_relaxed),
		.space = s,
		.name = from->name,
	};
	list_init(&r->obj_link);
	if (r->file != NULL)
		file_ref(r->file);
	if (r->obj != NULL)
		obj_ref(&r->obj->obj);
	return r;
}

void
region_free(struct region *r)
{
	struct memobj *m = r->obj;
	struct file *f = r->file;

	slab_free(region_cache, r);
	if (m != NULL)
		obj_unref(&m->obj);
	file_unref(f);
}

enum err
region_split_at(struct space *s, vaddr_t va)
{
	struct region *r = region_find(&s->regions, va), *upper;
	struct memobj *m;

	if (r == NULL || r->start >= va)
		return OK;
	upper = region_copy(r, s, va, r->end);
	if (upper == NULL)
		return ERR_NOMEM;
	m = r->obj;
	region_obj_lock(r);
	region_set_bounds(r, r->start, va);
	region_insert(&s->regions, upper);
	if (m != NULL)
		list_add_tail(&m->regions, &upper->obj_link);
	region_obj_unlock(r);
	if (m != NULL && region_counts_writer(r))
		atomic_fetch_add(&m->writers, 1);
	s->region_count++;
	return OK;
}

struct region *
space_find(struct space *s, vaddr_t va)
{
	struct region *r = atomic_load_explicit(
	    &s->recent, memory_order_relaxed);

	if (r != NULL && va >= r->start && va < r->end)
		return r;
	r = region_find(&s->regions, va);
	atomic_store_explicit(&s->recent, r, memory_order_relaxed);
	return r;
}

/* ---- charging --------------------------------------------------------- */

enum err
space_charge_slow(struct space *s, long n)
{
	long step = MAX(n, CHARGE_STEP);
	enum err e;

	if (s->container == NULL) {
		atomic_fetch_add(&s->charged, step);
		return OK;
	}
	e = container_charge(s->container, LIMIT_PAGES, step);
	if (e != OK && step > n) {
		step = n;
		e = container_charge(s->container, LIMIT_PAGES, step);
	}
	if (e == OK)
		atomic_fetch_add(&s->charged, step);
	return e;
}

/* Gives back what was charged beyond the resident pages and one step. */
static void
charge_trim(struct space *s)
{
	long spare = atomic_load(&s->charged) - atomic_load(&s->resident) -
	    CHARGE_STEP;

	if (spare < 4 * CHARGE_STEP || s->container == NULL)
		return;
	atomic_fetch_sub(&s->charged, spare);
	container_uncharge(s->container, LIMIT_PAGES, spare);
}

/* ---- life ------------------------------------------------------------- */

/* Unmaps everything and takes the tables out: with each region those that
 * only it and lower ones used. */
static void
regions_drop(struct space *s, struct list *tables)
{
	struct rbnode *n = rb_first(&s->regions);
	struct zap z;

	zap_begin(&z, s);
	z.no_flush = true;
	while (n != NULL) {
		struct region *r = rb_entry(n, struct region, node);
		vaddr_t range[2] = { r->start, r->end };
		vaddr_t room[2] = { 0, arch_user_end + PAGE_SIZE };

		n = rb_next(n);
		if (n != NULL)
			room[1] = rb_entry(n, struct region, node)->start;
		/* Off the list first: then the tables are ours alone. */
		if (r->obj != NULL)
			memobj_unlink(r);
		zap_range(&z, r, r->start, r->end);
		pt_detach(&s->arch, range, room, tables);
	}
	zap_end(&z);
}

/* Frees the regions, children before parents: nothing is balanced. */
static void
regions_forget(struct space *s)
{
	struct rbnode *n = s->regions.node;

	while (n != NULL) {
		unsigned side = n->left != NULL ? 0 : 1;
		struct rbnode *next = n->child[side];

		if (next != NULL) {
			n->child[side] = NULL;
		} else {
			next = rb_parent(n);
			region_free(rb_entry(n, struct region, node));
		}
		n = next;
	}
}

static void
space_destroy(struct obj *o)
{
	struct space *s = container_of(o, struct space, obj);
	struct list tables = LIST_INIT(tables);

	tlb_space_drop(&s->arch);
	regions_drop(s, &tables);
	pt_free_tables(&tables);
	arch_space_free(&s->arch);
	regions_forget(s);
	if (s->container != NULL) {
		container_uncharge(s->container, LIMIT_PAGES,
		    atomic_load(&s->charged));
		container_unref(s->container);
	}
	file_unref(s->exe);
	obj_gone(&s->obj);
	slab_free(space_cache, s);
}

static const struct obj_ops space_obj_ops = { .destroy = space_destroy };

enum err
space_create(struct container *c, struct space **out)
{
	struct space *s = slab_alloc_zero(space_cache);
	enum err e;

	if (s == NULL)
		return ERR_NOMEM;
	e = arch_space_init(&s->arch);
	if (e != OK) {
		slab_free(space_cache, s);
		return e;
	}
	tlb_space_init(&s->arch);
	obj_init(&s->obj, &space_obj_ops, OBJ_SPACE);
	rwlock_init(&s->lock, RANK_SPACE, "space");
	rb_init(&s->regions);
	s->low = LOW_DEFAULT;
	s->high = arch_user_end;
	s->mmap_top = s->high;
	s->limit_bytes = SIZE_MAX;
	s->limit_data = SIZE_MAX;
	s->limit_stack = SIZE_MAX;
	s->container = c == NULL ? NULL : container_ref(c);
	*out = s;
	return OK;
}

/* ---- unmapping -------------------------------------------------------- */

/* The hole around [start, end), which has no regions: tables that lie in it
 * are taken out, and z's flush is made wide enough for them. */
static void
tables_take(
    struct zap *z, vaddr_t start, vaddr_t end, struct list *tables)
{
	struct rbroot *root = &z->space->regions;
	struct region *next = region_find(root, end);
	struct region *prev = next != NULL ? region_prev(next) :
	    rb_entry_or_null(rb_last(root), struct region, node);
	const vaddr_t room[2] = { prev == NULL ? 0 : prev->end,
		next == NULL ? arch_user_end + PAGE_SIZE : next->start };

	pt_detach(&z->space->arch, (vaddr_t[2]){ start, end }, room, tables);
	if (!list_empty(tables)) {
		z->start = room[0];
		z->end = room[1];
	}
}

void
regions_free(struct list *dead)
{
	struct list *link;

	while ((link = list_take_first(dead)) != NULL)
		region_free(container_of(link, struct region, obj_link));
}

enum err
space_unmap_locked(
    struct space *s, vaddr_t start, size_t len, struct list *dead)
{
	struct list tables = LIST_INIT(tables);
	vaddr_t end = start + len;
	struct region *r, *next;
	struct zap z;
	enum err e;

	r = region_find(&s->regions, start);
	if (r == NULL || r->start >= end)
		return OK;
	e = region_split_at(s, start);
	if (e == OK)
		e = region_split_at(s, end);
	if (e != OK)
		return e;
	atomic_store_explicit(&s->recent, NULL, memory_order_relaxed);
	zap_begin(&z, s);
	for (r = region_find(&s->regions, start);
	     r != NULL && r->start < end; r = next) {
		next = space_next(r);
		if (r->obj != NULL)
			memobj_unlink(r);
		zap_range(&z, r, r->start, r->end);
		if ((r->flags & REGION_LOCKED) != 0)
			s->locked -= r->end - r->start;
		s->mapped -= r->end - r->start;
		s->region_count--;
		region_erase(&s->regions, r);
		list_add_tail(dead, &r->obj_link);
	}
	tables_take(&z, start, end, &tables);
	zap_end(&z);
	pt_free_tables(&tables);
	charge_trim(s);
	return OK;
}

enum err
space_unmap(struct space *s, vaddr_t start, size_t len)
{
	struct list dead = LIST_INIT(dead);
	enum err e;

	len = ALIGN_UP(len, PAGE_SIZE);
	if (!space_range_ok(s, start, len))
		return ERR_INVAL;
	rw_write_lock(&s->lock);
	e = space_unmap_locked(s, start, len, &dead);
	rw_write_unlock(&s->lock);
	regions_free(&dead);
	return e;
}
