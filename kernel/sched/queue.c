/* SPDX-License-Identifier: MIT */
/*
 * Run queues: joining, leaving, charging. Callers hold the queue's lock and
 * have irqs off. queue.h has the theory.
 */
#include "queue.h"

struct run_queue *
rq_lock_of(struct thread *t)
{
	for (;;) {
		unsigned cpu = thread_cpu(t);
		struct run_queue *rq = run_queues[cpu];

		spin_lock_raw(&rq->lock);
		if (LIKELY(thread_cpu(t) == cpu))
			return rq;
		spin_unlock_raw(&rq->lock);
	}
}

/* Brings the running thread's accounts up to now. */
void
rq_charge(struct run_queue *rq, ns_t now)
{
	struct thread *t = rq->current;
	ns_t delta = now - t->se.exec_start;

	t->se.exec_start = now;
	t->se.runtime += delta;
	if (t == rq->idle) {
		idle_ended(rq, delta);
		return;
	}
	if (class_is_rt(t->se.class))
		return;
	if (fair_charge(&rq->fair, &t->se, delta) &&
	    atomic_load_explicit(&rq->queued, memory_order_relaxed) > 0)
		atomic_fetch_or_explicit(
		    &t->head.work, WORK_RESCHED, memory_order_relaxed);
}

void
rq_count(struct run_queue *rq, ns_t now, int change)
{
	unsigned n = atomic_load_explicit(&rq->runnable, memory_order_relaxed);

	rq->load += n * (now - rq->load_stamp);
	rq->load_stamp = now;
	atomic_store_explicit(
	    &rq->runnable, n + (unsigned)change, memory_order_relaxed);
}

void
rq_queue(struct run_queue *rq, struct thread *t, bool front)
{
	if (class_is_rt(t->se.class))
		rt_queue(&rq->rt, &t->se, front);
	else
		fair_queue(&rq->fair, &t->se);
	t->se.queued = true;
	atomic_fetch_add_explicit(&rq->queued, 1, memory_order_relaxed);
}

void
rq_unqueue(struct run_queue *rq, struct thread *t)
{
	if (class_is_rt(t->se.class))
		rt_unqueue(&rq->rt, &t->se);
	else
		fair_unqueue(&rq->fair, &t->se);
	t->se.queued = false;
	atomic_fetch_sub_explicit(&rq->queued, 1, memory_order_relaxed);
}

void
rq_enter(struct run_queue *rq, struct thread *t, ns_t now)
{
	rq_count(rq, now, 1);
	rq_charge(rq, now);
	if (!class_is_rt(t->se.class))
		fair_enter(&rq->fair, &t->se);
	rq_queue(rq, t, false);
}

/* t is running or already out of the tree. */
void
rq_leave(struct run_queue *rq, struct thread *t, ns_t now)
{
	rq_count(rq, now, -1);
	if (!class_is_rt(t->se.class))
		fair_leave(&rq->fair, &t->se);
}

void
rq_resched(struct run_queue *rq)
{
	unsigned work = atomic_fetch_or_explicit(
	    &rq->current->head.work, WORK_RESCHED, memory_order_release);

	if (rq->cpu != cpu_id() && !(work & WORK_POLLING))
		arch_ipi(UINT64_C(1) << rq->cpu);
}

static bool
preempts(struct run_queue *rq, struct thread *t, bool sync)
{
	struct thread *cur = rq->current;

	if (cur == rq->idle)
		return true;
	if (class_is_rt(t->se.class))
		return !class_is_rt(cur->se.class) ||
		    t->se.priority > cur->se.priority;
	return (!sync || cur->se.class == SCHED_IDLE) &&
	    !class_is_rt(cur->se.class) &&
	    fair_preempts(&rq->fair, &t->se, &cur->se);
}

void
rq_notice(struct run_queue *rq, struct thread *t, bool sync)
{
	if (preempts(rq, t, sync && rq->cpu == cpu_id())) {
		rq_resched(rq);
	} else if (atomic_load_explicit(
	    &rq->queued, memory_order_relaxed) == 1) {
		/* Current ran alone and without a slice until now. */
		if (rq->cpu == cpu_id())
			rq_arm_slice(rq, rq->current->se.exec_start);
		else
			arch_ipi(UINT64_C(1) << rq->cpu);
	}
}

void
rq_arm_slice(struct run_queue *rq, ns_t now)
{
	struct sched_entity *se = &rq->current->se;

	if (rq->current == rq->idle || atomic_load_explicit(
	    &rq->queued, memory_order_relaxed) == 0)
		return;
	if (!class_is_rt(se->class)) {
		time_slice_set(now + fair_left(se));
	} else if (se->class == SCHED_RR) {
		if (rq->rr_end <= now)
			rq->rr_end = now + RR_SLICE_NS;
		time_slice_set(rq->rr_end);
	}
}
