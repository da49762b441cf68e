/* SPDX-License-Identifier: MIT */
/*
 * Ids: numbers of threads, tasks, groups and sessions in one container.
 *
 * Numbers come in blocks of 64. Each CPU takes a block for itself, gives its
 * numbers out in rising order, and takes the next one when it is at the end; so
 * CPUs that fork meet once in 64 times, at the lock of the container's blocks.
 * Blocks, too, are taken in rising order, from the start again when PID_MAX is
 * reached, so that a number is not reused for as long as possible.
 *
 * A block has a bit and a place for each of its numbers. A bit is set by who
 * finds it clear, mostly the CPU whose block it is; others that want one
 * number in particular, and those that give one back, change bits as well. A
 * block lives while its users are above 0: its numbers in use, and the CPU. It
 * gets its first and loses its last under the lock alone, so what the tree of
 * blocks has is alive.
 *
 * A number is looked up without locks. Its place is emptied before its bit is
 * cleared, and filled after the bit is set: who finds the bit clear (acquire)
 * writes after the one who cleared it (release).
 *
 * Records and blocks are freed a grace period after their last user left; a
 * number is free at once.
 */
#include "internal.h"

#include <kernel/mm.h>
#include <lib/bits.h>

#define PID_FIRST       1u /* the container's init */
#define PID_FIRST_AGAIN 2u

static struct slab_cache *pid_cache, *block_cache, *node_cache;

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
	radix_init(&ps->blocks, &tree_ops);
	ps->lowest = PID_FIRST;
	return ps;
}

/* ---- blocks ------------------------------------------------------------ */

static void
block_free(struct rcu_head *h)
{
	slab_free(block_cache, container_of(h, struct pid_block, rcu));
}

/* Block n, with one user; lock held. NULL: no memory. */
static struct pid_block *
block_get(struct pid_space *ps, unsigned n)
{
	struct pid_block *b = radix_get(&ps->blocks, n);

	if (b != NULL) {
		atomic_fetch_add_explicit(&b->users, 1, memory_order_relaxed);
		return b;
	}
	b = slab_alloc_zero(block_cache);
	if (b == NULL)
		return NULL;
	b->number = n;
	atomic_init(&b->users, 1);
	if (radix_set(&ps->blocks, n, b))
		return b;
	slab_free(block_cache, b);
	return NULL;
}

static void
block_put(struct pid_space *ps, struct pid_block *b)
{
	unsigned users = atomic_load_explicit(&b->users, memory_order_relaxed);
	unsigned long flags;
	bool last;

	while (users > 1) {
		if (atomic_compare_exchange_weak_explicit(&b->users, &users,
		    users - 1, memory_order_release, memory_order_relaxed))
			return;
	}
	flags = spin_lock_irq(&ps->lock);
	last = atomic_fetch_sub_explicit(
	    &b->users, 1, memory_order_acq_rel) == 1;
	if (last)
		radix_erase(&ps->blocks, b->number);
	spin_unlock_irq(&ps->lock, flags);
	if (last)
		rcu_call(&b->rcu, block_free);
}

/* Sets a clear bit from number bit on; PID_BLOCK: there is none. */
static unsigned
bit_take(struct pid_block *b, unsigned bit)
{
	uint64_t used = atomic_load_explicit(&b->used, memory_order_relaxed);
	uint64_t free;

	while (bit < PID_BLOCK) {
		free = ~used & ~UINT64_C(0) << bit;
		if (free == 0)
			break;
		bit = ctz64(free);
		used = atomic_fetch_or_explicit(&b->used, UINT64_C(1) << bit,
		    memory_order_acquire);
		if ((used >> bit & 1) == 0)
			return bit;
	}
	return PID_BLOCK;
}

/* lock held. */
static bool
block_has_free(const struct pid_space *ps, unsigned n, unsigned from)
{
	const struct pid_block *b = radix_get(&ps->blocks, n);

	return b == NULL || (~atomic_load_explicit(&b->used,
	    memory_order_relaxed) & ~UINT64_C(0) << from) != 0;
}

/* The next block with a free number becomes this CPU's, which has none; lock
 * held. ERR_AGAIN, ERR_NOMEM. */
static enum err
block_next(struct pid_space *ps, struct pid_cpu *c)
{
	for (unsigned tries = 0; tries <= PID_BLOCKS; tries++) {
		unsigned n = ps->next, from = n == 0 ? ps->lowest : 0;
		bool has = block_has_free(ps, n, from);

		if (has) {
			c->block = block_get(ps, n);
			if (c->block == NULL)
				return ERR_NOMEM;
			c->at = from;
		}
		ps->next = (n + 1) % PID_BLOCKS;
		if (ps->next == 0)
			ps->lowest = PID_FIRST_AGAIN;
		if (has)
			return OK;
	}
	return ERR_AGAIN;
}

