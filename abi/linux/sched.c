/*
 * Scheduling: classes, priorities, CPUs.
 * Source: man-pages 6.05 sched(7), sched_setscheduler(2), sched_setattr(2),
 * sched_setaffinity(2), getpriority(2).
 */
#include "call.h"

#include <kernel/sched.h>

enum { LX_SCHED_OTHER = 0, LX_SCHED_FIFO = 1, LX_SCHED_RR = 2,
	LX_SCHED_BATCH = 3, LX_SCHED_IDLE = 5 };
#define RESET_ON_FORK 0x40000000
#define RT_PRIORITY_MAX 99
#define RR_SLICE_NS 100000000

static int
policy_of(const struct thread *th)
{
	switch (th->se.class) {
	case SCHED_FAIR:
		return LX_SCHED_OTHER;
	case SCHED_FIFO:
		return LX_SCHED_FIFO;
	case SCHED_RR:
		return LX_SCHED_RR;
	case SCHED_IDLE:
		return LX_SCHED_IDLE;
	}
	return LX_SCHED_OTHER;
}

static bool
is_real_time(int policy)
{
	return policy == LX_SCHED_FIFO || policy == LX_SCHED_RR;
}

static enum err
class_of(int policy, int priority, enum sched_class *out)
{
	switch (policy) {
	case LX_SCHED_OTHER:
	case LX_SCHED_BATCH:
		*out = SCHED_FAIR;
		break;
	case LX_SCHED_IDLE:
		*out = SCHED_IDLE;
		break;
	case LX_SCHED_FIFO:
		*out = SCHED_FIFO;
		break;
	case LX_SCHED_RR:
		*out = SCHED_RR;
		break;
	default:
		return ERR_INVAL;
	}
	if (is_real_time(policy))
		return priority >= 1 && priority <= RT_PRIORITY_MAX ? OK :
		    ERR_INVAL;
	return priority == 0 ? OK : ERR_INVAL;
}

static enum err
class_set(struct thread *t, uintptr_t tid, int policy, int priority)
{
	enum sched_class class;
	struct thread *th;
	enum err e = class_of(policy & ~RESET_ON_FORK, priority, &class);

	if (e == OK && (int)tid < 0)
		e = ERR_INVAL;
	if (e == OK)
		e = lx_thread(t, tid, &th);
	if (e != OK)
		return e;
	if (!lx_may_change(t, th->task, CAP_SYS_NICE))
		e = ERR_PERM;
	else if (is_real_time(policy & ~RESET_ON_FORK) &&
	    !capable(CAP_SYS_NICE) &&
	    (uint64_t)priority > t->task->rlimits[RLIM_RTPRIO].soft)
		e = ERR_PERM;
	else
		e = sched_set_class(th, class, (unsigned)priority);
	lx_thread_put(th);
	return e;
}

/* Differs: SCHED_BATCH is SCHED_OTHER, and told as such. */
enum err
lx_sched_setscheduler(struct thread *t, const struct sysargs *a, long *ret)
{
	struct lx_sched_param p;
	enum err e = user_copy_in(&p, a->v[2], sizeof(p));

	*ret = 0;
	return e == OK ?
	    class_set(t, a->v[0], (int)a->v[1], p.priority) : e;
}

enum err
lx_sched_setparam(struct thread *t, const struct sysargs *a, long *ret)
{
	struct lx_sched_param p;
	struct thread *th;
	int policy;
	enum err e = user_copy_in(&p, a->v[1], sizeof(p));

	*ret = 0;
	if (e == OK)
		e = lx_thread(t, a->v[0], &th);
	if (e != OK)
		return e;
	policy = policy_of(th);
	lx_thread_put(th);
	return class_set(t, a->v[0], policy, p.priority);
}

enum err
lx_sched_getscheduler(struct thread *t, const struct sysargs *a, long *ret)
{
	struct thread *th;
	enum err e;

	if ((int)a->v[0] < 0)
		return ERR_INVAL;
	e = lx_thread(t, a->v[0], &th);
	if (e != OK)
		return e;
	*ret = policy_of(th);
	lx_thread_put(th);
	return OK;
}

