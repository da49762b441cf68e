/* SPDX-License-Identifier: MIT */
/*
 * The lock checker of BUILD=check.
 *
 * Each thread keeps the list of locks it holds. Taking a lock whose rank is
 * below one that is held, or equal with a lower address, is reported: two
 * threads that disagree about an order can deadlock, and the report comes
 * the first time one of them does it, not the one time in a million when
 * they meet. Exempt from the address rule is what has an order of its own:
 * vnodes (parent before child) and wait sets (kernel/ipc/waitset_nest.c).
 *
 * An interrupt handler runs on the interrupted thread's record; its locks
 * are compared with those of the same depth only, since a lock that handlers
 * take is never held with interrupts on (spin.c checks that).
 */
#include <kernel/sync.h>

#if CARMINE_CHECK

#include <kernel/log.h>
#include <kernel/task.h>

static atomic_uint reports;
static atomic_bool reporting;

static void
report(const struct held_lock *held, enum lock_rank rank, const char *name)
{
	/* Printing takes locks itself; whatever is wrong there waits. */
	if (atomic_exchange(&reporting, true))
		return;
	if (atomic_fetch_add_explicit(&reports, 1, memory_order_relaxed) >= 20)
		return; /* from now on silent */
	log_raw("lock order: %s (rank %u) taken while %s (rank %u) is held\n",
	    name, (unsigned)rank, held->name, (unsigned)held->rank);
	backtrace_print();
	atomic_store(&reporting, false);
}

static bool
out_of_order(const struct held_lock *held, const void *lock,
    enum lock_rank rank)
{
	if (held->rank == RANK_NONE || rank == RANK_NONE)
		return false;
	if (held->rank != rank)
		return held->rank > rank;
	return rank != RANK_VNODE && rank != RANK_WAITSET &&
	    rank != RANK_READY && (uintptr_t)held->lock > (uintptr_t)lock;
}

/* Irqs off. */
static void
check_order(const struct thread *t, const void *lock, enum lock_rank rank,
    const char *name)
{
	unsigned depth = t->head.cpu->irq_depth;

	for (unsigned i = 0; i < t->held_count; i++) {
		if (t->held[i].depth == depth &&
		    out_of_order(&t->held[i], lock, rank)) {
			report(&t->held[i], rank, name);
			break;
		}
	}
}

void
lockcheck_take(
    const void *lock, enum lock_rank rank, const char *name, bool trying)
{
	struct thread *t = thread_current();
	unsigned long flags = arch_irq_save();
	unsigned depth = t->head.cpu->irq_depth;

	if (!trying)
		check_order(t, lock, rank, name);
	if (t->held_count < ARRAY_LEN(t->held)) {
		t->held[t->held_count++] = (struct held_lock){
			.lock = lock,
			.name = name,
			.rank = rank,
			.depth = depth,
		};
	}
	arch_irq_restore(flags);
}

void
lockcheck_drop(const void *lock)
{
	struct thread *t = thread_current();
	unsigned long flags = arch_irq_save();

	for (unsigned i = t->held_count; i-- > 0;) {
		if (t->held[i].lock != lock)
			continue;
		t->held_count--;
		for (; i < t->held_count; i++)
			t->held[i] = t->held[i + 1];
		break;
	}
	arch_irq_restore(flags);
}

void
lockcheck_may_sleep(const char *where)
{
	struct thread *t = thread_current();

	if (t->head.preempt == 0 && arch_irqs_on())
		return;
	panic("%s would sleep with preemption off (%u), irqs %s, lock %s",
	    where, t->head.preempt, arch_irqs_on() ? "on" : "off",
	    t->held_count > 0 ? t->held[t->held_count - 1].name : "none");
}

void
lockcheck_may_take(enum lock_rank rank, const char *what)
{
	unsigned long flags;

	lockcheck_may_sleep(what);
	flags = arch_irq_save();
	check_order(thread_current(), NULL, rank, what);
	arch_irq_restore(flags);
}

unsigned
lockcheck_held(void)
{
	return thread_current()->held_count;
}

void
lockcheck_leave(const char *where, unsigned long number)
{
	struct thread *t = thread_current();

	if (t->held_count == 0 && t->head.preempt == 0)
		return;
	panic("%s %lu leaves with preemption off (%u), lock %s", where, number,
	    t->head.preempt,
	    t->held_count > 0 ? t->held[t->held_count - 1].name : "none");
}

#endif
