/*
 * Slab caches: objects of one size.
 *
 * A slab is a block of 2^order pages, aligned to its size, with a header at
 * its start; so an object finds its slab by masking its address, and no page
 * lookup is on any path. A slab hands out never-used objects in order first
 * (fresh), so its memory is only touched as it is used, then freed ones from
 * a list that runs through their first words.
 *
 * In front of the slabs each CPU has a magazine per cache: a stack of free
 * objects that threads use with preemption off and no lock; interrupts go to
 * the slabs. It is filled and emptied by halves.
 * Magazines are made when a CPU first uses a cache, because most caches are
 * used by few CPUs.
 *
 * States of a slab: partial (on cache.partial) -> full (on no list) -> partial
 * -> empty; one empty slab stays for the next need, another one's pages go
 * back at once.
 *
 * Live objects are not counted on the way: they are those outside of slabs
 * less those in magazines.
 *
 * Check builds add a redzone behind each object and fill freed ones with a
 * pattern that must be intact when they are handed out again. With address
 * checks, objects that are not in use and redzones are poisoned; this file
 * itself is not checked, because free lists run through such objects.
 *
 * Lock: cache.lock (RANK_SLAB, irq). Pages are bought and sold without it,
 * because buying may reclaim, and reclaim empties caches.
 */
#include "slab.h"

#include <kernel/asan.h>
#include <kernel/log.h>
#include <lib/string.h>

#define SLAB_MAGIC    UINT64_C(0x736c61622d686561)
#define REDZONE       UINT64_C(0xbb11ed2e0de0bb11)
#define REDZONE_BYTES 16
#define POISON        0x6b
#define LINE          64

struct slab {
	struct list link; /* [l] partial or empty list of the cache */
	struct slab_cache *cache; /* [I] */
	void *free; /* [l] freed objects, linked by their first word */
	uint32_t used; /* [l] objects handed out */
	uint32_t fresh; /* [l] objects never handed out start here */
	uint64_t magic; /* [I] */
};

static struct {
	struct spinlock lock; /* of the list, RANK_SLAB */
	struct list caches; /* [l] */
	unsigned cpus; /* [I] magazines per cache */
	bool ready; /* [I] caches come from the heap */
	struct reclaimer reclaimer;
} heap = {
	.lock = SPIN_INIT(RANK_SLAB, "heap"),
	.caches = LIST_INIT(heap.caches),
};

static inline struct slab *
slab_of(const struct slab_cache *c, const void *object)
{
	return (struct slab *)ALIGN_DOWN(
	    (uintptr_t)object, PAGE_SIZE << c->order);
}

/* ---- check builds ----------------------------------------------------- */

static void
object_mark_free(struct slab_cache *c, void *object)
{
	const uint64_t *zone = (void *)((char *)object + c->size);

	if (zone[0] != REDZONE)
		panic("%s: object %p was written beyond its end",
		    c->name, object);
	asan_unpoison(object, c->size);
	memset(object, POISON, c->size);
	asan_poison(object, c->size);
}

/* The first word may hold the free list's link. */
static void
object_mark_used(struct slab_cache *c, void *object)
{
	const uint8_t *b = object;
	uint64_t *zone = (void *)((char *)object + c->size);

	if (zone[0] == REDZONE) /* not fresh */
		for (size_t i = sizeof(void *); i < c->size; i++)
			if (b[i] != POISON)
				panic("%s: free object %p written at +%zu",
				    c->name, object, i);
	zone[0] = REDZONE;
	asan_unpoison(object, c->size);
}

/* ---- slabs ------------------------------------------------------------ */