enum err
lx_sched_getparam(struct thread *t, const struct sysargs *a, long *ret)
{
	struct lx_sched_param p = { 0 };
	struct thread *th;
	enum err e;

	if ((int)a->v[0] < 0 || a->v[1] == 0)
		return ERR_INVAL;
	e = lx_thread(t, a->v[0], &th);
	if (e != OK)
		return e;
	if (is_real_time(policy_of(th)))
		p.priority = th->se.priority;
	lx_thread_put(th);
	*ret = 0;
	return user_copy_out(a->v[1], &p, sizeof(p));
}

/* Differs: SCHED_DEADLINE is not offered. */
enum err
lx_sched_setattr(struct thread *t, const struct sysargs *a, long *ret)
{
	struct lx_sched_attr at = { 0 };
	struct thread *th;
	uint32_t size;
	enum err e = user_load32(a->v[1], &size);

	*ret = 0;
	if (e != OK)
		return e;
	if (a->v[2] != 0 || (size != 0 && size < sizeof(at)))
		return ERR_INVAL;
	e = user_copy_in(&at, a->v[1], sizeof(at));
	if (e == OK)
		e = class_set(
		    t, a->v[0], (int)at.policy, (int)at.priority);
	if (e != OK || is_real_time((int)at.policy))
		return e;
	e = lx_thread(t, a->v[0], &th);
	if (e != OK)
		return e;
	if (at.nice < th->se.nice && !capable(CAP_SYS_NICE))
		e = ERR_ACCESS;
	else
		e = sched_set_nice(th, MAX(-20, MIN(19, at.nice)));
	lx_thread_put(th);
	return e;
}

enum err
lx_sched_getattr(struct thread *t, const struct sysargs *a, long *ret)
{
	struct lx_sched_attr at = { .size = sizeof(at) };
	struct thread *th;
	enum err e;

	*ret = 0;
	if (a->v[3] != 0 || a->v[2] < sizeof(at) || (int)a->v[0] < 0)
		return ERR_INVAL;
	e = lx_thread(t, a->v[0], &th);
	if (e != OK)
		return e;
	at.policy = (uint32_t)policy_of(th);
	at.nice = th->se.nice;
	if (is_real_time((int)at.policy))
		at.priority = th->se.priority;
	lx_thread_put(th);
	return user_copy_out(a->v[1], &at, sizeof(at));
}

enum err
lx_sched_get_priority_max(struct thread *t, const struct sysargs *a, long *ret)
{
	enum sched_class class;
	int policy = (int)a->v[0];

	(void)t;
	*ret = is_real_time(policy) ? RT_PRIORITY_MAX : 0;
	return class_of(policy, (int)*ret, &class);
}

enum err
lx_sched_get_priority_min(struct thread *t, const struct sysargs *a, long *ret)
{
	enum sched_class class;
	int policy = (int)a->v[0];

	(void)t;
	*ret = is_real_time(policy) ? 1 : 0;
	return class_of(policy, (int)*ret, &class);
}

enum err
lx_sched_rr_get_interval(struct thread *t, const struct sysargs *a, long *ret)
{
	struct thread *th;
	ns_t slice;
	enum err e;

	if ((int)a->v[0] < 0)
		return ERR_INVAL;
	e = lx_thread(t, a->v[0], &th);
	if (e != OK)
		return e;
	slice = th->se.class == SCHED_RR ? RR_SLICE_NS :
	    th->se.class == SCHED_FIFO ? 0 : th->se.slice;
	lx_thread_put(th);
	*ret = 0;
	return lx_timespec_out(a->v[1], slice);
}

enum err
lx_sched_yield(struct thread *t, const struct sysargs *a, long *ret)
{
	(void)t;
	(void)a;
	*ret = 0;
	sched_yield();
	return OK;
}

/* ---- CPUs ------------------------------------------------------------- */

enum err
lx_sched_setaffinity(struct thread *t, const struct sysargs *a, long *ret)
{
	uint64_t mask = 0;
	struct thread *th;
	enum err e = user_copy_in(
	    &mask, a->v[2], MIN(a->v[1], sizeof(mask)));

	*ret = 0;
	if (e == OK)
		e = lx_thread(t, a->v[0], &th);
	if (e != OK)
		return e;
	mask &= cpu_online_mask();
	if (!lx_may_change(t, th->task, CAP_SYS_NICE))
		e = ERR_PERM;
	else if (mask == 0)
		e = ERR_INVAL;
	else
		e = sched_set_affinity(th, mask);
	lx_thread_put(th);
	return e;
}