/* A number of this CPU's block, or of the next one; preemption off. */
static enum err
take_next(struct pid_space *ps, struct pid *p)
{
	struct pid_cpu *c = &ps->cpus[cpu_id()];
	unsigned bit = PID_BLOCK;
	unsigned long flags;
	enum err e;

	if (c->block != NULL)
		bit = bit_take(c->block, c->at);
	while (bit == PID_BLOCK) {
		if (c->block != NULL)
			block_put(ps, c->block);
		c->block = NULL;
		flags = spin_lock_irq(&ps->lock);
		e = block_next(ps, c);
		spin_unlock_irq(&ps->lock, flags);
		if (e != OK)
			return e;
		bit = bit_take(c->block, c->at);
	}
	c->at = bit + 1;
	atomic_fetch_add_explicit(&c->block->users, 1, memory_order_relaxed);
	p->block = c->block;
	p->number = (int)(c->block->number * PID_BLOCK + bit);
	return OK;
}

/* Number want. */
static enum err
take_one(struct pid_space *ps, unsigned want, struct pid *p)
{
	uint64_t mine = UINT64_C(1) << want % PID_BLOCK;
	unsigned long flags = spin_lock_irq(&ps->lock);
	struct pid_block *b = block_get(ps, want / PID_BLOCK);

	spin_unlock_irq(&ps->lock, flags);
	if (b == NULL)
		return ERR_NOMEM;
	if ((atomic_fetch_or_explicit(
	    &b->used, mine, memory_order_acquire) & mine) != 0) {
		block_put(ps, b);
		return ERR_EXISTS;
	}
	p->block = b;
	p->number = (int)want;
	return OK;
}

void
pid_space_free(struct pid_space *ps)
{
	if (ps == NULL)
		return;
	for (unsigned i = 0; i < CPU_MAX; i++)
		if (ps->cpus[i].block != NULL)
			block_put(ps, ps->cpus[i].block);
	kfree(ps, sizeof(*ps));
}

/* ---- records ----------------------------------------------------------- */

static _Atomic(struct pid *) *
place_of(struct pid_block *b, int number)
{
	return &b->ids[(unsigned)number % PID_BLOCK];
}

enum err
pid_alloc(struct pid_space *ps, int want, struct pid **out)
{
	struct pid *p;
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
	preempt_disable();
	e = want != 0 ? take_one(ps, (unsigned)want, p) : take_next(ps, p);
	if (e == OK)
		atomic_store_explicit(place_of(p->block, p->number), p,
		    memory_order_release);
	preempt_enable();
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
	struct pid_block *b;

	if (p == NULL || !ref_dec(&p->refs))
		return;
	b = p->block;
	atomic_store_explicit(
	    place_of(b, p->number), NULL, memory_order_relaxed);
	atomic_fetch_and_explicit(&b->used,
	    ~(UINT64_C(1) << (unsigned)p->number % PID_BLOCK),
	    memory_order_release);
	block_put(p->space, b);
	rcu_call(&p->rcu, pid_free);
}

struct pid *
pid_find(struct pid_space *ps, int number)
{
	struct pid_block *b = number <= 0 ? NULL :
	    radix_get(&ps->blocks, (unsigned)number / PID_BLOCK);

	return b == NULL ? NULL : atomic_load_explicit(
	    place_of(b, number), memory_order_acquire);
}

/* The first of block b whose place is bit or above; NULL: none. */
static struct pid *
block_find_from(struct pid_block *b, unsigned bit)
{
	uint64_t used = atomic_load_explicit(&b->used, memory_order_relaxed);

	for (used &= ~UINT64_C(0) << bit; used != 0; used &= used - 1) {
		struct pid *p = atomic_load_explicit(
		    &b->ids[ctz64(used)], memory_order_acquire);

		if (p != NULL)
			return p;
	}
	return NULL;
}

struct pid *
pid_next(struct pid_space *ps, int *number)
{
	unsigned at = *number < 1 ? 1 : (unsigned)*number;
	uint64_t n = at / PID_BLOCK;
	struct pid_block *b;
	struct pid *p = NULL;

	while (p == NULL && (b = radix_next(&ps->blocks, &n)) != NULL) {
		p = block_find_from(
		    b, n == at / PID_BLOCK ? at % PID_BLOCK : 0);
		n++;
	}
	if (p != NULL)
		*number = p->number;
	return p;
}

void
pid_init(void)
{
	if (pid_cache != NULL)
		return;
	pid_cache = slab_cache_create("pid", sizeof(struct pid), 0);
	block_cache = slab_cache_create(
	    "pid-block", sizeof(struct pid_block), 64);
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
