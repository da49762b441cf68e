/*
 * Memory objects and the regions that map them: truncation, hole punching,
 * write-back.
 *
 * From the object to the page tables: memobj.regions lists every region that
 * maps the object, in whatever space. A region is only on the list while its
 * space's tables exist, and its bounds only change under region_lock, so the
 * tables can be walked with nothing but region_lock held. (space.lock ranks
 * before it and cannot be taken here.)
 *
 * Truncation against a fault that maps a page it just found:
 *	T: page leaves the cache (owner := NULL); walks the regions
 *	F: entry := page; fence; looks at owner
 * One of them sees the other: T's walk meets the entry, or F sees that the
 * page left and takes its entry back (mm/fault.c). The page is freed after
 * both, by reference count.
 */
#include "memobj.h"
#include "region.h"

#include <lib/string.h>

#define GANG 16

void
memobj_link(struct region *r)
{
	struct memobj *m = r->obj;

	mutex_lock(&m->region_lock);
	list_add_tail(&m->regions, &r->obj_link);
	mutex_unlock(&m->region_lock);
	if (region_counts_writer(r))
		atomic_fetch_add(&m->writers, 1);
}

void
memobj_unlink(struct region *r)
{
	struct memobj *m = r->obj;
	bool linked;

	mutex_lock(&m->region_lock);
	linked = list_is_linked(&r->obj_link);
	list_del(&r->obj_link);
	mutex_unlock(&m->region_lock);
	if (linked && region_counts_writer(r))
		atomic_fetch_sub(&m->writers, 1);
}

/* The part of r that maps pages [first, last); false: none. */
static bool
region_part(const struct region *r, uint64_t first, uint64_t last,
    vaddr_t out[2])
{
	uint64_t low = r->offset >> PAGE_SHIFT;
	uint64_t high = low + ((r->end - r->start) >> PAGE_SHIFT);

	first = MAX(first, low);
	last = MIN(last, high);
	if (first >= last)
		return false;
	out[0] = r->start + ((first - low) << PAGE_SHIFT);
	out[1] = r->start + ((last - low) << PAGE_SHIFT);
	return true;
}

void
memobj_unmap(
    struct memobj *m, uint64_t first, uint64_t last, bool only_cached)
{
	struct region *r;
	vaddr_t part[2];
	struct zap z;

	/* The pages' owner is gone before a region's touched part is read. */
	atomic_thread_fence(memory_order_seq_cst);
	mutex_lock(&m->region_lock);
	list_each(r, &m->regions, obj_link) {
		if (!region_part(r, first, last, part))
			continue;
		zap_begin(&z, r->space);
		z.only_cached = only_cached;
		zap_range(&z, r, part[0], part[1]);
		zap_end(&z);
	}
	mutex_unlock(&m->region_lock);
}

struct protect {
	bool changed;
};

static void
protect_entry(_Atomic(pte_t) *slot, vaddr_t va UNUSED, bool large UNUSED,
    void *arg)
{
	struct protect *pr = arg;
	pte_t e = atomic_load(slot);

	while (pte_present(e) && (pte_prot(e) & PROT_WRITE) != 0) {
		pte_t want = pte_leaf(
		    pte_addr(e), pte_prot(e) & ~PROT_WRITE);

		if (atomic_compare_exchange_weak(slot, &e, want))
			pr->changed = true;
	}
}

void
memobj_protect(struct memobj *m, uint64_t first, uint64_t last)
{
	struct region *r;
	vaddr_t part[2];

	if (atomic_load(&m->writers) == 0)
		return;
	mutex_lock(&m->region_lock);
	list_each(r, &m->regions, obj_link) {
		struct protect pr = { false };

		if ((r->flags & REGION_SHARED) == 0 ||
		    !region_part(r, first, last, part))
			continue;
		pt_walk(&r->space->arch, part[0], part[1],
		    protect_entry, &pr);
		if (pr.changed)
			tlb_flush(&r->space->arch, part[0], part[1]);
	}
	mutex_unlock(&m->region_lock);
}

/* ---- removing pages --------------------------------------------------- */

/* Takes pages [first, last) out of the cache and every page table. */
static void
pages_remove(struct memobj *m, uint64_t first, uint64_t last,
    bool only_cached)
{
	for (;;) {
		struct radix_hit hits[GANG];
		size_t n, gone = 0;

		mutex_lock(&m->lock);
		n = radix_gang(&m->pages, first, RADIX_ANY, hits, GANG);
		while (gone < n && hits[gone].index < last) {
			(void)memobj_remove(m, hits[gone].index);
			gone++;
		}
		mutex_unlock(&m->lock);
		if (gone == 0)
			break;
		memobj_unmap(m, hits[0].index, hits[gone - 1].index + 1,
		    only_cached);
		for (size_t i = 0; i < gone; i++)
			page_unref(hits[i].item);
		memobj_uncharge(m, (long)gone);
		first = hits[gone - 1].index + 1;
		if (gone < n)
			break;
	}
}

