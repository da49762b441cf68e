/* SPDX-License-Identifier: MIT */
/*
 * Wait sets in wait sets: no rings, and at most NEST_MAX levels.
 *
 * A wake-up takes the queue locks of nested sets from the inside out, and a
 * poll takes their set locks from the outside in. The links between sets are
 * a graph without rings, so neither can deadlock; the lock checker, which
 * knows only ranks, leaves the order among sets to this file.
 *
 * However sets are woven, a change costs as many steps as there are links: a
 * set that was looked at with the same question is not asked again.
 */
#include "waitset.h"

#define NEST_MAX 5u

static struct mutex nest = MUTEX_INIT(nest, RANK_NEST);
static uint64_t search; /* [n] the number of the last one */

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

/* Whether target is set or somewhere in it. */
static bool
is_below(struct waitset *set, const struct waitset *target)
{
	struct ws_item *item;

	if (set == target)
		return true;
	if (set->seen == search)
		return false;
	set->seen = search;
	list_each(item, &set->inner, inner_link)
		if (is_below(item->file->data, target))
			return true;
	return false;
}

/* Whether set and those around it may be so high. */
static bool
may_rise(struct waitset *set, unsigned height)
{
	struct ws_item *item;

	if (height >= NEST_MAX)
		return false;
	if (set->height >= height || set->file == NULL ||
	    (set->seen == search && set->tried >= height))
		return true;
	set->seen = search;
	set->tried = height;
	list_each(item, &set->file->watches, file_link)
		if (!may_rise(item->set, height + 1))
			return false;
	return true;
}

static void
rise(struct waitset *set, unsigned height)
{
	struct ws_item *item;

	if (set->height >= height)
		return;
	if (set->file != NULL)
		list_each(item, &set->file->watches, file_link)
			rise(item->set, height + 1);
	set->height = height;
}

void
nest_left(struct waitset *set)
{
	unsigned height = 0;
	struct ws_item *item;

	list_each(item, &set->inner, inner_link) {
		const struct waitset *inner = item->file->data;

		height = MAX(height, inner->height + 1);
	}
	if (height == set->height)
		return;
	set->height = height;
	if (set->file != NULL)
		list_each(item, &set->file->watches, file_link)
			nest_left(item->set);
}

enum err
nest_begin(struct file *outer_file, struct file *inner_file) NO_LOCK_ANALYSIS
{
	struct waitset *outer = waitset_of(outer_file);
	struct waitset *inner = waitset_of(inner_file);
	bool fits;

	mutex_lock(&nest);
	/* Set before the link exists: who sees the link takes the lock. */
	atomic_store(&outer->nests, true);
	atomic_store(&inner->nests, true);
	search++;
	fits = !is_below(inner, outer);
	search++;
	if (!fits || !may_rise(outer, inner->height + 1)) {
		mutex_unlock(&nest);
		return ERR_LOOP;
	}
	rise(outer, inner->height + 1);
	return OK;
}