static struct slab *
slab_create(struct slab_cache *c)
{
	struct page *p = page_alloc(c->order);
	struct slab *s;

	if (p == NULL)
		return NULL;
	page_set_flags(p, PAGE_SLAB);
	page_use_add(PAGE_USE_SLAB, 1l << c->order);
	s = page_virt(p);
	s->cache = c;
	s->free = NULL;
	s->used = 0;
	s->fresh = 0;
	s->magic = SLAB_MAGIC;
	if (CARMINE_CHECK)
		for (unsigned i = 0; i < c->per_slab; i++)
			memset((char *)s + c->offset + i * c->stride +
			    c->size, 0, sizeof(uint64_t));
	asan_poison((char *)s + c->offset, c->per_slab * c->stride);
	return s;
}

static void
slab_destroy(struct slab_cache *c, struct slab *s)
{
	s->magic = 0;
	page_use_add(PAGE_USE_SLAB, -(1l << c->order));
	page_free(page_of(virt_to_phys(s)), c->order);
}

static void *
object_take(struct slab_cache *c, struct slab *s) REQUIRES(c->lock)
{
	void *object = s->free;

	if (object != NULL)
		s->free = *(void **)object;
	else
		object = (char *)s + c->offset + s->fresh++ * c->stride;
	if (++s->used == c->per_slab)
		list_del(&s->link);
	return object;
}

/* A slab to take from, moved to the partial list; NULL: none. */
static struct slab *
slab_pick(struct slab_cache *c) REQUIRES(c->lock)
{
	struct slab *s = list_first(&c->partial, struct slab, link);

	if (s != NULL)
		return s;
	s = list_first(&c->empty, struct slab, link);
	if (s != NULL) {
		list_del(&s->link);
		list_add(&c->partial, &s->link);
	}
	return s;
}

unsigned
slab_take(struct slab_cache *c, void **out, unsigned count)
{
	unsigned long flags = spin_lock_irq(&c->lock);
	unsigned n = 0;

	while (n < count) {
		struct slab *s = slab_pick(c);

		if (s == NULL && n > 0)
			break;
		if (s == NULL) {
			spin_unlock_irq(&c->lock, flags);
			s = slab_create(c);
			if (s == NULL)
				return 0;
			flags = spin_lock_irq(&c->lock);
			c->slabs++;
			list_add(&c->partial, &s->link);
		}
		out[n++] = object_take(c, s);
		c->out++;
	}
	spin_unlock_irq(&c->lock, flags);
	return n;
}

/* Puts one object back; gives a slab that must be destroyed, or NULL. */
static struct slab *
object_give(struct slab_cache *c, void *object) REQUIRES(c->lock)
{
	struct slab *s = slab_of(c, object);

	ASSERT(s->magic == SLAB_MAGIC && s->cache == c && s->used > 0);
	*(void **)object = s->free;
	s->free = object;
	c->out--;
	if (s->used-- == c->per_slab) {
		list_init(&s->link);
		list_add(&c->partial, &s->link);
	}
	if (s->used > 0)
		return NULL;
	list_del(&s->link);
	if (list_empty(&c->empty)) {
		list_add(&c->empty, &s->link);
		return NULL;
	}
	c->slabs--;
	return s;
}

void
slab_give(struct slab_cache *c, void **objects, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		unsigned long flags = spin_lock_irq(&c->lock);
		struct slab *s = NULL;

		while (i < count && s == NULL)
			s = object_give(c, objects[i++]);
		i--;
		spin_unlock_irq(&c->lock, flags);
		if (s != NULL)
			slab_destroy(c, s);
	}
}

/* ---- allocation ------------------------------------------------------- */

static size_t
magazine_bytes(const struct slab_cache *c)
{
	return sizeof(struct magazine) + c->magazine * sizeof(void *);
}

/* Gives this CPU a magazine for c; harmless where there is no memory. */
static void
magazine_create(struct slab_cache *c)
{
	struct slab_cache *from = kmalloc_cache(magazine_bytes(c));
	struct magazine *none = NULL;
	void *m = NULL;

	if (slab_take(from, &m, 1) == 0)
		return;
	if (CARMINE_CHECK)
		object_mark_used(from, m);
	((struct magazine *)m)->count = 0;
	preempt_disable();
	if (atomic_compare_exchange_strong(
	    &c->magazines[cpu_id()], &none, m))
		m = NULL;
	preempt_enable();
	if (m != NULL) {
		if (CARMINE_CHECK)
			object_mark_free(from, m);
		slab_give(from, &m, 1);
	}
}