enum err
lx_sched_getaffinity(struct thread *t, const struct sysargs *a, long *ret)
{
	struct thread *th;
	uint64_t mask;
	enum err e;

	if (a->v[1] < sizeof(mask) || !IS_ALIGNED(a->v[1], (uintptr_t)8))
		return ERR_INVAL;
	e = lx_thread(t, a->v[0], &th);
	if (e != OK)
		return e;
	mask = th->se.affinity & cpu_online_mask();
	lx_thread_put(th);
	*ret = sizeof(mask);
	return user_copy_out(a->v[2], &mask, sizeof(mask));
}

/* ---- nice ------------------------------------------------------------- */

enum { PRIO_PROCESS = 0, PRIO_PGRP = 1, PRIO_USER = 2 };

static bool
prio_matches(struct thread *t, struct task *task, int which, int who)
{
	struct creds *c;
	bool same;

	if (which == PRIO_PROCESS)
		return task->pid == (who != 0 ? who : t->task->pid);
	if (which == PRIO_PGRP)
		return task->pgid == (who != 0 ? who : t->task->pgid);
	c = creds_get(task);
	same = c->uid == (uint32_t)who;
	creds_put(c);
	return same;
}

static uint32_t
own_uid(struct thread *t)
{
	struct creds *c = creds_get(t->task);
	uint32_t uid = c->uid;

	creds_put(c);
	return uid;
}

/* The next task at or behind *from that which and who mean. */
static struct task *
prio_next(struct thread *t, int which, int who, int *from)
{
	struct task *task;

	while (task_next(t->task->container, *from, &task) == OK) {
		*from = task->pid + 1;
		if (prio_matches(t, task, which, who))
			return task;
		task_unref(task);
	}
	return NULL;
}

/* A single process or thread is the common case. */
static enum err
prio_one(struct thread *t, uintptr_t who, struct thread **out)
{
	return (int)who < 0 ? ERR_NOTASK : lx_thread(t, who, out);
}

enum err
lx_getpriority(struct thread *t, const struct sysargs *a, long *ret)
{
	int which = (int)a->v[0], who = (int)a->v[1], from = 0, best = 20;
	struct thread *th;
	struct task *task;
	enum err e;

	if (which < PRIO_PROCESS || which > PRIO_USER)
		return ERR_INVAL;
	if (which == PRIO_PROCESS) {
		e = prio_one(t, a->v[1], &th);
		if (e != OK)
			return e;
		*ret = 20 - th->se.nice;
		lx_thread_put(th);
		return OK;
	}
	if (which == PRIO_USER && who == 0)
		who = (int)own_uid(t);
	while ((task = prio_next(t, which, who, &from)) != NULL) {
		th = task_leader_get(task);
		best = MIN(best, (int)th->se.nice);
		lx_thread_put(th);
		task_unref(task);
	}
	*ret = 20 - best;
	return best < 20 ? OK : ERR_NOTASK;
}

static enum err
nice_set(struct thread *t, struct thread *th, int nice)
{
	if (!lx_may_change(t, th->task, CAP_SYS_NICE))
		return ERR_PERM;
	if (nice < th->se.nice && !capable(CAP_SYS_NICE) &&
	    (uint64_t)(20 - nice) > t->task->rlimits[RLIM_NICE].soft)
		return ERR_ACCESS;
	return sched_set_nice(th, nice);
}

enum err
lx_setpriority(struct thread *t, const struct sysargs *a, long *ret)
{
	int which = (int)a->v[0], who = (int)a->v[1], from = 0;
	int nice = MAX(-20, MIN(19, (int)a->v[2]));
	enum err e = ERR_NOTASK;
	struct thread *th;
	struct task *task;

	*ret = 0;
	if (which < PRIO_PROCESS || which > PRIO_USER)
		return ERR_INVAL;
	if (which == PRIO_PROCESS) {
		e = prio_one(t, a->v[1], &th);
		if (e != OK)
			return e;
		e = nice_set(t, th, nice);
		lx_thread_put(th);
		return e;
	}
	if (which == PRIO_USER && who == 0)
		who = (int)own_uid(t);
	while ((task = prio_next(t, which, who, &from)) != NULL) {
		th = task_leader_get(task);
		e = nice_set(t, th, nice);
		lx_thread_put(th);
		task_unref(task);
	}
	return e;
}
