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

/* Copies up to n bytes to or from kernel memory and advances. The count that
 * could be done without a fault; never sleeps. */
size_t iter_write(struct iter *it, const void *from, size_t n); /* into it */
size_t iter_read(struct iter *it, void *to, size_t n); /* out of it */
size_t iter_zero(struct iter *it, size_t n);
void iter_advance(struct iter *it, size_t n);
void iter_revert(struct iter *it, size_t n); /* only within the first seg */
/* Makes the next bytes (at most a page or two) resident. ERR_FAULT when they
 * cannot be. No lock held. */
enum err iter_fault_in(struct iter *it);
