/*
 * Where bulk data comes from or goes to: a list of kernel or user segments.
 *
 * read and write copy once, between the page cache, pipe or socket and these
 * segments. With user segments a copy may fall short when a page is not
 * resident: services call iter_copy_* with locks held, and on a short count
 * drop the locks, call iter_fault_in and go on. No lock is held across a
 * user fault.
 */
#pragma once

#include <kernel/arch.h>
#include <kernel/attr.h>
#include <kernel/err.h>
#include <kernel/user.h>

struct iter_seg {
	uintptr_t base; /* user or kernel address */
	size_t len;
};

struct iter {
	const struct iter_seg *segs; /* [s] borrowed, current one first */
	unsigned count; /* [s] segments left */
	bool user; /* [I] segments are user addresses of this space */
	bool into; /* [I] data goes into the segments (read) */
	size_t off; /* [s] into segs[0] */
	size_t left; /* [s] bytes to go */
	struct iter_seg one; /* [s] storage of the one-segment forms */
};

static inline void
iter_kernel(struct iter *it, void *buf, size_t len, bool into)
{
	it->one.base = (uintptr_t)buf;
	it->one.len = len;
	it->segs = &it->one;
	it->count = 1;
	it->user = false;
	it->into = into;
	it->off = 0;
	it->left = len;
}

/* ERR_FAULT when the range leaves user space. */
static inline enum err
iter_user(struct iter *it, uintptr_t addr, size_t len, bool into)
{
	if (UNLIKELY(addr + len < addr || addr + len > arch_user_end))
		return ERR_FAULT;
	iter_kernel(it, (void *)addr, len, into);
	it->user = true;
	return OK;
}

enum err iter_user_segs(struct iter *it, const struct iter_seg *segs,
    unsigned count, bool into); /* segs stay the caller's */

/* Over segments, and kernel memory. */
size_t iter_write_parts(struct iter *it, const void *from, size_t n);
size_t iter_read_parts(struct iter *it, void *to, size_t n);
size_t iter_zero_parts(struct iter *it, size_t n);
void iter_advance_parts(struct iter *it, size_t n);

/* The usual case: what is wanted, not nothing, lies in the current segment. */
static inline bool
iter_in_segment(const struct iter *it, size_t n)
{
	return LIKELY(n - 1 < it->left && n <= it->segs->len - it->off);
}

static inline bool
iter_is_simple(const struct iter *it, size_t n)
{
	return LIKELY(it->user) && iter_in_segment(it, n);
}

static inline size_t
iter_moved(struct iter *it, size_t n)
{
	it->off += n;
	it->left -= n;
	return n;
}

/* Copies up to n bytes to or from kernel memory and advances. The count that
 * could be done without a fault; never sleeps. */
static inline size_t
iter_write(struct iter *it, const void *from, size_t n) /* into it */
{
	return iter_is_simple(it, n) ? iter_moved(it, user_copy_out_nofault(
	    it->segs->base + it->off, from, n)) :
	    iter_write_parts(it, from, n);
}

static inline size_t
iter_read(struct iter *it, void *to, size_t n) /* out of it */
{
	return iter_is_simple(it, n) ? iter_moved(it, user_copy_in_nofault(
	    to, it->segs->base + it->off, n)) : iter_read_parts(it, to, n);
}

static inline size_t
iter_zero(struct iter *it, size_t n)
{
	return iter_is_simple(it, n) ? iter_moved(it, user_zero_nofault(
	    it->segs->base + it->off, n)) : iter_zero_parts(it, n);
}

static inline void
iter_advance(struct iter *it, size_t n)
{
	if (iter_in_segment(it, n))
		(void)iter_moved(it, n);
	else
		iter_advance_parts(it, n);
}

void iter_revert(struct iter *it, size_t n); /* only within the first seg */
/* Makes the next bytes (at most a page or two) resident. ERR_FAULT when they
 * cannot be. No lock held. */
enum err iter_fault_in(struct iter *it);
