/*
 * Iterators over kernel or user segments. A copy moves the iterator by what
 * was really copied, so a caller that came short just faults in and goes on.
 */
#include <kernel/iter.h>

#include <kernel/arch.h>
#include <kernel/user.h>
#include <lib/string.h>

enum err
iter_user_segs(struct iter *it, const struct iter_seg *segs, unsigned count,
    bool into)
{
	size_t total = 0;

	for (unsigned i = 0; i < count; i++) {
		uintptr_t base = segs[i].base;
		size_t len = segs[i].len;

		if (base + len < base || base + len > arch_user_end)
			return ERR_FAULT;
		if (total + len < total)
			return ERR_INVAL;
		total += len;
	}
	it->segs = segs;
	it->count = count;
	it->user = true;
	it->into = into;
	it->off = 0;
	it->left = total;
	return OK;
}

/* The current piece, at most n bytes; false: nothing left. */
static inline bool
piece_get(struct iter *it, size_t n, struct iter_seg *out)
{
	if (it->left == 0)
		return false;
	while (UNLIKELY(it->segs->len == it->off)) {
		it->segs++;
		it->count--;
		it->off = 0;
	}
	out->base = it->segs->base + it->off;
	out->len = MIN(n, it->segs->len - it->off);
	return true;
}

static inline void
piece_done(struct iter *it, size_t n)
{
	it->off += n;
	it->left -= n;
}

size_t
iter_write_parts(struct iter *it, const void *from, size_t n)
{
	size_t done = 0;
	struct iter_seg piece;

	while (done < n && piece_get(it, n - done, &piece)) {
		const char *src = (const char *)from + done;
		size_t got = piece.len;

		if (it->user)
			got = user_copy_out_nofault(piece.base, src, got);
		else
			memcpy((void *)piece.base, src, got);
		piece_done(it, got);
		done += got;
		if (got < piece.len)
			break;
	}
	return done;
}

size_t
iter_read_parts(struct iter *it, void *to, size_t n)
{
	size_t done = 0;
	struct iter_seg piece;

	while (done < n && piece_get(it, n - done, &piece)) {
		char *dst = (char *)to + done;
		size_t got = piece.len;

		if (it->user)
			got = user_copy_in_nofault(dst, piece.base, got);
		else
			memcpy(dst, (const void *)piece.base, got);
		piece_done(it, got);
		done += got;
		if (got < piece.len)
			break;
	}
	return done;
}

size_t
iter_zero_parts(struct iter *it, size_t n)
{
	size_t done = 0;
	struct iter_seg piece;

	while (done < n && piece_get(it, n - done, &piece)) {
		size_t got = piece.len;

		if (it->user)
			got = user_zero_nofault(piece.base, got);
		else
			memset((void *)piece.base, 0, got);
		piece_done(it, got);
		done += got;
		if (got < piece.len)
			break;
	}
	return done;
}

void
iter_advance_parts(struct iter *it, size_t n)
{
	struct iter_seg piece;

	while (n > 0 && piece_get(it, n, &piece)) {
		piece_done(it, piece.len);
		n -= piece.len;
	}
}

void
iter_revert(struct iter *it, size_t n)
{
	it->off -= n;
	it->left += n;
}

enum err
iter_fault_in(struct iter *it)
{
	struct iter_seg piece;

	if (!it->user || !piece_get(it, 2 * PAGE_SIZE, &piece))
		return OK;
	/* Only the first page has to work; the next may be out of reach of
	 * what the caller really copies. */
	return user_fault_in(piece.base,
	    MIN(piece.len, PAGE_SIZE - (piece.base & PAGE_MASK)),
	    it->into ? PROT_WRITE : PROT_READ);
}
