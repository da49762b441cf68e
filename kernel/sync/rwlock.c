/* SPDX-License-Identifier: MIT */
/*
 * Sleeping readers-writer locks.
 *
 * state counts readers; -1 is a writer. A writer that waits is counted in
 * writers; readers that come then wait, too, so a stream of readers cannot
 * starve it. Readers take the lock by one compare-and-swap.
 *
 * Both kinds wait in one queue, writers exclusively: the release that frees the
 * lock wakes the readers up to the first writer and that writer. A woken
 * writer never gives up, so it takes the lock and its own release wakes those
 * behind it; that is why nobody is forgotten. The queue's rules keep wakes that
 * come before the sleep. A reader may not take the lock twice: a writer between
 * would block both.
 *
 * Before it sleeps, either kind spins for a while, unless a writer holds the
 * lock that does not run: most holds are shorter than two context switches.
 * The writer's thread may die meanwhile, so it is read under RCU, by which
 * threads are freed.
 */
#include <kernel/log.h>
#include <kernel/task.h>

#define SPIN_TURNS 200

void
rwlock_init(struct rwlock *l, enum lock_rank rank UNUSED,
    const char *name UNUSED)
{
	atomic_init(&l->state, 0);
	atomic_init(&l->writers, 0);
	atomic_init(&l->writer, NULL);
	waitq_init(&l->waiters);
	LOCK_SET_RANK(l, rank, name);
}

static bool
try_read(struct rwlock *l)
{
	long n = atomic_load_explicit(&l->state, memory_order_relaxed);

	while (n >= 0 && LIKELY(atomic_load_explicit(
	    &l->writers, memory_order_relaxed) == 0)) {
		if (atomic_compare_exchange_weak_explicit(&l->state, &n, n + 1,
		    memory_order_acquire, memory_order_relaxed))
			return true;
	}
	return false;
}

static bool
try_write(struct rwlock *l)
{
	long free = 0;

	return atomic_compare_exchange_strong_explicit(&l->state, &free, -1,
	    memory_order_acquire, memory_order_relaxed);
}

/* A guess: nothing orders the making of the writer's thread before this look at
 * it. */
static RACY_READ bool
is_worth_a_turn(const struct rwlock *l)
{
	const struct thread *w = (const struct thread *)atomic_load_explicit(
	    &l->writer, memory_order_relaxed);

	return w == NULL || atomic_load_explicit(
	    &w->state, memory_order_relaxed) == THREAD_RUNNING;
}

static bool
spin_for(struct rwlock *l, bool (*try_take)(struct rwlock *l))
{
	bool got = false, again = cpu_count > 1;

	for (unsigned i = 0; again && !got && i < SPIN_TURNS; i++) {
		arch_pause();
		got = try_take(l);
		rcu_read_lock();
		again = is_worth_a_turn(l);
		rcu_read_unlock();
	}
	return got;
}

NO_LOCK_ANALYSIS void
rw_read_lock(struct rwlock *l)
{
	lockcheck_may_sleep("rw_read_lock");
	lockcheck_take(l, LOCK_RANK(l), LOCK_NAME(l), false);
	if (LIKELY(try_read(l)) || spin_for(l, try_read))
		return;
	err_ignore(wait_until(&l->waiters, try_read(l), WAIT_DEEP));
}

NO_LOCK_ANALYSIS void
rw_read_unlock(struct rwlock *l)
{
	long n;

	lockcheck_drop(l);
	n = atomic_fetch_sub_explicit(&l->state, 1, memory_order_release);
	ASSERT(n > 0);
	if (n == 1)
		waitq_wake_some(&l->waiters, 0, 1);
}

static void
write_wait(struct rwlock *l)
{
	struct wait_entry w = { .exclusive = true };

	atomic_fetch_add_explicit(&l->writers, 1, memory_order_seq_cst);
	for (;;) {
		wait_begin(&l->waiters, &w, WAIT_DEEP);
		if (try_write(l))
			break;
		err_ignore(wait_sleep(&w, WAIT_DEEP, NS_NEVER));
	}
	wait_end(&l->waiters, &w);
	atomic_fetch_sub_explicit(&l->writers, 1, memory_order_seq_cst);
}

NO_LOCK_ANALYSIS void
rw_write_lock(struct rwlock *l)
{
	lockcheck_may_sleep("rw_write_lock");
	lockcheck_take(l, LOCK_RANK(l), LOCK_NAME(l), false);
	if (UNLIKELY(!try_write(l)) && !spin_for(l, try_write))
		write_wait(l);
	atomic_store_explicit(
	    &l->writer, arch_current(), memory_order_relaxed);
}

NO_LOCK_ANALYSIS void
rw_write_unlock(struct rwlock *l)
{
	ASSERT(rw_is_write_held(l));
	lockcheck_drop(l);
	atomic_store_explicit(&l->writer, NULL, memory_order_relaxed);
	atomic_store_explicit(&l->state, 0, memory_order_release);
	waitq_wake_some(&l->waiters, 0, 1);
}

bool
rw_is_write_held(const struct rwlock *l)
{
	return atomic_load_explicit(&l->state, memory_order_relaxed) == -1 &&
	    atomic_load_explicit(&l->writer, memory_order_relaxed) ==
	    arch_current();
}
