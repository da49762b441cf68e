/* SPDX-License-Identifier: MIT */
/*
 * Waking threads and choosing a CPU for them.
 *
 * The choice: where the thread ran last if that CPU idles, any idle CPU it
 * may use, else where it ran last (warm caches). A waker that is about to
 * sleep keeps it here. An idle CPU is claimed by clearing its bit, so two
 * wakers do not choose the same one; if its queue grows anyway, others steal.
 */
#include "queue.h"

#include <lib/bits.h>

static bool
claim_idle(unsigned cpu)
{
	uint64_t bit = UINT64_C(1) << cpu;

	if ((atomic_fetch_and_explicit(
	    &sched_polling_cpus, ~bit, memory_order_seq_cst) & bit) != 0)
		return true;
	return (atomic_fetch_and_explicit(
	    &sched_idle_cpus, ~bit, memory_order_seq_cst) & bit) != 0;
}

static uint64_t
idle_cpus(void)
{
	return atomic_load_explicit(&sched_idle_cpus, memory_order_relaxed) |
	    atomic_load_explicit(&sched_polling_cpus, memory_order_relaxed);
}

bool
sched_has_idle(void)
{
	return idle_cpus() != 0;
}

unsigned
cpu_choose(struct thread *t, bool sync)
{
	uint64_t allowed, idle;
	unsigned last = thread_cpu(t), here;

	if (cpu_count == 1)
		return 0;
	here = cpu_id();
	allowed = t->se.affinity & cpu_online_mask();
	if (allowed == 0)
		allowed = cpu_online_mask();
	if (sync && (allowed >> here & 1) && atomic_load_explicit(
	    &run_queues[here]->queued, memory_order_relaxed) == 0)
		return here;
	idle = idle_cpus() & allowed;
	if ((idle >> last & 1) && claim_idle(last))
		return last;
	for (; idle != 0; idle &= idle - 1) {
		if (claim_idle(ctz64(idle)))
			return ctz64(idle);
	}
	return (allowed >> last & 1) ? last : ctz64(allowed);
}

/* Enqueues t, which is READY and belongs to rq, and unlocks rq. */
static void
enter_and_unlock(struct run_queue *rq, struct thread *t, bool sync)
{
	rq_enter(rq, t, time_now());
	rq_notice(rq, t, sync);
	spin_unlock_raw(&rq->lock);
}

void
place(struct thread *t, bool sync)
{
	unsigned cpu = cpu_choose(t, sync);
	struct run_queue *rq = rq_lock_of(t);

	if (rq->cpu != cpu) {
		/* t is in no queue, so only se.cpu has to move: under the
		 * lock of the queue it names. */
		thread_set_cpu(t, cpu);
		spin_unlock_raw(&rq->lock);
		rq = rq_lock_of(t);
	}
	enter_and_unlock(rq, t, sync);
}

bool
sched_wake(struct thread *t, bool sync)
{
	struct run_queue *rq;
	enum thread_state state;
	unsigned long flags;
	unsigned cpu;

	/* The waker has set its flag before; pairs with wait_once. */
	atomic_thread_fence(memory_order_seq_cst);
	if (thread_state(t) != THREAD_SLEEPING)
		return false;
	flags = arch_irq_save();
	rq = rq_lock_of(t);
	state = thread_state(t);
	if (state != THREAD_SLEEPING || t == rq->current) {
		/* Still on its way to sleep: it stays runnable. */
		if (state == THREAD_SLEEPING)
			thread_set_state(t, THREAD_RUNNING);
		spin_unlock_raw(&rq->lock);
		arch_irq_restore(flags);
		return state == THREAD_SLEEPING;
	}
	thread_set_state(t, THREAD_READY);
	cpu = cpu_choose(t, sync);
	if (rq->cpu != cpu) {
		thread_set_cpu(t, cpu);
		spin_unlock_raw(&rq->lock);
		rq = rq_lock_of(t);
	}
	enter_and_unlock(rq, t, sync);
	arch_irq_restore(flags);
	if (UNLIKELY(atomic_load_explicit(&arch_current()->work,
	    memory_order_relaxed) & WORK_RESCHED))
		preempt_check();
	return true;
}

void
sched_start(struct thread *t)
{
	unsigned long flags = arch_irq_save();

	thread_set_cpu(t, cpu_id());
	t->se.exec_start = time_now();
	thread_set_state(t, THREAD_READY);
	place(t, false);
	arch_irq_restore(flags);
	if (UNLIKELY(atomic_load_explicit(&arch_current()->work,
	    memory_order_relaxed) & WORK_RESCHED))
		preempt_check();
}
