/* SPDX-License-Identifier: MIT */
/*
 * Ids: numbers of threads, tasks, groups and sessions in one container.
 *
 * Numbers are given out in rising order and start again at 2 when PID_MAX is
 * reached, so that a number is not reused for as long as possible. A bitmap
 * in parts of 4096 says what is free: the parts know how many are used, so
 * the search skips full ones, and parts that are wholly free take no memory.
 * A radix tree leads from a number to its record; it is read without locks.
 *
 * A record is freed a grace period after its last user left; its number is
 * free at once.
 */
#include "internal.h"

#include <kernel/mm.h>
#include <lib/bitmap.h>

#define PID_FIRST_AGAIN 2 /* 1 is the container's init */

static struct slab_cache *pid_cache, *node_cache;

static struct radix_node *
node_alloc(void)
{
	return slab_alloc(node_cache);
}

_Static_assert(sizeof(struct rcu_head) <=
    sizeof(((struct radix_node *)0)->deferred), "node_free's scratch");

static void
node_free_now(struct rcu_head *h)
{
	slab_free(node_cache, container_of((void *)h, struct radix_node,
	    deferred));
}

static void
node_free(struct radix_node *n)
{
	rcu_call((struct rcu_head *)(void *)n->deferred, node_free_now);
}

static const struct radix_ops tree_ops = { node_alloc, node_free };

struct pid_space *
pid_space_create(void)
{
	struct pid_space *ps = kzalloc(sizeof(*ps));

	if (ps == NULL)
		return NULL;
	spin_init(&ps->lock, RANK_PID, "pid space");
	radix_init(&ps->tree, &tree_ops);
	return ps;
}

/* No id is in use any more. */
void
pid_space_free(struct pid_space *ps)
{
	if (ps == NULL)
		return;
	for (unsigned i = 0; i < PID_CHUNKS; i++)
		kfree(ps->maps[i], sizeof(*ps->maps[i]));
	kfree(ps, sizeof(*ps));
}

/* The first free number in [from, to), or 0; lock held. */
static int
find_free(struct pid_space *ps, unsigned from, unsigned to)
{
	while (from < to) {
		struct pid_map *m = ps->maps[from / PID_CHUNK];
		unsigned base = from / PID_CHUNK * PID_CHUNK;
		size_t bit;

		if (m == NULL)
			return (int)from;
		if (m->used < PID_CHUNK) {
			bit = bitmap_find_clear(
			    m->bits, PID_CHUNK, from - base);
			if (bit < PID_CHUNK && base + bit < to)
				return (int)(base + bit);
		}
		from = base + PID_CHUNK;
	}
	return 0;
}

/* Marks a free number; lock held. False: no memory. */
static bool
mark(struct pid_space *ps, unsigned n)
{
	struct pid_map **m = &ps->maps[n / PID_CHUNK];

	if (*m == NULL)
		*m = kzalloc(sizeof(**m));
	if (*m == NULL)
		return false;
	bitmap_set((*m)->bits, n % PID_CHUNK);
	(*m)->used++;
	return true;
}

static void
unmark(struct pid_space *ps, unsigned n)
{
	struct pid_map **m = &ps->maps[n / PID_CHUNK];

	bitmap_clear((*m)->bits, n % PID_CHUNK);
	if (--(*m)->used == 0) {
		kfree(*m, sizeof(**m));
		*m = NULL;
	}
}

static enum err
insert(struct pid_space *ps, struct pid *p, int want)
{
	int n = want;

	if (want != 0) {
		if (find_free(ps, (unsigned)want, (unsigned)want + 1) == 0)
			return ERR_EXISTS;
	} else {
		n = find_free(ps, (unsigned)ps->last + 1, PID_MAX);
		if (n == 0)
			n = find_free(
			    ps, PID_FIRST_AGAIN, (unsigned)ps->last + 1);
		if (n == 0)
			return ERR_AGAIN;
	}
	if (!mark(ps, (unsigned)n))
		return ERR_NOMEM;
	p->number = n;
	if (!radix_set(&ps->tree, (uint64_t)n, p)) {
		unmark(ps, (unsigned)n);
		return ERR_NOMEM;
	}
	if (want == 0)
		ps->last = n;
	return OK;
}

enum err
pid_alloc(struct pid_space *ps, int want, struct pid **out)
{
	struct pid *p;
	unsigned long flags;
	enum err e;

	if (want < 0 || want >= PID_MAX)
		return ERR_INVAL;
	p = slab_alloc_zero(pid_cache);
	if (p == NULL)
		return ERR_NOMEM;
	ref_init(&p->refs, 1);
	p->space = ps;
	spin_init(&p->lock, RANK_GROUP, "group");
	list_init(&p->members);
	flags = spin_lock_irq(&ps->lock);
	e = insert(ps, p, want);
	spin_unlock_irq(&ps->lock, flags);
	if (e != OK)
		slab_free(pid_cache, p);
	else
		*out = p;
	return e;
}

struct pid *
pid_ref(struct pid *p)
{
	ref_inc(&p->refs);
	return p;
}

static void
pid_free(struct rcu_head *h)
{
	slab_free(pid_cache, container_of(h, struct pid, rcu));
}

void
pid_unref(struct pid *p)
{
	struct pid_space *ps;
	unsigned long flags;

	if (p == NULL || !ref_dec(&p->refs))
		return;
	ps = p->space;
	flags = spin_lock_irq(&ps->lock);
	radix_erase(&ps->tree, (uint64_t)p->number);
	unmark(ps, (unsigned)p->number);
	spin_unlock_irq(&ps->lock, flags);
	rcu_call(&p->rcu, pid_free);
}

struct pid *
pid_find(struct pid_space *ps, int number)
{
	return number <= 0 ? NULL : radix_get(&ps->tree, (uint64_t)number);
}

struct pid *
pid_next(struct pid_space *ps, int *number)
{
	uint64_t at = *number < 1 ? 1 : (uint64_t)*number;
	struct pid *p = radix_next(&ps->tree, &at);

	if (p != NULL)
		*number = (int)at;
	return p;
}

void
pid_init(void)
{
	if (pid_cache != NULL)
		return;
	pid_cache = slab_cache_create("pid", sizeof(struct pid), 0);
	node_cache = slab_cache_create(
	    "radix-node", sizeof(struct radix_node), 0);
}

bool
task_is(struct container *c, int pid, ns_t started)
{
	struct pid *p = pid_find(c->pids, pid);
	struct task *t = p == NULL ? NULL :
	    atomic_load_explicit(&p->task, memory_order_acquire);

	return t != NULL && t->start_time == started;
}
