/* SPDX-License-Identifier: MIT */
/*
 * Mutexes: one compare-and-swap when free (inline in <kernel/sync.h>).
 *
 * state is 0 (free), the owner's thread_head, or that with bit 0 set: then
 * others wait and the unlocker must wake one. A waiter always takes the lock
 * with bit 0 set, because it cannot know whether it was the last one; the
 * price is one needless wake of an empty queue.
 *
 * Why no waiter is forgotten: a waiter queues itself, then tries to set bit 0
 * (or take the lock) and sleeps only if bit 0 is set over an owner. The
 * owner's unlock swaps state to 0 and sees that bit, then wakes. A wake
 * before the sleep is kept by the entry (waitq.c).
 *
 * A waiter spins while the owner runs on another CPU: most holds are shorter
 * than two context switches. It does so for SPIN_NS, in which some pages can be
 * copied, unless another thread is to run here. The owner's thread may die
 * meanwhile, so it is read under RCU, by which threads are freed.
 */
#include <kernel/log.h>
#include <kernel/task.h>
#include <kernel/time.h>

#define WAITERS   ((uintptr_t)1)
#define SPIN_NS   (25 * NS_PER_US)

void
mutex_init(struct mutex *m, enum lock_rank rank UNUSED,
    const char *name UNUSED)
{
	atomic_init(&m->state, 0);
	waitq_init(&m->waiters);
	LOCK_SET_RANK(m, rank, name);
}

bool
mutex_is_held(const struct mutex *m)
{
	return (atomic_load_explicit(&m->state, memory_order_relaxed) &
	    ~WAITERS) == (uintptr_t)arch_current();
}

static bool
try_take(struct mutex *m, uintptr_t as)
{
	uintptr_t free = 0;

	return atomic_compare_exchange_strong_explicit(&m->state, &free, as,
	    memory_order_acquire, memory_order_relaxed);
}

/* True: worth another look without sleeping. A guess: nothing orders the making
 * of the owner's thread before this look at it. */
static RACY_READ bool
owner_runs(uintptr_t state)
{
	const struct thread *owner = (const struct thread *)(state & ~WAITERS);

	return owner != NULL && atomic_load_explicit(
	    &owner->state, memory_order_relaxed) == THREAD_RUNNING;
}

static bool
is_wanted(void)
{
	return (atomic_load_explicit(&arch_current()->work,
	    memory_order_relaxed) & WORK_RESCHED) != 0;
}

static bool
spin_for(struct mutex *m)
{
	bool got = false;
	uintptr_t state;
	ns_t end;

	if (cpu_count == 1)
		return false;
	end = time_now() + SPIN_NS;
	while (!got && time_now() < end && !is_wanted()) {
		rcu_read_lock();
		state = atomic_load_explicit(&m->state, memory_order_relaxed);
		if (state == 0) {
			got = try_take(m, (uintptr_t)arch_current());
		} else if ((state & WAITERS) || !owner_runs(state)) {
			rcu_read_unlock();
			break;
		}
		rcu_read_unlock();
		arch_pause();
	}
	return got;
}

/* True: the lock is ours. False: bit 0 stands, sleep. */
static bool
take_or_mark(struct mutex *m)
{
	uintptr_t mine = (uintptr_t)arch_current() | WAITERS;
	uintptr_t state = atomic_load_explicit(
	    &m->state, memory_order_relaxed);

	for (;;) {
		uintptr_t want = state == 0 ? mine : state | WAITERS;

		if (atomic_compare_exchange_weak_explicit(&m->state, &state,
		    want, memory_order_acq_rel, memory_order_relaxed))
			return state == 0;
	}
}

static enum err
lock_wait(struct mutex *m, enum wait_mode mode)
{
	struct wait_entry w = { .exclusive = true };
	enum err e = OK;

	ASSERT(!mutex_is_held(m));
	if (spin_for(m))
		return OK;
	for (;;) {
		wait_begin(&m->waiters, &w, mode);
		if (take_or_mark(m)) {
			e = OK;
			break;
		}
		if (e != OK)
			break;
		e = wait_sleep(&w, mode, NS_NEVER);
	}
	wait_end(&m->waiters, &w);
	/* A wake that hit us as we gave up belongs to another waiter. */
	if (e != OK)
		waitq_wake_some(&m->waiters, 0, 1);
	return e;
}

void
mutex_lock_slow(struct mutex *m)
{
	err_ignore(lock_wait(m, WAIT_DEEP)); /* cannot fail */
}

void
mutex_unlock_slow(struct mutex *m)
{
	ASSERT(mutex_is_held(m));
	atomic_store_explicit(&m->state, 0, memory_order_seq_cst);
	waitq_wake_some(&m->waiters, 0, 1);
}

#if CARMINE_CHECK

NO_LOCK_ANALYSIS void
mutex_lock(struct mutex *m)
{
	lockcheck_may_sleep("mutex_lock");
	lockcheck_take(m, m->rank, m->name, false);
	if (!try_take(m, (uintptr_t)arch_current()))
		mutex_lock_slow(m);
}

NO_LOCK_ANALYSIS void
mutex_unlock(struct mutex *m)
{
	uintptr_t mine = (uintptr_t)arch_current();

	ASSERT(mutex_is_held(m));
	lockcheck_drop(m);
	if (!atomic_compare_exchange_strong_explicit(&m->state, &mine, 0,
	    memory_order_release, memory_order_relaxed))
		mutex_unlock_slow(m);
}

#endif

NO_LOCK_ANALYSIS bool
mutex_trylock(struct mutex *m)
{
	if (!try_take(m, (uintptr_t)arch_current()))
		return false;
	lockcheck_take(m, LOCK_RANK(m), LOCK_NAME(m), true);
	return true;
}

NO_LOCK_ANALYSIS enum err
mutex_lock_killable(struct mutex *m)
{
	enum err e = OK;

	lockcheck_may_sleep("mutex_lock_killable");
	if (!try_take(m, (uintptr_t)arch_current()))
		e = lock_wait(m, WAIT_KILLABLE);
	if (e == OK)
		lockcheck_take(m, LOCK_RANK(m), LOCK_NAME(m), false);
	return e;
}
