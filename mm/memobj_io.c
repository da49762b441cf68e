/*
 * Reading and writing memory objects: one copy between the cached page and
 * the caller's segments.
 *
 * A read takes no lock: a page is referenced for the copy. A write copies
 * under memobj.lock with user faults off, after it saw that the page still is
 * in the cache; so a write and a truncation never lose each other's work, and
 * writes to one object are ordered. When the user's page is absent the copy
 * comes short, the lock is dropped, the page faulted in, and the rest goes on.
 *
 * A write of a whole page that is not cached needs no old contents: it is
 * copied into a new page aside, which is inserted complete.
 */
#include "memobj.h"
#include "region.h"

#include <kernel/log.h>
#include <lib/string.h>

enum err
memobj_read(struct memobj *m, uint64_t off, struct iter *it, size_t *done)
{
	size_t total = 0;
	enum err e = OK;

	while (it->left > 0) {
		uint64_t size = memobj_size(m);
		size_t in = off & PAGE_MASK, n = PAGE_SIZE - in, got;
		struct page *p;

		if (off >= size)
			break;
		n = MIN(n, it->left);
		n = MIN(n, size - off);
		p = memobj_peek(m, off >> PAGE_SHIFT);
		if (p == NULL)
			e = memobj_page(m, off >> PAGE_SHIFT, false, &p);
		if (p != NULL) {
			got = iter_write(it, (char *)page_virt(p) + in, n);
			page_unref(p);
		} else if (e == ERR_NODATA) {
			got = iter_zero(it, n);
		} else {
			break;
		}
		off += got;
		total += got;
		e = got < n ? iter_fault_in(it) : OK;
		if (e != OK)
			break;
	}
	*done = total;
	return total > 0 ? OK : e;
}

/* ---- writing ---------------------------------------------------------- */

static enum err
write_allowed(const struct memobj *m, uint64_t end) REQUIRES(m->lock)
{
	if ((m->seals & MEMOBJ_SEAL_WRITE) != 0)
		return ERR_PERM;
	if ((m->seals & MEMOBJ_SEAL_GROW) != 0 && end > memobj_size(m))
		return ERR_PERM;
	return OK;
}

static void
size_raise(struct memobj *m, uint64_t end) REQUIRES(m->lock)
{
	if (end > memobj_size(m))
		atomic_store_explicit(&m->size, end, memory_order_release);
}

/* Copies *got bytes into page p, which is cached at off's page unless it
 * left; *got is then what could be copied. */
static enum err
write_cached(struct memobj *m, struct page *p, uint64_t off, struct iter *it,
    size_t *got)
{
	uint64_t index = off >> PAGE_SHIFT;
	size_t n = *got;
	enum err e;

	*got = 0;
	mutex_lock(&m->lock);
	e = write_allowed(m, off + n);
	if (e == OK && memobj_has(m, index, p)) {
		*got = iter_read(
		    it, (char *)page_virt(p) + (off & PAGE_MASK), n);
		if (*got > 0) {
			size_raise(m, off + *got);
			memobj_dirty_locked(m, index, p);
			p->private = 0; /* instruction caches are behind */
		}
	}
	mutex_unlock(&m->lock);
	return e;
}

/* A whole new page. *got 0: do it the other way. */
static enum err
write_fresh(
    struct memobj *m, uint64_t off, struct iter *it, size_t *got)
{
	uint64_t index = off >> PAGE_SHIFT;
	struct page *p = page_alloc(0);
	enum err e;

	*got = 0;
	if (p == NULL)
		return ERR_NOMEM;
	mutex_lock(&m->lock);
	e = write_allowed(m, off + PAGE_SIZE);
	if (e == OK && radix_get(&m->pages, index) == NULL)
		e = memobj_charge(m, 1);
	else
		goto out;
	if (e != OK)
		goto out;
	*got = iter_read(it, page_virt(p), PAGE_SIZE);
	if (*got < PAGE_SIZE)
		memset((char *)page_virt(p) + *got, 0, PAGE_SIZE - *got);
	if (*got > 0 && memobj_is_stored(m) && *got < PAGE_SIZE) {
		/* The rest would have to be read first. */
		iter_revert(it, *got);
		*got = 0;
	}
	if (*got == 0 || !memobj_insert(m, index, p, 0)) {
		e = *got == 0 ? OK : ERR_NOMEM;
		if (*got > 0)
			iter_revert(it, *got);
		*got = 0;
		memobj_uncharge(m, 1);
		goto out;
	}
	size_raise(m, off + *got);
	memobj_dirty_locked(m, index, p);
out:
	mutex_unlock(&m->lock);
	page_unref(p);
	return e;
}

/* Up to n bytes within the page of off. */
static enum err
write_piece(struct memobj *m, uint64_t off, struct iter *it, size_t n,
    size_t *got)
{
	struct page *p = memobj_peek(m, off >> PAGE_SHIFT);
	enum err e;

	*got = 0;
	if (p == NULL && n == PAGE_SIZE && it->segs->len - it->off >= n) {
		e = write_fresh(m, off, it, got);
		if (e != OK || *got > 0)
			return e;
	}
	if (p == NULL) {
		e = memobj_page(m, off >> PAGE_SHIFT, true, &p);
		if (e != OK)
			return e;
	}
	*got = n;
	e = write_cached(m, p, off, it, got);
	page_unref(p);
	return e;
}

enum err
memobj_write(struct memobj *m, uint64_t off, struct iter *it, size_t *done)
{
	size_t total = 0;
	enum err e = OK;

	if (off + it->left < off)
		return ERR_FBIG;
	while (it->left > 0) {
		size_t n = MIN(PAGE_SIZE - (off & PAGE_MASK), it->left), got;

		e = write_piece(m, off, it, n, &got);
		if (e != OK)
			break;
		off += got;
		total += got;
		if (got < n) {
			e = iter_fault_in(it);
			if (e != OK)
				break;
		}
	}
	*done = total;
	return total > 0 ? OK : e;
}

/* ---- holes ------------------------------------------------------------ */

enum err
memobj_seek(struct memobj *m, uint64_t off, bool data, uint64_t *out)
{
	uint64_t size = memobj_size(m), index = off >> PAGE_SHIFT;
	bool found;

	if (off >= size)
		return ERR_NXIO;
	if (memobj_is_stored(m)) { /* the store knows no holes */
		*out = data ? off : size;
		return OK;
	}
	rcu_read_lock();
	if (data) {
		found = radix_next(&m->pages, &index) != NULL;
	} else {
		while (radix_get(&m->pages, index) != NULL)
			index++;
		found = true;
	}
	rcu_read_unlock();
	if (data && (!found || index << PAGE_SHIFT >= size))
		return ERR_NXIO;
	*out = MIN(MAX(off, index << PAGE_SHIFT), size);
	return OK;
}
