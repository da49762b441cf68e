/*
 * Clocks and sleeping.
 * Source: man-pages 6.05 clock_gettime(2), clock_nanosleep(2),
 * gettimeofday(2), times(2).
 */
#include "call.h"

#include <kernel/cputime.h>
#include <kernel/time.h>

/* ~pid << 3 | what, with bit 2 for threads; what is 0 and 2: all time, 1: the
 * user's. Source: clock_getcpuclockid(3). */
enum err
lx_cpu_clock(struct thread *t, int id, struct task **task,
    struct thread **thread, enum cpu_clock *which)
{
	unsigned pid = ~((unsigned)id >> 3) & 0x1fffffffu;
	enum err e;

	if ((id & 3) == 3)
		return ERR_INVAL;
	*which = (id & 3) == 1 ? CPU_CLOCK_USER : CPU_CLOCK_ALL;
	*thread = NULL;
	if (id & 4) {
		e = lx_thread(t, pid, thread);
		if (e == OK)
			*task = task_ref((*thread)->task);
	} else {
		e = lx_task(t, pid, task);
	}
	return e == OK ? OK : ERR_INVAL;
}

static enum err
read_cpu_clock(struct thread *t, int id, ns_t *out)
{
	struct task *task;
	struct thread *thread;
	struct cpu_timer ct;
	enum cpu_clock which;
	enum err e = lx_cpu_clock(t, id, &task, &thread, &which);

	if (e != OK)
		return e;
	cpu_timer_init(&ct, thread, which, NULL);
	mutex_lock(&task->lock);
	*out = cpu_timer_now(task, &ct);
	mutex_unlock(&task->lock);
	lx_thread_put(thread);
	task_unref(task);
	return OK;
}

static enum err
clock_read(struct thread *t, int id, ns_t *out)
{
	switch (id) {
	case LX_CLOCK_REALTIME:
	case LX_CLOCK_REALTIME_COARSE:
	case LX_CLOCK_REALTIME_ALARM:
	case LX_CLOCK_TAI:
		*out = time_wall();
		return OK;
	case LX_CLOCK_MONOTONIC:
	case LX_CLOCK_MONOTONIC_RAW:
	case LX_CLOCK_MONOTONIC_COARSE:
	case LX_CLOCK_BOOTTIME:
	case LX_CLOCK_BOOTTIME_ALARM:
		*out = time_now();
		return OK;
	case LX_CLOCK_PROCESS_CPUTIME:
		*out = task_runtime(t->task);
		return OK;
	case LX_CLOCK_THREAD_CPUTIME:
		*out = sched_runtime(t);
		return OK;
	default:
		return id < 0 ? read_cpu_clock(t, id, out) : ERR_INVAL;
	}
}

enum err
lx_clock_gettime(struct thread *t, const struct sysargs *a, long *ret)
{
	ns_t now;
	enum err e = clock_read(t, (int)a->v[0], &now);

	*ret = 0;
	return e == OK ? lx_timespec_out(a->v[1], now) : e;
}

enum err
lx_clock_getres(struct thread *t, const struct sysargs *a, long *ret)
{
	ns_t now;
	enum err e = clock_read(t, (int)a->v[0], &now);

	*ret = 0;
	if (e != OK || a->v[1] == 0)
		return e;
	return lx_timespec_out(a->v[1], 1);
}

enum err
lx_clock_settime(struct thread *t, const struct sysargs *a, long *ret)
{
	ns_t when;
	enum err e = lx_timespec_in(a->v[1], &when);

	(void)t;
	*ret = 0;
	if ((int)a->v[0] != LX_CLOCK_REALTIME)
		return ERR_INVAL;
	if (e != OK)
		return e;
	if (!capable(CAP_SYS_TIME))
		return ERR_PERM;
	time_set_wall(when);
	return OK;
}

enum err
lx_gettimeofday(struct thread *t, const struct sysargs *a, long *ret)
{
	struct lx_timeval tv = lx_timeval_of(time_wall());
	struct lx_timezone tz = { 0, 0 };
	enum err e = OK;

	(void)t;
	*ret = 0;
	if (a->v[0] != 0)
		e = user_copy_out(a->v[0], &tv, sizeof(tv));
	if (e == OK && a->v[1] != 0)
		e = user_copy_out(a->v[1], &tz, sizeof(tz));
	return e;
}

