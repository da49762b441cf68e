/*
 * Memory objects: the pages of one file or shared memory.
 *
 * A page enters the radix tree under memobj.lock and leaves it under that
 * lock; the tree owns one reference. owner and index of struct page say where
 * it is; owner becomes NULL when it leaves.
 *
 * Lookup without lock: find the page in the tree (RCU keeps the nodes), take
 * a reference unless the count is 0, then see that owner and index still
 * match: the frame may have been freed and used anew in between, and struct
 * page never goes away, so trying is harmless.
 *
 * States of a page here: absent -> filling (in the tree, PAGE_FILLING; others
 * wait on memobj.filled) -> valid -> dirty <-> valid -> gone. A failed fill
 * takes the page out again; who waited tries it itself.
 *
 * Reclaim takes clean pages that only the tree references: the count goes
 * from 1 to 0 by compare-and-swap, which excludes every new reference, and
 * pages that are mapped anywhere have a higher count.
 *
 * Tag 0 of the tree marks dirty pages.
 */
#include "memobj.h"

#include <kernel/log.h>
#include <lib/string.h>

#include "region.h"

static struct {
	struct spinlock lock; /* RANK_SLAB: of the list */
	struct list all; /* [l] objects with a store behind them */
	struct reclaimer reclaimer;
} stored = {
	.lock = SPIN_INIT(RANK_SLAB, "memobjs"),
	.all = LIST_INIT(stored.all),
};

static struct slab_cache *node_cache;
static struct slab_cache *memobj_cache;

/* ---- radix nodes ------------------------------------------------------ */

static struct radix_node *
node_alloc(void)
{
	return slab_alloc(node_cache);
}

_Static_assert(sizeof(struct rcu_head) <=
    sizeof(((struct radix_node *)NULL)->deferred), "room for rcu_head");

static void
node_free_late(struct rcu_head *h)
{
	slab_free(node_cache, container_of(h, struct radix_node, deferred));
}

static void
node_free(struct radix_node *n)
{
	rcu_call((struct rcu_head *)(void *)n->deferred, node_free_late);
}

static const struct radix_ops node_ops = { node_alloc, node_free };

/* ---- life ------------------------------------------------------------- */

static void
memobj_destroy(struct obj *o)
{
	struct memobj *m = container_of(o, struct memobj, obj);

	if (m->ops != NULL && m->ops->release != NULL) {
		m->ops->release(m);
		return;
	}
	memobj_fini(m);
	slab_free(memobj_cache, m);
}

static const struct obj_ops memobj_obj_ops = { .destroy = memobj_destroy };

void
memobj_init(
    struct memobj *m, const struct memobj_ops *ops, uint64_t size, void *owner)
{
	memset(m, 0, sizeof(*m));
	obj_init(&m->obj, &memobj_obj_ops, OBJ_MEMORY);
	m->ops = ops;
	mutex_init(&m->lock, RANK_MEMOBJ, "memobj");
	mutex_init(&m->region_lock, RANK_MEMOBJ, "memobj.regions");
	radix_init(&m->pages, &node_ops);
	atomic_init(&m->size, size);
	list_init(&m->regions);
	waitq_init(&m->filled);
	m->owner = owner;
	list_init(&m->reclaim_link);
	if (memobj_is_stored(m)) {
		spin_lock(&stored.lock);
		list_add_tail(&stored.all, &m->reclaim_link);
		spin_unlock(&stored.lock);
	}
}

/* The page leaves the tree's hands; its reference goes to the caller. */
static void
page_leave(struct memobj *m, struct page *p)
{
	atomic_store_explicit(&p->owner, NULL, memory_order_seq_cst);
	atomic_fetch_sub_explicit(&m->resident, 1, memory_order_relaxed);
	page_use_add(PAGE_USE_CACHED, -1);
}

static void
page_drop(void *ctx, uint64_t index UNUSED, void *item)
{
	page_leave(ctx, item);
	page_unref(item);
}

