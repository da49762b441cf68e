/*
 * Interval timers: of real time, of user time, of CPU time.
 *
 * Source: man-pages 6.05 getitimer(2).
 */
#include "call.h"

#include <kernel/cputime.h>
#include <kernel/time.h>

enum { ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF };

/* What an interval timer shows, and what it is set to. */
struct setting {
	ns_t value; /* to the next shot; 0: none */
	ns_t interval; /* 0: once */
};

static void
real_exchange(struct task *task, const struct setting *want,
    struct setting *old)
{
	ns_t now = time_now(), deadline = 0;
	unsigned long flags;

	if (want != NULL)
		ktimer_cancel_sync(&task->real_timer);
	flags = spin_lock_irq(&task->sig_lock);
	*old = (struct setting){ .interval = task->real_interval };
	if (task->real_deadline != 0)
		old->value = task->real_deadline > now ?
		    task->real_deadline - now : NS_PER_US;
	if (want != NULL) {
		deadline = want->value != 0 ? lx_deadline(want->value) : 0;
		task->real_deadline = deadline;
		task->real_interval = want->interval;
	}
	spin_unlock_irq(&task->sig_lock, flags);
	if (deadline != 0)
		ktimer_set(&task->real_timer, deadline);
}

static void
cpu_exchange(struct task *task, enum cpu_clock clock,
    const struct setting *want, struct setting *old)
{
	struct cpu_itimer *it = &task->cpu_itimers[clock];
	ns_t now;

	mutex_lock(&task->lock);
	now = cpu_timer_now(task, &it->timer);
	*old = (struct setting){ .interval = it->interval };
	if (it->timer.when != 0)
		old->value = it->timer.when > now ?
		    it->timer.when - now : NS_PER_US;
	if (want != NULL) {
		it->interval = want->interval;
		cpu_timer_set(task, &it->timer,
		    want->value != 0 ? now + want->value : 0);
	}
	mutex_unlock(&task->lock);
}

/* want NULL: only tells. */
static enum err
exchange(struct task *task, int which, const struct setting *want,
    struct setting *old)
{
	switch (which) {
	case ITIMER_REAL:
		real_exchange(task, want, old);
		return OK;
	case ITIMER_VIRTUAL:
		cpu_exchange(task, CPU_CLOCK_USER, want, old);
		return OK;
	case ITIMER_PROF:
		cpu_exchange(task, CPU_CLOCK_ALL, want, old);
		return OK;
	default:
		return ERR_INVAL;
	}
}

static enum err
timeval_ns(const struct lx_timeval *tv, ns_t *out)
{
	if (tv->sec < 0 || (uint64_t)tv->usec >= 1000000)
		return ERR_INVAL;
	*out = (ns_t)MIN(tv->sec, INT64_C(4000000000)) * NS_PER_SEC +
	    (ns_t)tv->usec * NS_PER_US;
	return OK;
}

static enum err
setting_out(uintptr_t user, const struct setting *s)
{
	struct lx_itimerval iv = {
		.interval = lx_timeval_of(s->interval),
		.value = lx_timeval_of(s->value),
	};

	return user_copy_out(user, &iv, sizeof(iv));
}

enum err
lx_getitimer(struct thread *t, const struct sysargs *a, long *ret)
{
	struct setting now;
	enum err e = exchange(t->task, (int)a->v[0], NULL, &now);

	*ret = 0;
	return e == OK ? setting_out(a->v[1], &now) : e;
}

enum err
lx_setitimer(struct thread *t, const struct sysargs *a, long *ret)
{
	struct lx_itimerval iv = { 0 };
	struct setting want, old;
	enum err e = OK;

	*ret = 0;
	if (a->v[1] != 0)
		e = user_copy_in(&iv, a->v[1], sizeof(iv));
	if (e == OK)
		e = timeval_ns(&iv.value, &want.value);
	if (e == OK)
		e = timeval_ns(&iv.interval, &want.interval);
	if (e == OK)
		e = exchange(t->task, (int)a->v[0], &want, &old);
	return e == OK && a->v[2] != 0 ? setting_out(a->v[2], &old) : e;
}

ns_t
lx_alarm_exchange(struct task *task, ns_t value)
{
	struct setting want = { .value = value }, old;

	real_exchange(task, &want, &old);
	return old.value;
}
