/*
 * Reclaim: who can give memory back is asked in turn, the one after the last
 * helper first, so that no cache bleeds alone.
 *
 * Runs in the thread whose allocation failed, which may hold sleeping locks:
 * a reclaimer only tries locks. One thread reclaims at a time; another that
 * runs short meanwhile answers "nothing" and its allocation fails or retries.
 */
#include "page.h"

static struct {
	struct spinlock lock; /* of the list: taken for moments only */
	struct list all; /* [l] */
	atomic_bool busy; /* [A] somebody reclaims */
} reclaim = {
	.lock = SPIN_INIT(RANK_SLAB, "reclaim"),
	.all = LIST_INIT(reclaim.all),
};

void
reclaim_register(struct reclaimer *r)
{
	spin_lock(&reclaim.lock);
	list_add_tail(&reclaim.all, &r->link);
	spin_unlock(&reclaim.lock);
}

size_t
reclaim_pages(size_t want)
{
	struct reclaimer *r, *first = NULL;
	size_t got = 0;

	if (atomic_exchange_explicit(
	    &reclaim.busy, true, memory_order_acquire))
		return 0;
	while (got < want) {
		spin_lock(&reclaim.lock);
		r = list_first(&reclaim.all, struct reclaimer, link);
		if (r != NULL && r != first)
			list_move_tail(&reclaim.all, &r->link);
		spin_unlock(&reclaim.lock);
		if (r == NULL || r == first)
			break;
		if (first == NULL)
			first = r;
		got += r->reclaim(want - got);
	}
	atomic_store_explicit(&reclaim.busy, false, memory_order_release);
	return got;
}