void
memobj_fini(struct memobj *m)
{
	unsigned long pages = (unsigned long)atomic_load(&m->resident);

	DASSERT(list_empty(&m->regions));
	if (memobj_is_stored(m)) {
		spin_lock(&stored.lock);
		list_del(&m->reclaim_link);
		spin_unlock(&stored.lock);
	}
	/* Excludes a reclaimer that found m before it left the list. */
	mutex_lock(&m->lock);
	if (!radix_empty(&m->pages))
		radix_clear(&m->pages, page_drop, m);
	mutex_unlock(&m->lock);
	memobj_uncharge(m, (long)pages);
	obj_gone(&m->obj);
}

enum err
memobj_create(uint64_t size, struct memobj **out)
{
	struct memobj *m = slab_alloc(memobj_cache);

	if (m == NULL)
		return ERR_NOMEM;
	memobj_init(m, NULL, size, NULL);
	*out = m;
	return OK;
}

/* ---- pages ------------------------------------------------------------ */

bool
memobj_insert(struct memobj *m, uint64_t index, struct page *p, unsigned flags)
{
	p->index = index;
	page_set_flags(p, (page_flags(p) & PAGE_RESERVED) | PAGE_CACHED |
	    flags);
	atomic_store_explicit(&p->owner, m, memory_order_release);
	page_ref(p);
	if (!radix_set(&m->pages, index, p)) {
		atomic_store_explicit(&p->owner, NULL, memory_order_release);
		page_unref(p);
		return false;
	}
	atomic_fetch_add_explicit(&m->resident, 1, memory_order_relaxed);
	page_use_add(PAGE_USE_CACHED, 1);
	return true;
}

struct page *
memobj_remove(struct memobj *m, uint64_t index)
{
	struct page *p = radix_erase(&m->pages, index);

	if (p != NULL)
		page_leave(m, p);
	return p;
}

/* Finds or makes a page to put at index: *fill says it has no contents yet. */
static enum err
page_make(struct memobj *m, uint64_t index, struct page **out, bool *fill)
{
	const struct memobj_ops *ops = m->ops;
	struct page *p = NULL;
	enum err e;

	*fill = false;
	if (ops != NULL && ops->direct != NULL) {
		e = ops->direct(m, index, out);
		if (e != ERR_NODATA)
			return e;
	}
	*fill = ops != NULL && ops->fill != NULL;
	p = *fill ? page_alloc(0) : page_alloc_zero();
	if (p == NULL)
		return ERR_NOMEM;
	*out = p;
	return OK;
}

/* The page did not fill: takes it out again. */
static void
fill_failed(struct memobj *m, uint64_t index, struct page *p)
{
	mutex_lock(&m->lock);
	if (memobj_has(m, index, p)) {
		(void)memobj_remove(m, index);
		memobj_uncharge(m, 1);
		page_unref(p);
	}
	mutex_unlock(&m->lock);
}

static enum err
page_fill(struct memobj *m, uint64_t index, struct page *p)
{
	enum err e = m->ops->fill(m, index, p);

	if (e != OK)
		fill_failed(m, index, p);
	page_set_flags(p, page_flags(p) & ~PAGE_FILLING);
	waitq_wake(&m->filled, 0);
	return e;
}

/* Inserts a page that is not there; m->lock is held on entry and dropped. */
static enum err
page_add(struct memobj *m, uint64_t index, struct page **out) RELEASES(m->lock)
{
	struct page *p = NULL;
	bool fill = false;
	enum err e = memobj_charge(m, 1);

	if (e != OK) {
		mutex_unlock(&m->lock);
		return e;
	}
	e = page_make(m, index, &p, &fill);
	if (e == OK && !memobj_insert(m, index, p, fill ? PAGE_FILLING : 0))
		e = ERR_NOMEM;
	if (e != OK)
		memobj_uncharge(m, 1);
	mutex_unlock(&m->lock);
	if (e == OK && fill)
		e = page_fill(m, index, p);
	if (e != OK) {
		if (p != NULL)
			page_unref(p);
		return e;
	}
	*out = p;
	return OK;
}