enum err
lx_settimeofday(struct thread *t, const struct sysargs *a, long *ret)
{
	struct lx_timeval tv;
	enum err e;

	(void)t;
	*ret = 0;
	if (!capable(CAP_SYS_TIME))
		return ERR_PERM;
	if (a->v[0] == 0)
		return OK; /* the time zone is the C library's matter */
	e = user_copy_in(&tv, a->v[0], sizeof(tv));
	if (e != OK)
		return e;
	if (tv.sec < 0 || (uint64_t)tv.usec >= 1000000)
		return ERR_INVAL;
	time_set_wall((ns_t)tv.sec * NS_PER_SEC + (ns_t)tv.usec * NS_PER_US);
	return OK;
}

#define TICK_NS 10000000

enum err
lx_times(struct thread *t, const struct sysargs *a, long *ret)
{
	struct lx_tms tms;
	ns_t user, system;

	*ret = (long)(time_now() / TICK_NS);
	if (a->v[0] == 0)
		return OK;
	task_times(t->task, &user, &system);
	tms = (struct lx_tms){
		.utime = (int64_t)(user / TICK_NS),
		.stime = (int64_t)(system / TICK_NS),
		.cutime = (int64_t)(atomic_load(&t->task->child_utime) /
		    TICK_NS),
		.cstime = (int64_t)(atomic_load(&t->task->child_stime) /
		    TICK_NS),
	};
	return user_copy_out(a->v[0], &tms, sizeof(tms));
}

/* ---- sleeping --------------------------------------------------------- */

/* Until a time of the monotonic clock; OK when it has come. */
static enum err
sleep_mono(ns_t deadline)
{
	struct waitq q;
	enum err e;

	waitq_init(&q);
	e = wait_until_deadline(&q, false, WAIT_SIGNALS, deadline);
	return e == ERR_TIMEDOUT ? OK : e;
}

/* Until a wall time: a step of the clock makes it look again. */
static enum err
sleep_wall(ns_t when)
{
	for (;;) {
		unsigned gen = time_wall_generation();
		ns_t wall = time_wall();
		enum err e;

		if (wall >= when)
			return OK;
		e = wait_until_deadline(time_wall_waitq(),
		    time_wall_generation() != gen, WAIT_SIGNALS,
		    lx_deadline(when - wall));
		if (e != OK && e != ERR_TIMEDOUT)
			return e;
	}
}

/* Tells how much was left when a handler ran. */
static enum err
tell_remaining(uintptr_t user, ns_t deadline)
{
	ns_t now = time_now();

	if (user == 0)
		return OK;
	return lx_timespec_out(user, deadline > now ? deadline - now : 0);
}

static enum err sleep_again(struct thread *t, long *ret);

static enum err
sleep_span(struct thread *t, ns_t deadline, uintptr_t remaining)
{
	enum err e = sleep_mono(deadline);

	if (e != ERR_RESTART)
		return e;
	e = tell_remaining(remaining, deadline);
	if (e != OK)
		return e;
	t->restart = sleep_again;
	t->restart_args[0] = deadline;
	t->restart_args[1] = remaining;
	return ERR_RESTART_BLOCK;
}

static enum err
sleep_again(struct thread *t, long *ret)
{
	*ret = 0;
	return sleep_span(t, t->restart_args[0], t->restart_args[1]);
}

enum err
lx_nanosleep(struct thread *t, const struct sysargs *a, long *ret)
{
	ns_t span;
	enum err e = lx_timespec_in(a->v[0], &span);

	*ret = 0;
	return e == OK ? sleep_span(t, lx_deadline(span), a->v[1]) : e;
}

#define TIMER_ABSTIME 1u

enum err
lx_clock_nanosleep(struct thread *t, const struct sysargs *a, long *ret)
{
	int id = (int)a->v[0];
	ns_t when, now;
	enum err e = clock_read(t, id, &now);

	*ret = 0;
	if (e != OK)
		return e;
	if (id != LX_CLOCK_REALTIME && id != LX_CLOCK_MONOTONIC &&
	    id != LX_CLOCK_BOOTTIME && id != LX_CLOCK_TAI)
		return ERR_NOTSUP;
	e = lx_timespec_in(a->v[2], &when);
	if (e != OK)
		return e;
	if ((a->v[1] & TIMER_ABSTIME) == 0)
		return sleep_span(t, lx_deadline(when), a->v[3]);
	e = id == LX_CLOCK_REALTIME || id == LX_CLOCK_TAI ? sleep_wall(when) :
	    sleep_mono(when);
	return lx_no_restart(e);
}