/* Preemption is off; NULL: there is none yet, or an interrupt asks. */
static inline struct magazine *
magazine_of(struct slab_cache *c)
{
	return cpu_in_interrupt() ? NULL : atomic_load_explicit(
	    &c->magazines[cpu_id()], memory_order_relaxed);
}

static NOINLINE void *
alloc_slow(struct slab_cache *c)
{
	void *batch[MAGAZINE_MAX / 2];
	struct magazine *m;
	unsigned n = cpu_in_interrupt() ? 1 : MAX(c->magazine / 2, 1);
	void *object;

	n = slab_take(c, batch, n);
	if (n == 0)
		return NULL;
	object = batch[--n];
	if (n == 0)
		return object;
	preempt_disable();
	m = magazine_of(c);
	if (m == NULL) {
		preempt_enable();
		magazine_create(c);
		preempt_disable();
		m = magazine_of(c);
	}
	while (m != NULL && n > 0 && m->count < c->magazine)
		m->slots[m->count++] = batch[--n];
	preempt_enable();
	slab_give(c, batch, n);
	return object;
}

void *
slab_alloc(struct slab_cache *c)
{
	struct magazine *m;
	void *object = NULL;

	if (UNLIKELY(alloc_must_fail()))
		return NULL;
	preempt_disable();
	m = magazine_of(c);
	if (LIKELY(m != NULL && m->count > 0))
		object = m->slots[--m->count];
	preempt_enable();
	if (UNLIKELY(object == NULL))
		object = alloc_slow(c);
	if (CARMINE_CHECK && object != NULL)
		object_mark_used(c, object);
	return object;
}

void *
slab_alloc_zero(struct slab_cache *c)
{
	void *object = slab_alloc(c);

	if (LIKELY(object != NULL))
		memset(object, 0, c->size);
	return object;
}

static NOINLINE void
free_slow(struct slab_cache *c, void *object)
{
	void *batch[MAGAZINE_MAX / 2 + 1];
	struct magazine *m;
	unsigned n = 0;

	batch[n++] = object;
	preempt_disable();
	m = magazine_of(c);
	while (m != NULL && m->count > c->magazine / 2 &&
	    n < ARRAY_LEN(batch))
		batch[n++] = m->slots[--m->count];
	preempt_enable();
	slab_give(c, batch, n);
}

void
slab_free(struct slab_cache *c, void *p)
{
	struct magazine *m;

	if (p == NULL)
		return;
	if (UNLIKELY(slab_of(c, p)->cache != c))
		panic("%s: %p is not from this cache", c->name, p);
	if (CARMINE_CHECK)
		object_mark_free(c, p);
	preempt_disable();
	m = magazine_of(c);
	if (LIKELY(m != NULL && m->count < c->magazine)) {
		m->slots[m->count++] = p;
		preempt_enable();
		return;
	}
	preempt_enable();
	free_slow(c, p);
}

/* ---- caches ----------------------------------------------------------- */

/* The smallest block that wastes little: at least seven objects. */
static void
cache_layout(struct slab_cache *c, size_t align)
{
	size_t zone = CARMINE_CHECK ? REDZONE_BYTES : 0;

	align = MAX(align, (size_t)16);
	c->stride = ALIGN_UP(MAX(c->size, sizeof(void *)) + zone, align);
	c->offset = ALIGN_UP(MAX(sizeof(struct slab), (size_t)LINE), align);
	while (c->order < 4 &&
	    ((PAGE_SIZE << c->order) - c->offset) / c->stride < 7)
		c->order++;
	c->per_slab = (uint16_t)(
	    ((PAGE_SIZE << c->order) - c->offset) / c->stride);
	c->magazine = c->size <= 256 ? MAGAZINE_MAX :
	    c->size <= 1024 ? MAGAZINE_MAX / 2 : 4;
}

