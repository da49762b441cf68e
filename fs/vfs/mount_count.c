/*
 * How many use a mount.
 *
 * All CPUs open and close files on the same few mounts, so while a mount is in
 * a tree it is counted in parts, each in a cache line of its own. Nobody needs
 * the sum then: the tree's reference keeps it above zero. Whoever takes a mount
 * off its tree gathers first: no part is used any more, and once those who were
 * just about to use one are done (RCU), the sum is moved into refs, which
 * counts alone from then on.
 *
 * refs holds MANY besides while there are parts, since what one CPU adds may be
 * taken away from refs: it must not look like the last reference.
 *
 * Parts may be taken away and put back by several at a time: who gets the
 * pointer out of uses gathers.
 */
#include "internal.h"

#define MANY (1L << 40)

static struct mutex gathering = MUTEX_INIT(gathering, RANK_NAMESPACE);
static struct slab_cache *parts_cache;

void
mount_count_init(void)
{
	parts_cache = slab_cache_create("mount-uses",
	    sizeof(struct mount_uses) * MOUNT_PARTS, sizeof(struct mount_uses));
}

void
mount_spread(struct mount *m)
{
	if (m->parts == NULL)
		m->parts = slab_alloc_zero(parts_cache);
	if (m->parts == NULL || atomic_load(&m->uses) != NULL)
		return;
	atomic_fetch_add(&m->refs, MANY);
	atomic_store_explicit(&m->uses, m->parts, memory_order_release);
}

/* A grace period after uses became NULL. */
static void
sum_up(struct mount *m)
{
	long sum = 0;

	for (unsigned i = 0; i < MOUNT_PARTS; i++)
		sum += atomic_exchange(&m->parts[i].n, 0);
	atomic_fetch_add(&m->refs, sum - MANY);
}

long
mount_gather(struct mount *m)
{
	long refs;

	mutex_lock(&gathering);
	if (atomic_exchange(&m->uses, NULL) != NULL) {
		/* On one CPU nobody is in the middle while we run. */
		if (cpu_count > 1)
			rcu_sync();
		sum_up(m);
	}
	refs = atomic_load(&m->refs);
	mutex_unlock(&gathering);
	return refs;
}

static void
parts_are_quiet(struct rcu_head *h)
{
	struct mount *m = container_of(h, struct mount, rcu);

	sum_up(m);
	mount_unref(m);
}

/* Not by mount_gather: the last user of a namespace may be a callback of
 * RCU, which cannot wait for a grace period. */
void
mount_unref_by_tree(struct mount *m)
{
	if (atomic_exchange(&m->uses, NULL) != NULL)
		rcu_call(&m->rcu, parts_are_quiet);
	else
		mount_unref(m);
}

static void
mount_free(struct rcu_head *h)
{
	struct mount *m = container_of(h, struct mount, rcu);

	if (m->parts != NULL)
		slab_free(parts_cache, m->parts);
	kfree(m, sizeof(*m));
}

static void
mount_destroy(struct mount *m)
{
	dentry_unref(m->root);
	super_unref(m->super);
	if (m->charged != NULL)
		container_uncharge(m->charged, LIMIT_MOUNTS, 1);
	container_unref(m->charged);
	rcu_call(&m->rcu, mount_free);
}

void
mount_unref(struct mount *m)
{
	long old;

	if (m == NULL || mount_count(m, -1))
		return;
	old = atomic_fetch_sub_explicit(&m->refs, 1, memory_order_acq_rel);
	ASSERT(old > 0);
	if (old == 1)
		mount_destroy(m);
}

bool
mount_try_ref(struct mount *m)
{
	long old;

	if (mount_count(m, 1))
		return true;
	old = atomic_load_explicit(&m->refs, memory_order_relaxed);
	do {
		if (old == 0)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(&m->refs, &old,
	    old + 1, memory_order_acquire, memory_order_relaxed));
	return true;
}