/* Somebody else fills p: waits for that. */
static enum err
page_wait(struct memobj *m, struct page *p)
{
	return wait_until(&m->filled,
	    (page_flags(p) & PAGE_FILLING) == 0, WAIT_KILLABLE);
}

enum err
memobj_page(struct memobj *m, uint64_t index, bool create, struct page **out)
{
	struct page *p;
	enum err e;

	for (;;) {
		p = memobj_peek(m, index);
		if (p != NULL) {
			*out = p;
			return OK;
		}
		mutex_lock(&m->lock);
		p = radix_get(&m->pages, index);
		if (p == NULL)
			break;
		page_ref(p);
		mutex_unlock(&m->lock);
		e = page_wait(m, p);
		page_unref(p);
		if (e != OK)
			return e;
	}
	if (!create && !memobj_is_stored(m)) {
		mutex_unlock(&m->lock);
		return ERR_NODATA;
	}
	return page_add(m, index, out);
}

void
memobj_dirty(struct memobj *m, uint64_t index)
{
	struct page *p;

	if (m->ops == NULL || m->ops->write_back == NULL)
		return;
	mutex_lock(&m->lock);
	p = radix_get(&m->pages, index);
	if (p != NULL)
		memobj_dirty_locked(m, index, p);
	mutex_unlock(&m->lock);
}

/* ---- reclaim ---------------------------------------------------------- */

#define RECLAIM_GANG 16

/* Frees clean pages that nobody else references. */
static size_t
memobj_shrink(struct memobj *m, size_t want)
{
	struct radix_hit hits[RECLAIM_GANG];
	uint64_t start = 0;
	size_t got = 0, n;

	do {
		n = radix_gang(
		    &m->pages, start, RADIX_ANY, hits, RECLAIM_GANG);
		for (size_t i = 0; i < n; i++) {
			struct page *p = hits[i].item;
			unsigned one = 1;

			start = hits[i].index + 1;
			if ((page_flags(p) & (PAGE_DIRTY | PAGE_FILLING |
			    PAGE_RESERVED)) != 0 ||
			    !atomic_compare_exchange_strong(
			    &p->refs.count, &one, 0))
				continue;
			(void)memobj_remove(m, hits[i].index);
			page_free(p, 0);
			got++;
		}
	} while (n == RECLAIM_GANG && got < want);
	if (got > 0)
		memobj_uncharge(m, (long)got);
	return got;
}

/* Shrinks the object that has waited longest; false: there is none. */
static bool
shrink_next(size_t want, size_t *got)
{
	struct memobj *m;

	spin_lock(&stored.lock);
	m = list_first(&stored.all, struct memobj, reclaim_link);
	if (m == NULL) {
		spin_unlock(&stored.lock);
		return false;
	}
	list_move_tail(&stored.all, &m->reclaim_link);
	if (!mutex_trylock(&m->lock)) {
		spin_unlock(&stored.lock);
		return true;
	}
	spin_unlock(&stored.lock);
	/* memobj_fini() waits for the lock we hold. */
	*got += memobj_shrink(m, want);
	mutex_unlock(&m->lock);
	return true;
}

/* Takes the objects in turn, so that the ones just used for long come last. */
static size_t
cache_reclaim(size_t want)
{
	size_t got = 0;
	unsigned turns = 64;

	while (got < want && turns-- > 0 && shrink_next(want - got, &got))
		;
	return got;
}

void
memobj_cache_init(void)
{
	node_cache = slab_cache_create(
	    "radix-node", sizeof(struct radix_node), 0);
	memobj_cache = slab_cache_create("memobj", sizeof(struct memobj), 0);
	stored.reclaimer.name = "page-cache";
	stored.reclaimer.reclaim = cache_reclaim;
	reclaim_register(&stored.reclaimer);
}