struct slab_cache *
slab_cache_create(const char *name, size_t size, size_t align)
{
	size_t bytes = sizeof(struct slab_cache) +
	    heap.cpus * sizeof(struct magazine *);
	struct slab_cache *c;

	DASSERT(strchr(name, ' ') == NULL);
	if (heap.ready) {
		c = kzalloc(bytes);
	} else {
		/* The general classes: a page is shared by several. */
		static char *at;
		static size_t left;

		if (left < bytes) {
			struct page *p = page_alloc_zero();

			at = p == NULL ? NULL : page_virt(p);
			left = p == NULL ? 0 : PAGE_SIZE;
		}
		c = (void *)at;
		at += at == NULL ? 0 : ALIGN_UP(bytes, 16);
		left -= at == NULL ? 0 : ALIGN_UP(bytes, 16);
	}
	if (c == NULL)
		panic("no memory for the cache %s", name);
	c->name = name;
	c->size = ALIGN_UP(size, 8);
	cache_layout(c, align);
	spin_init(&c->lock, RANK_SLAB, name);
	list_init(&c->partial);
	list_init(&c->empty);
	spin_lock(&heap.lock);
	list_add_tail(&heap.caches, &c->link);
	spin_unlock(&heap.lock);
	return c;
}

/* Empties this CPU's magazine and drops the spare slab. */
static size_t
cache_trim(struct slab_cache *c)
{
	void *batch[MAGAZINE_MAX];
	struct magazine *m;
	struct slab *s;
	unsigned long flags;
	unsigned n = 0;

	preempt_disable();
	m = magazine_of(c);
	while (m != NULL && m->count > 0)
		batch[n++] = m->slots[--m->count];
	preempt_enable();
	slab_give(c, batch, n);
	flags = spin_lock_irq(&c->lock);
	s = list_first(&c->empty, struct slab, link);
	if (s != NULL) {
		list_del(&s->link);
		c->slabs--;
	}
	spin_unlock_irq(&c->lock, flags);
	if (s == NULL)
		return 0;
	slab_destroy(c, s);
	return (size_t)1 << c->order;
}

static size_t
heap_reclaim(size_t want)
{
	struct slab_cache *c;
	size_t got = 0;

	/* Caches are never destroyed and only added at the end. */
	list_each(c, &heap.caches, link) {
		got += cache_trim(c);
		if (got >= want)
			break;
	}
	return got;
}

/* Of another CPU: as it was a moment ago. */
static RACY_READ size_t
magazine_idle(const struct magazine *m)
{
	return m == NULL ? 0 : m->count;
}

bool
slab_stats(unsigned index, struct slab_stats *out)
{
	struct slab_cache *c;
	unsigned long flags;
	size_t idle = 0;

	list_each(c, &heap.caches, link)
		if (index-- == 0)
			break;
	if (&c->link == &heap.caches)
		return false;
	for (unsigned i = 0; i < heap.cpus; i++) {
		idle += magazine_idle(atomic_load(&c->magazines[i]));
	}
	flags = spin_lock_irq(&c->lock);
	out->live = c->out - MIN(idle, c->out);
	out->pages = c->slabs << c->order;
	spin_unlock_irq(&c->lock, flags);
	out->name = c->name;
	out->size = c->size;
	return true;
}

void
slab_init(void)
{
	heap.cpus = MAX(boot_info.cpu_count, 1u);
	kmalloc_init();
	heap.ready = true;
	heap.reclaimer.name = "slab";
	heap.reclaimer.reclaim = heap_reclaim;
	reclaim_register(&heap.reclaimer);
}
