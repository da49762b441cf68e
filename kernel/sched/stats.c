/* SPDX-License-Identifier: MIT */
/*
 * Figures about scheduling: run times, idle time, switches, load.
 *
 * The load average needs no tick: each queue integrates its number of
 * runnable threads over time whenever that number changes, and the averages
 * are brought up to date by whoever asks, from the mean load since the last
 * time. Fixed point with 16 fraction bits, as /proc/loadavg's source.
 *
 * User and system time are told apart by samples: reading the clock at every
 * way in and out of the kernel would cost a system call a quarter of its time.
 * A timer interrupt marks the running thread (WORK_SAMPLE), and where the
 * interrupt ends, on the way to user mode or in the kernel, is what the thread
 * did: all that it ran since its last sample counts as that. Who asks between
 * samples gets the rest divided as the last samples were, so that the sum is
 * exact; only the last, because who asks often gets more by division than by
 * samples, and what a thread did long ago says little about now.
 */
#include "queue.h"

#define SAMPLES_KEPT 16 /* half to all of them decide a division */

#define FRACTION 16
#define ONE      (UINT64_C(1) << FRACTION)
#define PERIOD   (5 * NS_PER_SEC)
#define PERIODS  4096 /* after so many the past has no weight left */

ns_t
sched_runtime(struct thread *t)
{
	unsigned long flags = arch_irq_save();
	struct run_queue *rq = rq_lock_of(t);
	ns_t sum = t->se.runtime;

	if (t == rq->current)
		sum += time_now() - t->se.exec_start;
	spin_unlock_raw(&rq->lock);
	arch_irq_restore(flags);
	return sum;
}

/* What of t's run time is not told apart yet; its queue's lock is held. */
static ns_t
rest_of(const struct run_queue *rq, const struct thread *t)
{
	ns_t sum = t->se.runtime - t->se.user - t->se.system;

	return t == rq->current ? sum + time_now() - t->se.exec_start : sum;
}

void
sched_times(struct thread *t, ns_t *user, ns_t *system)
{
	unsigned long flags = arch_irq_save();
	struct run_queue *rq = rq_lock_of(t);
	struct sched_entity *se = &t->se;
	/* Half a sample of each to begin with; kernel threads have no user. */
	uint64_t u = t->kernel_fn != NULL ? 0 : 2 * se->user_samples + 1;
	uint64_t s = 2 * se->system_samples + 1;
	ns_t rest = rest_of(rq, t), part = rest / (u + s) * u;

	se->user += part;
	se->system += rest - part;
	*user = se->user;
	*system = se->system;
	spin_unlock_raw(&rq->lock);
	arch_irq_restore(flags);
}

bool
sched_sample(void)
{
	struct thread *t = thread_current();

	if (t == rq_this()->idle)
		return false;
	atomic_fetch_or_explicit(
	    &t->head.work, WORK_SAMPLE, memory_order_relaxed);
	return true;
}

void
sched_sampled(bool in_user)
{
	struct run_queue *rq = rq_this();
	struct thread *t = thread_current();
	ns_t rest;

	atomic_fetch_and_explicit(
	    &t->head.work, ~WORK_SAMPLE, memory_order_relaxed);
	spin_lock_raw(&rq->lock);
	rest = rest_of(rq, t);
	if (in_user) {
		t->se.user_samples++;
		t->se.user += rest;
	} else {
		t->se.system_samples++;
		t->se.system += rest;
	}
	if (t->se.user_samples + t->se.system_samples > SAMPLES_KEPT) {
		t->se.user_samples /= 2;
		t->se.system_samples /= 2;
	}
	spin_unlock_raw(&rq->lock);
}

ns_t
sched_idle_time(unsigned cpu)
{
	struct run_queue *rq = cpu < CPU_MAX ? run_queues[cpu] : NULL;

	return rq == NULL ? 0 : sched_runtime(rq->idle);
}

unsigned
sched_runnable(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < CPU_MAX; i++) {
		if (run_queues[i] != NULL)
			n += run_queues[i]->runnable;
	}
	return n;
}

unsigned long
sched_switches(void)
{
	unsigned long n = 0;

	for (unsigned i = 0; i < CPU_MAX; i++) {
		if (run_queues[i] != NULL)
			n += atomic_load_explicit(&run_queues[i]->switches,
			    memory_order_relaxed);
	}
	return n;
}

/* The integral of all queues up to now. */
static uint64_t
load_total(void)
{
	unsigned long flags = arch_irq_save();
	uint64_t sum = 0;

	for (unsigned i = 0; i < CPU_MAX; i++) {
		struct run_queue *rq = run_queues[i];

		if (rq == NULL)
			continue;
		spin_lock_raw(&rq->lock);
		rq_count(rq, time_now(), 0);
		sum += rq->load;
		spin_unlock_raw(&rq->lock);
	}
	arch_irq_restore(flags);
	return sum;
}

static struct {
	struct spinlock lock; /* raw: readers are rare */
	ns_t stamp; /* [l] */
	uint64_t total; /* [l] */
	uint64_t average[3]; /* [l] */
} load;

void
sched_loadavg(uint64_t out[3])
{
	/* exp(-5 s / 1, 5, 15 min) in 16 bits. */
	static const uint64_t decay[3] = { 60296, 64453, 65173 };
	uint64_t total = load_total(), mean = 0, periods;
	ns_t now = time_now();

	preempt_disable();
	spin_lock_raw(&load.lock);
	periods = (now - load.stamp) / PERIOD;
	if (periods > 0) {
		mean = (total - load.total) / ((now - load.stamp) / ONE);
		load.stamp = now;
		load.total = total;
	}
	for (uint64_t n = 0; n < MIN(periods, PERIODS); n++) {
		for (unsigned i = 0; i < 3; i++)
			load.average[i] = (load.average[i] * decay[i] +
			    mean * (ONE - decay[i])) >> FRACTION;
	}
	for (unsigned i = 0; i < 3; i++)
		out[i] = load.average[i];
	spin_unlock_raw(&load.lock);
	preempt_enable();
}

void
sleep_until(ns_t when)
{
	atomic_uint never = 0;

	/* Ends by its deadline only. */
	while (wait_flag(&never, WAIT_DEEP, when) == OK)
		continue;
}
