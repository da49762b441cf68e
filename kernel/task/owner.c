/* SPDX-License-Identifier: MIT */
/*
 * How many tasks and threads a real user has in a container: what RLIMIT_NPROC
 * limits. A process counts once from its fork until somebody has waited for it,
 * and once more for each thread beside the first that has not ended.
 *
 * A record lives while its count is above 0, so who has something counted needs
 * no reference beside that, and fork and exit only add to one word. A record is
 * found, and its count goes to 0, under the lock of its hash chain alone. Root
 * is not limited and not counted.
 *
 * A task is counted where task.owner says. Changing its real user moves the
 * count under the task's lock, as does every change of its number of threads.
 */
#include "internal.h"

#include <kernel/mm.h>

#define CHAINS 64u

struct owner {
	struct list link; /* [C] the chain's lock */
	const struct container *container; /* [I] who is counted keeps it */
	uint32_t uid; /* [I] */
	atomic_long count; /* [A] raised from 0, or lowered to it, under [C] */
};

static struct chain {
	struct spinlock lock; /* RANK_OWNER */
	struct list owners; /* [C] */
} chains[CHAINS];

void
owner_init(void)
{
	for (unsigned i = 0; i < CHAINS; i++) {
		spin_init(&chains[i].lock, RANK_OWNER, "owners");
		list_init(&chains[i].owners);
	}
}

static struct chain *
chain_of(const struct container *c, uint32_t uid)
{
	uint64_t key = (uintptr_t)c ^ uid * UINT64_C(0x9e3779b97f4a7c15);

	return &chains[(key ^ key >> 32) % CHAINS];
}

/* Counts n more where the record is there; lock held. */
static struct owner *
find_locked(struct chain *at, const struct container *c, uint32_t uid, long n)
{
	struct owner *o;

	list_each(o, &at->owners, link) {
		if (o->uid == uid && o->container == c) {
			atomic_fetch_add(&o->count, n);
			return o;
		}
	}
	return NULL;
}

enum err
owner_get(
    const struct container *c, uint32_t uid, long n, struct owner **out)
{
	struct chain *at = chain_of(c, uid);
	struct owner *found, *fresh;

	if (uid == 0) {
		*out = NULL;
		return OK;
	}
	fresh = kzalloc(sizeof(*fresh));
	if (fresh == NULL)
		return ERR_NOMEM;
	fresh->container = c;
	fresh->uid = uid;
	atomic_init(&fresh->count, n);
	spin_lock(&at->lock);
	found = find_locked(at, c, uid, n);
	if (found == NULL)
		list_add(&at->owners, &fresh->link);
	spin_unlock(&at->lock);
	if (found != NULL)
		kfree(fresh, sizeof(*fresh));
	*out = found != NULL ? found : fresh;
	return OK;
}

long
owner_add(struct owner *o, long n)
{
	return o == NULL ? 0 : atomic_fetch_add_explicit(
	    &o->count, n, memory_order_relaxed) + n;
}

long
owner_count(const struct owner *o)
{
	return o == NULL ? 0 : atomic_load_explicit(
	    &o->count, memory_order_relaxed);
}

uint32_t
owner_uid(const struct owner *o)
{
	return o == NULL ? 0 : o->uid;
}

void
owner_sub(struct owner *o, long n)
{
	struct chain *at;
	long count;
	bool last;

	if (o == NULL)
		return;
	count = atomic_load_explicit(&o->count, memory_order_relaxed);
	while (count > n) {
		if (atomic_compare_exchange_weak_explicit(&o->count, &count,
		    count - n, memory_order_release, memory_order_relaxed))
			return;
	}
	at = chain_of(o->container, o->uid);
	spin_lock(&at->lock);
	last = atomic_fetch_sub_explicit(
	    &o->count, n, memory_order_acq_rel) == n;
	if (last)
		list_del(&o->link);
	spin_unlock(&at->lock);
	if (last)
		kfree(o, sizeof(*o));
}
