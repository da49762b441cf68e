/* SPDX-License-Identifier: MIT */
/*
 * Wait sets in wait sets: no rings, and at most NEST_MAX levels.
 *
 * A wake-up takes the queue locks of nested sets from the inside out, and a
 * poll takes their set locks from the outside in. The links between sets are
 * a graph without rings, so neither can deadlock; for the lock checker, which
 * knows only ranks, a set's locks get ranks by what is nested in it.
 */
#include "waitset.h"

#define NEST_MAX 5

static struct mutex nest = MUTEX_INIT(nest, RANK_PORT);

/* Callers take it only where sets nest, which clang cannot follow. */
void
nest_lock(void) NO_LOCK_ANALYSIS
{
	mutex_lock(&nest);
}

void
nest_unlock(void) NO_LOCK_ANALYSIS
{
	mutex_unlock(&nest);
}

#if CARMINE_CHECK
static void
set_ranks(struct waitset *set, int height)
{
	set->q.lock.rank = (enum lock_rank)(RANK_WAITSET + height);
	set->lock.rank = (enum lock_rank)(RANK_EVENT - height);
}
#else
static void
set_ranks(struct waitset *set, int height)
{
	(void)set;
	(void)height;
}
#endif

/* Levels below set; NEST_MAX + 1 when target is among them. Recursion is
 * bounded, since every set passed this test. */
static int
depth_below(const struct waitset *set, const struct waitset *target)
{
	struct ws_item *item;
	int depth = 0;

	if (set == target)
		return NEST_MAX + 1;
	list_each(item, &set->inner, inner_link) {
		int d = 1 + depth_below(item->file->data, target);

		depth = MAX(depth, d);
	}
	return depth;
}

/* Levels above set: those who watch its file and are sets. */
static int
height_above(const struct waitset *set)
{
	struct ws_item *item;
	int height = 0;

	if (set->file == NULL)
		return 0;
	list_each(item, &set->file->watches, file_link) {
		int h = 1 + height_above(item->set);

		height = MAX(height, h);
	}
	return height;
}

static void
raise(struct waitset *set, int height)
{
	struct ws_item *item;

	if (height >= NEST_MAX)
		return;
	set_ranks(set, height);
	if (set->file == NULL)
		return;
	list_each(item, &set->file->watches, file_link)
		raise(item->set, height + 1);
}

enum err
nest_begin(struct file *outer_file, struct file *inner_file) NO_LOCK_ANALYSIS
{
	struct waitset *outer = waitset_of(outer_file);
	struct waitset *inner = waitset_of(inner_file);
	int below;

	mutex_lock(&nest);
	/* Set before the link exists: who sees the link takes the lock. */
	atomic_store(&outer->nests, true);
	atomic_store(&inner->nests, true);
	below = depth_below(inner, outer);
	if (below + 1 + height_above(outer) >= NEST_MAX) {
		mutex_unlock(&nest);
		return ERR_LOOP;
	}
	raise(outer, MAX(below + 1, depth_below(outer, NULL)));
	return OK;
}
