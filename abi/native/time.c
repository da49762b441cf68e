/*
 * Clocks, sleeping, timers: native/time.h.
 */
#include "native.h"

#include <kernel/time.h>
#include <uapi/native/fs.h>
#include <uapi/native/time.h>

static enum err
clock_read(struct thread *t, uintptr_t clock, ns_t *out)
{
	switch (clock) {
	case CM_CLOCK_WALL:
		*out = time_wall();
		return OK;
	case CM_CLOCK_STEADY:
		*out = time_now();
		return OK;
	case CM_CLOCK_TASK:
		*out = task_runtime(t->task);
		return OK;
	case CM_CLOCK_THREAD:
		*out = sched_runtime(t);
		return OK;
	default:
		return ERR_INVAL;
	}
}

enum err
nt_clock_get(struct thread *t, const struct sysargs *a, long *)
{
	ns_t now = 0;
	enum err e = clock_read(t, a->v[0], &now);

	return e == OK ? user_store64(a->v[1], now) : e;
}

enum err
nt_clock_set(struct thread *, const struct sysargs *a, long *)
{
	if (a->v[0] != CM_CLOCK_WALL || a->v[1] > INT64_MAX)
		return ERR_INVAL;
	if (!capable(CAP_SYS_TIME))
		return ERR_PERM;
	time_set_wall(a->v[1]);
	return OK;
}

/* ---- sleeping ----------------------------------------------------------- */

/* What restart_args hold: deadline, where to tell what is left. */
enum { SLEEP_DEADLINE, SLEEP_LEFT };

static enum err
sleep_steady(ns_t deadline)
{
	struct waitq nobody;
	enum err e;

	waitq_init(&nobody);
	e = wait_until_deadline(&nobody, false, WAIT_SIGNALS, deadline);
	return e == ERR_TIMEDOUT ? OK : e;
}

static enum err
sleep_wall(ns_t when)
{
	enum err e = OK;

	while (e == OK && time_wall() < when) {
		unsigned seen = time_wall_generation();
		ns_t deadline = time_now() + (when - time_wall());

		e = wait_until_deadline(time_wall_waitq(),
		    time_wall_generation() != seen, WAIT_SIGNALS, deadline);
		if (e == ERR_TIMEDOUT)
			e = OK;
	}
	return e == ERR_RESTART ? ERR_RESTART_NOHANDLER : e;
}

static enum err
sleep_go_on(struct thread *t, long *)
{
	ns_t deadline = t->restart_args[SLEEP_DEADLINE], now;
	uint64_t left;
	enum err e = sleep_steady(deadline);

	if (e != ERR_RESTART)
		return e;
	t->restart = sleep_go_on;
	if (t->restart_args[SLEEP_LEFT] == 0)
		return ERR_RESTART_BLOCK;
	now = time_now();
	left = deadline > now ? deadline - now : 0;
	e = user_store64(t->restart_args[SLEEP_LEFT], left);
	return e == OK ? ERR_RESTART_BLOCK : e;
}

enum err
nt_clock_sleep(struct thread *t, const struct sysargs *a, long *ret)
{
	int64_t time = (int64_t)a->v[1];
	bool absolute = a->v[2] & CM_TIME_ABSOLUTE;
	enum err e;

	if (a->v[0] > CM_CLOCK_STEADY || time < 0 ||
	    (a->v[2] & ~(uintptr_t)CM_TIME_ABSOLUTE))
		return ERR_INVAL;
	if (absolute && a->v[0] == CM_CLOCK_WALL)
		return sleep_wall((ns_t)time);
	if (absolute) {
		e = sleep_steady((ns_t)time);
		return e == ERR_RESTART ? ERR_RESTART_NOHANDLER : e;
	}
	t->restart_args[SLEEP_DEADLINE] = nt_deadline(time);
	t->restart_args[SLEEP_LEFT] = a->v[3];
	return sleep_go_on(t, ret);
}

/* ---- timers ------------------------------------------------------------- */

enum err
nt_timer_create(struct thread *t, const struct sysargs *a, long *ret)
{
	struct file *f = NULL;
	unsigned flags;
	enum err e = nt_create_flags((uint32_t)a->v[1],
	    CM_OPEN_NONBLOCK | CM_OPEN_CLOEXEC, &flags);

	if (e == OK && a->v[0] > CM_CLOCK_STEADY)
		e = ERR_INVAL;
	if (e == OK)
		e = timer_create(
		    a->v[0] == CM_CLOCK_WALL ? CLOCK_WALL : CLOCK_MONO,
		    flags | FILE_READ, &f);
	return e == OK ? nt_install(t, f, (uint32_t)a->v[1], ret) : e;
}

enum err
nt_timer_set(
    struct thread *, struct obj *o, const struct sysargs *a, long *)
{
	int64_t time = (int64_t)a->v[1], interval = (int64_t)a->v[2];
	struct file *f = file_of(o);
	ns_t when = (ns_t)time;

	if (time < 0 || interval < 0 ||
	    (a->v[3] & ~(uintptr_t)CM_TIME_ABSOLUTE))
		return ERR_INVAL;
	if (time != 0 && !(a->v[3] & CM_TIME_ABSOLUTE))
		when += timer_clock(f) == CLOCK_WALL ? time_wall() :
		    time_now();
	return timer_set(f, when, (ns_t)interval, false);
}

enum err
nt_timer_get(
    struct thread *, struct obj *o, const struct sysargs *a, long *)
{
	ns_t left = 0, interval = 0;
	struct cm_timer out;
	enum err e = timer_get(file_of(o), &left, &interval);

	if (e != OK)
		return e;
	out = (struct cm_timer){ (int64_t)left, (int64_t)interval };
	return user_copy_out(a->v[1], &out, sizeof(out));
}
