/* SPDX-License-Identifier: MIT */
/*
 * What unit tests of kernel/ need of the rest: memory from the C library,
 * locks that check that they are used in pairs, RCU callbacks that run when
 * the test says so, one thread of one task.
 */
#pragma once

#include <kernel/log.h>
#include <kernel/mm.h>
#include <kernel/task.h>

uintptr_t host_direct_base;
_Thread_local struct thread_head *host_current;
_Thread_local struct host_cpu *host_cpu;
struct cpu cpus[CPU_MAX];
unsigned cpu_count = 1;

static struct thread shim_thread;
static struct task shim_task;
static struct host_cpu shim_cpu;
static struct rcu_head *shim_callbacks;
static long shim_blocks; /* allocated and not freed */
static long shim_fail_at; /* this allocation fails; 0: none */

void
host_interrupts(void)
{
}

static bool
shim_may_allocate(void)
{
	return shim_fail_at == 0 || --shim_fail_at != 0;
}

void *
kmalloc(size_t size)
{
	if (!shim_may_allocate())
		return NULL;
	shim_blocks++;
	return malloc(size);
}

void *
kzalloc(size_t size)
{
	void *p = kmalloc(size);

	return p == NULL ? NULL : memset(p, 0, size);
}

void
kfree(void *p, size_t size)
{
	(void)size;
	shim_blocks -= p != NULL;
	free(p);
}

struct slab_cache {
	size_t size;
};

struct slab_cache *
slab_cache_create(const char *name, size_t size, size_t align)
{
	static struct slab_cache caches[8];
	static unsigned used;

	(void)name;
	(void)align;
	caches[used].size = size;
	return &caches[used++];
}

void *
slab_alloc(struct slab_cache *c)
{
	return kmalloc(c->size);
}

void *
slab_alloc_zero(struct slab_cache *c)
{
	return kzalloc(c->size);
}

void
slab_free(struct slab_cache *c, void *p)
{
	kfree(p, c->size);
}

void
spin_init(struct spinlock *l, enum lock_rank rank, const char *name)
{
	*l = (struct spinlock)SPIN_INIT(rank, name);
}

void
spin_lock(struct spinlock *l)
{
	if (l->held++ != 0)
		abort();
}

void
spin_unlock(struct spinlock *l)
{
	if (--l->held != 0)
		abort();
}

unsigned long
spin_lock_irq(struct spinlock *l)
{
	spin_lock(l);
	return 0;
}

void
spin_unlock_irq(struct spinlock *l, unsigned long flags)
{
	(void)flags;
	spin_unlock(l);
}

void
preempt_check(void)
{
}

void
ref_bug(struct ref *r)
{
	(void)r;
	abort();
}

void
panic(const char *fmt, ...)
{
	(void)fmt;
	abort();
}

void
assert_failed(const char *what, const char *file, int line)
{
	printf("# %s:%d: %s\n", file, line, what);
	abort();
}

void
rcu_call(struct rcu_head *h, void (*fn)(struct rcu_head *))
{
	h->fn = fn;
	h->next = shim_callbacks;
	shim_callbacks = h;
}

/* The end of a grace period. */
static inline void
shim_rcu_run(void)
{
	while (shim_callbacks != NULL) {
		struct rcu_head *h = shim_callbacks;

		shim_callbacks = h->next;
		h->fn(h);
	}
}

static inline void
shim_start(void)
{
	host_current = &shim_thread.head;
	host_cpu = &shim_cpu;
	shim_thread.head.cpu = &cpus[0];
	shim_thread.task = &shim_task;
	atomic_store(&shim_task.thread_count, 1);
	shim_fail_at = 0;
}