static void
tail_zero(struct memobj *m, uint64_t size)
{
	size_t in = size & PAGE_MASK;
	struct page *p = NULL;

	if (in == 0 || memobj_page(m, size >> PAGE_SHIFT, false, &p) != OK)
		return;
	mutex_lock(&m->lock);
	memset((char *)page_virt(p) + in, 0, PAGE_SIZE - in);
	if (memobj_has(m, size >> PAGE_SHIFT, p))
		memobj_dirty_locked(m, size >> PAGE_SHIFT, p);
	mutex_unlock(&m->lock);
	page_unref(p);
}

enum err
memobj_resize(struct memobj *m, uint64_t size)
{
	uint64_t old, last;
	enum err e = OK;

	mutex_lock(&m->lock);
	old = memobj_size(m);
	if ((size < old && (m->seals & MEMOBJ_SEAL_SHRINK) != 0) ||
	    (size > old && (m->seals & MEMOBJ_SEAL_GROW) != 0))
		e = ERR_PERM;
	else
		atomic_store_explicit(&m->size, size, memory_order_seq_cst);
	mutex_unlock(&m->lock);
	if (e != OK || size >= old)
		return e;
	last = (old + PAGE_MASK) >> PAGE_SHIFT;
	size = (size + PAGE_MASK) >> PAGE_SHIFT;
	pages_remove(m, size, UINT64_MAX, false);
	/* Private copies of pages that were never or no longer cached. */
	memobj_unmap(m, size, last, false);
	tail_zero(m, memobj_size(m));
	return OK;
}

/* Zeroes [low, high), part of one page, if that is there. */
static void
edge_zero(struct memobj *m, uint64_t low, uint64_t high)
{
	struct page *p;

	if (low >= high)
		return;
	p = memobj_peek(m, low >> PAGE_SHIFT);
	if (p == NULL)
		return;
	memset((char *)page_virt(p) + (low & PAGE_MASK), 0, high - low);
	page_unref(p);
}

enum err
memobj_punch(struct memobj *m, uint64_t start, uint64_t end)
{
	uint64_t first = (start + PAGE_MASK) >> PAGE_SHIFT;
	uint64_t last = end >> PAGE_SHIFT;

	if (start >= end)
		return ERR_INVAL;
	if ((m->seals & MEMOBJ_SEAL_WRITE) != 0)
		return ERR_PERM;
	if (memobj_is_stored(m))
		return ERR_NOTSUP;
	if (first < last)
		pages_remove(m, first, last, true);
	edge_zero(m, start, MIN(end, first << PAGE_SHIFT));
	if (last >= first) /* else both ends lie in one page: done */
		edge_zero(m, MAX(start, last << PAGE_SHIFT), end);
	return OK;
}

/* ---- write-back ------------------------------------------------------- */

static enum err
page_write_back(struct memobj *m, uint64_t index, struct page *p)
{
	enum err e;

	memobj_protect(m, index, index + 1);
	e = m->ops->write_back(m, index, p);
	if (e != OK)
		memobj_dirty(m, index);
	return e;
}

/* The next dirty page from *index on, clean now and referenced. */
static struct page *
dirty_take(struct memobj *m, uint64_t *index, uint64_t last)
{
	struct page *p;

	mutex_lock(&m->lock);
	p = radix_next_tagged(&m->pages, index, MEMOBJ_TAG_DIRTY);
	if (p != NULL && *index >= last)
		p = NULL;
	if (p != NULL) {
		radix_tag_clear(&m->pages, *index, MEMOBJ_TAG_DIRTY);
		page_set_flags(p, page_flags(p) & ~PAGE_DIRTY);
		page_ref(p);
	}
	mutex_unlock(&m->lock);
	return p;
}

enum err
memobj_sync(struct memobj *m, uint64_t start, uint64_t end)
{
	uint64_t index = start >> PAGE_SHIFT;
	uint64_t last = end > UINT64_MAX - PAGE_MASK ? UINT64_MAX :
	    (end + PAGE_MASK) >> PAGE_SHIFT;
	enum err e = OK, first = OK;
	struct page *p;

	if (m->ops == NULL || m->ops->write_back == NULL)
		return OK;
	while ((p = dirty_take(m, &index, last)) != NULL) {
		e = page_write_back(m, index, p);
		page_unref(p);
		if (first == OK)
			first = e;
		index++;
	}
	return first;
}

enum err
memobj_seal(struct memobj *m, unsigned seals)
{
	enum err e = OK;

	mutex_lock(&m->lock);
	if (m->seals & MEMOBJ_SEAL_SEAL)
		e = ERR_PERM;
	else if ((seals & MEMOBJ_SEAL_WRITE) && atomic_load(&m->writers) > 0)
		e = ERR_BUSY;
	else
		m->seals |= seals;
	mutex_unlock(&m->lock);
	return e;
}
