/* SPDX-License-Identifier: MIT */
/*
 * Choosing the next thread and switching to it.
 *
 * schedule() is the only place where a CPU changes threads. It is entered
 * with irqs off because the thread sleeps or ends (BLOCK), gives way (YIELD),
 * or is made to (PREEMPT). A thread that has set SLEEPING but is preempted
 * before it could test its condition stays runnable: only BLOCK takes it off.
 *
 * The queue's lock is held across arch_switch() and released by
 * switch_finish() in the next thread, so that a waker on another CPU, which
 * takes that lock first, cannot start the old thread before it is saved.
 */
#include <kernel/log.h>
#include <kernel/mm.h>

#include "queue.h"

enum why { BLOCK, YIELD, PREEMPT };

static ALWAYS_INLINE struct thread *
pick(struct run_queue *rq)
{
	struct sched_entity *se;
	struct thread *t;

	if (UNLIKELY(rq->rt.count != 0))
		se = rt_pick(&rq->rt);
	else
		se = fair_pick(&rq->fair);
	if (se == NULL)
		return rq->idle;
	t = thread_of(se);
	rq_unqueue(rq, t);
	return t;
}

static bool
allowed_here(const struct run_queue *rq, const struct thread *t)
{
	return (t->se.affinity >> rq->cpu & 1) != 0;
}

/* The running thread gives the CPU away; where does it go? */
static ALWAYS_INLINE void
put_prev(struct run_queue *rq, struct thread *prev, enum why why, ns_t now)
{
	enum thread_state state = thread_state(prev);

	if (prev == rq->idle)
		return;
	if (why == BLOCK && state != THREAD_RUNNING) {
		prev->se.switches_voluntary++;
		rq_leave(rq, prev, now);
		return;
	}
	prev->se.switches_forced++;
	thread_set_state(prev, THREAD_READY);
	if (UNLIKELY(!allowed_here(rq, prev))) {
		rq_leave(rq, prev, now); /* switch_finish places it */
		return;
	}
	rq_queue(rq, prev, why == PREEMPT &&
	    (prev->se.class == SCHED_FIFO || now < rq->rr_end));
}

static void
switch_to(struct run_queue *rq, struct thread *prev, struct thread *next,
    ns_t now)
{
	struct cpu *c = prev->head.cpu;
	struct space *space = next->task->space;

	rq->current = next;
	rq->prev = prev;
	atomic_store_explicit(&rq->switches, atomic_load_explicit(
	    &rq->switches, memory_order_relaxed) + 1, memory_order_relaxed);
	rq_arm_slice(rq, now); /* under the lock: wakers charge current */
	if (prev == rq->idle)
		time_sample_start(now);
	next->head.cpu = c;
	/* Kernel threads run in whatever space is loaded. */
	if (space != NULL && c->space != &space->arch)
		tlb_space_switch(&space->arch);
	(void)arch_switch(&prev->head, &prev->ctx, &next->head, &next->ctx);
	switch_finish();
}

void
switch_finish(void)
{
	struct run_queue *rq = rq_this();
	struct thread *prev = rq->prev;
	enum thread_state state = thread_state(prev);
	bool homeless = state == THREAD_READY && !prev->se.queued &&
	    prev != rq->idle;

	spin_unlock_raw(&rq->lock);
	if (UNLIKELY(state == THREAD_DEAD))
		thread_finish(prev);
	else if (UNLIKELY(homeless))
		place(prev, false);
	if (UNLIKELY(atomic_load_explicit(&rcu_waiting.cpus,
	    memory_order_relaxed) >> rq->cpu & 1))
		rcu_quiescent();
}

static void
schedule(enum why why)
{
	struct run_queue *rq = rq_this();
	struct thread *prev = thread_current(), *next;
	ns_t now = time_now();

	DASSERT(!arch_irqs_on() && prev->head.preempt == 0);
	spin_lock_raw(&rq->lock);
	rq_charge(rq, now);
	atomic_fetch_and_explicit(
	    &prev->head.work, ~WORK_RESCHED, memory_order_relaxed);
	if (why == YIELD && !class_is_rt(prev->se.class)) {
		next = pick(rq); /* anybody but prev */
		if (next == rq->idle)
			next = prev;
		else
			put_prev(rq, prev, why, now);
	} else {
		put_prev(rq, prev, why, now);
		next = pick(rq);
	}
	thread_set_state(next, THREAD_RUNNING);
	/* Pairs with thread_poke(): it sets work, then looks whether the thread
	 * runs; next is RUNNING, then looks at its work. */
	atomic_thread_fence(memory_order_seq_cst);
	next->se.exec_start = now;
	if (next == prev) {
		rq_arm_slice(rq, now);
		spin_unlock_raw(&rq->lock);
		return;
	}
	if (next->se.class == SCHED_RR)
		rq->rr_end = now + RR_SLICE_NS;
	switch_to(rq, prev, next, now);
}

/* ---- the ways in ------------------------------------------------------- */

void
sched_block(void)
{
	unsigned long flags = arch_irq_save();

	schedule(BLOCK);
	arch_irq_restore(flags);
}

void
sched_yield(void)
{
	unsigned long flags;

	if (atomic_load_explicit(
	    &cpus[cpu_id()].rq->queued, memory_order_relaxed) == 0)
		return;
	flags = arch_irq_save();
	schedule(YIELD);
	arch_irq_restore(flags);
}

void
sched_preempt(void)
{
	while (atomic_load_explicit(
	    &arch_current()->work, memory_order_relaxed) & WORK_RESCHED)
		schedule(PREEMPT);
}

void
preempt_check(void)
{
	unsigned long flags;

	/* With irqs off the next interrupt's end, or the way to user mode,
	 * looks at the flags again. */
	if (!arch_irqs_on() || arch_current()->preempt != 0)
		return;
	flags = arch_irq_save();
	preempt_check_irq();
	arch_irq_restore(flags);
}

void
preempt_check_irq(void)
{
	unsigned work = atomic_load_explicit(
	    &arch_current()->work, memory_order_relaxed);

	if (work & WORK_RCU)
		rcu_quiescent();
	sched_preempt();
}

NORETURN void
sched_exit(void)
{
	arch_irq_disable();
	thread_set_state(thread_current(), THREAD_DEAD);
	schedule(BLOCK);
	panic("a dead thread runs");
}

/* ---- interrupts -------------------------------------------------------- */

void
sched_tick(void)
{
	struct run_queue *rq = rq_this();
	ns_t now = time_now();
	bool due;

	spin_lock_raw(&rq->lock);
	rq_charge(rq, now);
	if (rq->current->se.class == SCHED_RR && now >= rq->rr_end)
		atomic_fetch_or_explicit(&rq->current->head.work,
		    WORK_RESCHED, memory_order_relaxed);
	else
		rq_arm_slice(rq, now);
	due = now - rq->balanced >= BALANCE_NS && atomic_load_explicit(
	    &rq->queued, memory_order_relaxed) > 0;
	spin_unlock_raw(&rq->lock);
	if (due)
		balance(rq, now);
}

/* Somebody put a thread into our queue; WORK_RESCHED is set if it matters. */
void
sched_ipi(void)
{
	struct run_queue *rq = rq_this();

	rcu_ipi();
	if (atomic_load_explicit(&rq->queued, memory_order_relaxed) == 0)
		return;
	spin_lock_raw(&rq->lock);
	rq_arm_slice(rq, time_now());
	spin_unlock_raw(&rq->lock);
}
