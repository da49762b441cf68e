/* SPDX-License-Identifier: MIT */
/*
 * Timers on CPU time. A task has few of them, most have none: a list, looked
 * through by whichever thread of the task a sample has met. Nothing has to be
 * armed or disarmed as threads come and go.
 */
#include "internal.h"

#include <kernel/cputime.h>

void
cpu_timer_init(struct cpu_timer *ct, struct thread *th, enum cpu_clock clock,
    void (*fn)(struct cpu_timer *))
{
	list_init(&ct->link);
	ct->thread = th;
	ct->clock = clock;
	ct->fn = fn;
	ct->when = 0;
}

ns_t
cpu_timer_now(struct task *t, const struct cpu_timer *ct)
{
	ns_t user, system;

	if (ct->thread != NULL && ct->clock == CPU_CLOCK_ALL)
		return sched_runtime(ct->thread);
	if (ct->thread != NULL)
		sched_times(ct->thread, &user, &system);
	else
		task_times_locked(t, &user, &system);
	return ct->clock == CPU_CLOCK_USER ? user : user + system;
}

void
cpu_watch_update(struct task *t)
{
	atomic_store_explicit(&t->cpu_watched, !list_empty(&t->cpu_timers) ||
	    t->rlimits[RLIM_CPU].soft != UINT64_MAX, memory_order_relaxed);
}

void
cpu_timer_set(struct task *t, struct cpu_timer *ct, ns_t when)
{
	list_del(&ct->link);
	ct->when = when;
	if (when != 0)
		list_add_tail(&t->cpu_timers, &ct->link);
	cpu_watch_update(t);
}

/* The soft limit signals, and again each second; the hard one ends it. */
static void
apply_limit(struct task *t, ns_t now)
{
	struct rlimit_pair *limit = &t->rlimits[RLIM_CPU];
	uint64_t seconds = now / NS_PER_SEC;

	if (seconds >= limit->hard) {
		signal_kernel(t, SIG_KILL);
	} else if (seconds >= limit->soft) {
		limit->soft = seconds + 1;
		signal_kernel(t, SIG_XCPU);
	}
}

void
cpu_time_check(struct thread *self)
{
	struct task *t = self->task;
	struct cpu_timer *ct, *next;
	ns_t user, system, now;

	mutex_lock(&t->lock);
	task_times_locked(t, &user, &system);
	list_each_safe(ct, next, &t->cpu_timers, link) {
		now = ct->thread != NULL ? cpu_timer_now(t, ct) :
		    ct->clock == CPU_CLOCK_USER ? user : user + system;
		if (now < ct->when)
			continue;
		list_del(&ct->link);
		ct->fn(ct);
	}
	apply_limit(t, user + system);
	cpu_watch_update(t);
	mutex_unlock(&t->lock);
}

/* ---- interval timers --------------------------------------------------- */

static void
itimer_fired(struct cpu_timer *ct)
{
	struct cpu_itimer *it = container_of(ct, struct cpu_itimer, timer);
	struct task *t = task_current();
	ns_t now = cpu_timer_now(t, ct);

	if (it->interval != 0)
		cpu_timer_set(t, ct, MAX(ct->when + it->interval, now + 1));
	else
		cpu_timer_set(t, ct, 0);
	signal_kernel(t, ct->clock == CPU_CLOCK_USER ? SIG_VTALRM : SIG_PROF);
}

void
cpu_timers_init(struct task *t)
{
	list_init(&t->cpu_timers);
	cpu_timer_init(&t->cpu_itimers[CPU_CLOCK_ALL].timer, NULL,
	    CPU_CLOCK_ALL, itimer_fired);
	cpu_timer_init(&t->cpu_itimers[CPU_CLOCK_USER].timer, NULL,
	    CPU_CLOCK_USER, itimer_fired);
}
