/*
 * The heap: a ring of free blocks in address order, first fit, neighbours
 * joined when one is freed. Memory comes from sbrk in steps of 64 KiB.
 */
#include "user.h"

struct block {
	struct block *next; /* free ones only */
	size_t units; /* of sizeof(struct block), this header included */
};

enum { GROW_UNITS = 4096 };

static struct block base = { .next = &base };
static struct block *last = &base; /* where the next search begins */

static void
insert(struct block *b)
{
	struct block *p = last;

	/* Find the free block before b; at the end of the ring, p > p->next. */
	while (!(b > p && b < p->next) &&
	    !(p >= p->next && (b > p || b < p->next)))
		p = p->next;
	if (b + b->units == p->next) {
		b->units += p->next->units;
		b->next = p->next->next;
	} else {
		b->next = p->next;
	}
	if (p + p->units == b) {
		p->units += b->units;
		p->next = b->next;
	} else {
		p->next = b;
	}
	last = p;
}

void
free(void *p)
{
	if (p != NULL)
		insert((struct block *)p - 1);
}

static bool
grow(size_t units)
{
	struct block *b;

	if (units < GROW_UNITS)
		units = GROW_UNITS;
	if (units > 0x7fffffff / sizeof(*b))
		return false;
	b = (struct block *)sbrk((int)(units * sizeof(*b)));
	if (b == (struct block *)-1)
		return false;
	b->units = units;
	insert(b);
	return true;
}

void *
malloc(size_t n)
{
	size_t units = (n + sizeof(struct block) - 1) / sizeof(struct block) +
	    1;
	struct block *prev = last;

	if (n > 0x7fffffff)
		return NULL;
	for (struct block *b = prev->next;; prev = b, b = b->next) {
		if (b->units == units) {
			prev->next = b->next;
			last = prev;
			return b + 1;
		}
		if (b->units > units) {
			b->units -= units;
			b += b->units;
			b->units = units;
			last = prev;
			return b + 1;
		}
		if (b == last) {
			if (!grow(units))
				return NULL;
			b = last;
		}
	}
}
