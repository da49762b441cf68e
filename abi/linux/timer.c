/*
 * POSIX timers.
 *
 * A POSIX timer belongs to its task (a tree by number, under task.lock) and
 * dies with exec and exit. Its kernel timer fires with interrupts off and
 * sends the signal; a shot whose signal is still pending only counts as an
 * overrun. Members that the shot uses are under the timer's own lock.
 *
 * A timer on CPU time is fired by a thread of the task instead, under
 * task.lock (kernel/cputime.h).
 *
 * Numbers can be guessed: another thread may ask for one before the call that
 * makes the timer has answered. So a timer is found from its last step on.
 *
 * Source: man-pages 6.05 timer_create(2), timer_settime(2).
 * Differs: a timer on another process's CPU time answers EINVAL; an absolute
 * wall time is fixed when it is set.
 */
#include "call.h"

#include <kernel/cputime.h>
#include <kernel/mm.h>
#include <kernel/time.h>

enum { SIGEV_SIGNAL = 0, SIGEV_NONE = 1, SIGEV_THREAD_ID = 4 };
#define TIMERS_MAX    (1u << 17) /* of a task; RLIMIT_SIGPENDING may be less */
#define NUMBER_MAX    INT32_MAX
#define OVERRUN_MAX   INT32_MAX
#define TIMER_ABSTIME 1u

enum ptimer_clock { CLOCK_MONO, CLOCK_WALL, CLOCK_CPU };

struct ptimer {
	struct rbnode node; /* task.lock; in posix_timers */
	struct ktimer timer; /* of real time */
	struct cpu_timer cpu; /* its thread is referenced */
	struct spinlock lock; /* RANK_EVENT, irq */
	struct task *task; /* [I] borrowed: the list is the task's */
	struct thread *thread; /* [I] referenced; NULL: the task */
	int id; /* [I] */
	bool made; /* task.lock; it is found */
	int notify; /* [I] SIGEV_* */
	int signo; /* [I] */
	uint64_t value; /* [I] sigval */
	enum ptimer_clock clock; /* [I] */
	ns_t deadline; /* [l] monotonic or CPU time; 0: disarmed */
	ns_t interval; /* [l] */
	int overrun, last_overrun; /* [l] */
};

static void
ptimer_send(struct ptimer *p, int overrun)
{
	struct sig_info info = {
		.number = p->signo, .code = SIGC_TIMER, .timer_id = p->id,
		.overrun = overrun, .value = p->value,
	};

	/* A task without memory for one more signal misses it, as on Linux. */
	if (p->thread != NULL)
		err_ignore(signal_send_thread(p->thread, &info));
	else
		err_ignore(signal_send(p->task, &info));
}

static bool
is_still_pending(const struct ptimer *p)
{
	const struct sig_pending *s = p->thread != NULL ?
	    &p->thread->pending : &p->task->pending;

	return (s->set & SIG_BIT(p->signo)) != 0;
}

/* One shot, seen at now; the time of the next, or 0. */
static ns_t
ptimer_shoot(struct ptimer *p, ns_t now)
{
	unsigned long flags = spin_lock_irq(&p->lock);
	bool send = p->notify != SIGEV_NONE;
	ns_t next = 0;

	if (p->interval != 0 && p->deadline != 0) {
		ns_t late = now > p->deadline ? now - p->deadline : 0;
		uint64_t missed = late / p->interval;

		p->overrun = (int)MIN(p->overrun + missed,
		    (uint64_t)OVERRUN_MAX);
		next = p->deadline + (missed + 1) * p->interval;
	}
	p->deadline = next;
	if (send && is_still_pending(p)) {
		send = false;
		p->overrun = MIN(p->overrun, OVERRUN_MAX - 1) + 1;
	}
	if (send) {
		p->last_overrun = p->overrun;
		p->overrun = 0;
	}
	spin_unlock_irq(&p->lock, flags);
	if (send)
		ptimer_send(p, p->last_overrun);
	return next;
}

static void
ptimer_fired(struct ktimer *kt)
{
	struct ptimer *p = container_of(kt, struct ptimer, timer);
	ns_t next = ptimer_shoot(p, time_now());

	if (next != 0)
		ktimer_set(kt, next);
}

static void
ptimer_cpu_fired(struct cpu_timer *ct)
{
	struct ptimer *p = container_of(ct, struct ptimer, cpu);

	cpu_timer_set(p->task, ct,
	    ptimer_shoot(p, cpu_timer_now(p->task, ct)));
}

static void
ptimer_free(struct ptimer *p)
{
	ktimer_cancel_sync(&p->timer);
	lx_thread_put(p->thread);
	lx_thread_put(p->cpu.thread);
	kfree(p, sizeof(*p));
}

/* Under task.lock. */
static void
ptimer_remove(struct task *task, struct ptimer *p)
{
	rb_erase(&task->posix_timers, &p->node);
	task->posix_timer_count--;
	cpu_timer_set(task, &p->cpu, 0);
}

void
lx_timers_drop(struct task *task)
{
	struct rbnode *n;

	/* Only the last thread runs here: nobody looks timers up any more. */
	for (;;) {
		mutex_lock(&task->lock);
		n = rb_first(&task->posix_timers);
		if (n != NULL)
			ptimer_remove(task, rb_entry(n, struct ptimer, node));
		mutex_unlock(&task->lock);
		if (n == NULL)
			break;
		ptimer_free(rb_entry(n, struct ptimer, node));
	}
}

/* Under task.lock. */
static struct ptimer *
ptimer_find(struct task *task, int id)
{
	struct rbnode *n = task->posix_timers.node;

	while (n != NULL) {
		struct ptimer *p = rb_entry(n, struct ptimer, node);

		if (p->id == id)
			return p->made ? p : NULL;
		n = id < p->id ? n->left : n->right;
	}
	return NULL;
}

static enum err
ptimer_clock(struct thread *t, int id, struct ptimer *p)
{
	enum cpu_clock which = CPU_CLOCK_ALL;
	struct thread *thread = NULL;
	struct task *task;
	enum err e = OK;

	if (id < 0) {
		e = lx_cpu_clock(t, id, &task, &thread, &which);
		if (e != OK)
			return e;
		if (task != t->task)
			e = ERR_INVAL;
		task_unref(task);
		p->clock = CLOCK_CPU;
	} else if (id == LX_CLOCK_PROCESS_CPUTIME) {
		p->clock = CLOCK_CPU;
	} else if (id == LX_CLOCK_THREAD_CPUTIME) {
		p->clock = CLOCK_CPU;
		thread = t;
		obj_ref(&t->obj);
	} else if (id == LX_CLOCK_REALTIME || id == LX_CLOCK_REALTIME_ALARM ||
	    id == LX_CLOCK_TAI) {
		p->clock = CLOCK_WALL;
	} else if (id == LX_CLOCK_MONOTONIC || id == LX_CLOCK_BOOTTIME ||
	    id == LX_CLOCK_BOOTTIME_ALARM) {
		p->clock = CLOCK_MONO;
	} else {
		e = ERR_INVAL;
	}
	cpu_timer_init(&p->cpu, thread, which, ptimer_cpu_fired);
	return e;
}

/* Who is told, and how. */
static enum err
ptimer_notify(struct thread *t, uintptr_t user, struct ptimer *p)
{
	struct lx_sigevent ev;
	enum err e;

	p->signo = SIG_ALRM;
	p->value = (uint64_t)p->id;
	if (user == 0)
		return OK;
	e = user_copy_in(&ev, user, sizeof(ev));
	if (e != OK)
		return e;
	p->notify = ev.notify;
	p->signo = ev.signo;
	p->value = ev.value;
	if (ev.notify == SIGEV_NONE)
		return OK;
	if ((ev.notify & ~SIGEV_THREAD_ID) != SIGEV_SIGNAL || ev.signo < 1 ||
	    ev.signo > SIG_MAX)
		return ERR_INVAL;
	if (ev.notify & SIGEV_THREAD_ID) {
		e = thread_find(ev.tid, &p->thread);
		if (e != OK || p->thread->task != t->task)
			return ERR_INVAL;
	}
	return OK;
}

static bool
ptimer_less(const struct rbnode *a, const struct rbnode *b)
{
	return rb_entry(a, struct ptimer, node)->id <
	    rb_entry(b, struct ptimer, node)->id;
}

/* Numbers grow, so that a stale one is not another timer soon; a task that
 * used them all gets the lowest free ones. Under task.lock. */
static enum err
ptimer_add(struct task *task, struct ptimer *p)
{
	struct rbnode *n = rb_last(&task->posix_timers);
	int last = n == NULL ? -1 : rb_entry(n, struct ptimer, node)->id;

	if (task->posix_timer_count >= MIN((uint64_t)TIMERS_MAX,
	    task->rlimits[RLIM_SIGPENDING].soft))
		return ERR_AGAIN;
	if (last < NUMBER_MAX) {
		p->id = last + 1;
	} else {
		p->id = 0;
		for (n = rb_first(&task->posix_timers);
		     rb_entry(n, struct ptimer, node)->id == p->id;
		     n = rb_next(n))
			p->id++;
	}
	rb_insert(&task->posix_timers, &p->node, ptimer_less);
	task->posix_timer_count++;
	return OK;
}

enum err
lx_timer_create(struct thread *t, const struct sysargs *a, long *ret)
{
	struct ptimer *p = kzalloc(sizeof(*p));
	enum err e;

	if (p == NULL)
		return ERR_NOMEM;
	*ret = 0;
	ktimer_init(&p->timer, ptimer_fired);
	spin_init(&p->lock, RANK_EVENT, "posix timer");
	p->task = t->task;
	e = ptimer_clock(t, (int)a->v[0], p);
	if (e == OK) {
		mutex_lock(&t->task->lock);
		e = ptimer_add(t->task, p);
		mutex_unlock(&t->task->lock);
	}
	if (e != OK) {
		ptimer_free(p);
		return e;
	}
	e = ptimer_notify(t, a->v[1], p);
	if (e == OK)
		e = user_store32(a->v[2], (uint32_t)p->id);
	mutex_lock(&t->task->lock);
	if (e == OK)
		p->made = true;
	else
		ptimer_remove(t->task, p);
	mutex_unlock(&t->task->lock);
	if (e != OK)
		ptimer_free(p);
	return e;
}

static enum err
spec_out(uintptr_t user, ns_t interval, ns_t left)
{
	enum err e = lx_timespec_out(user, interval);

	return e == OK ?
	    lx_timespec_out(user + sizeof(struct lx_timespec), left) : e;
}

/* Under task.lock. */
static ns_t
ptimer_now(struct ptimer *p)
{
	return p->clock == CLOCK_CPU ? cpu_timer_now(p->task, &p->cpu) :
	    time_now();
}

/* What a timer shows: time to the next shot, and interval. */
static void
ptimer_read(struct ptimer *p, ns_t now, ns_t *interval, ns_t *left)
{
	*interval = p->interval;
	*left = p->deadline == 0 ? 0 :
	    p->deadline > now ? p->deadline - now : 1;
}

enum err
lx_timer_gettime(struct thread *t, const struct sysargs *a, long *ret)
{
	ns_t interval = 0, left = 0;
	unsigned long flags;
	struct ptimer *p;

	mutex_lock(&t->task->lock);
	p = ptimer_find(t->task, (int)a->v[0]);
	if (p != NULL) {
		ns_t now = ptimer_now(p);

		flags = spin_lock_irq(&p->lock);
		ptimer_read(p, now, &interval, &left);
		spin_unlock_irq(&p->lock, flags);
	}
	mutex_unlock(&t->task->lock);
	*ret = 0;
	return p != NULL ? spec_out(a->v[1], interval, left) : ERR_INVAL;
}

enum err
lx_timer_getoverrun(struct thread *t, const struct sysargs *a, long *ret)
{
	struct ptimer *p;

	mutex_lock(&t->task->lock);
	p = ptimer_find(t->task, (int)a->v[0]);
	if (p != NULL)
		*ret = p->last_overrun;
	mutex_unlock(&t->task->lock);
	return p != NULL ? OK : ERR_INVAL;
}

/* Monotonic or CPU time of a first shot. */
static ns_t
first_shot(const struct ptimer *p, ns_t now, ns_t value, bool absolute)
{
	ns_t offset;

	if (value == 0)
		return 0;
	if (!absolute)
		return p->clock == CLOCK_CPU ? now + value :
		    lx_deadline(value);
	if (p->clock != CLOCK_WALL)
		return value;
	offset = time_wall() - time_now();
	return value > offset ? value - offset : 1;
}

struct timer_change {
	ns_t interval, value;
	bool absolute;
	ns_t old_interval, old_left;
};

static void
ptimer_change(struct ptimer *p, struct timer_change *c)
{
	ns_t now = ptimer_now(p);
	unsigned long flags;

	ktimer_cancel_sync(&p->timer);
	flags = spin_lock_irq(&p->lock);
	ptimer_read(p, now, &c->old_interval, &c->old_left);
	p->interval = c->interval;
	p->deadline = first_shot(p, now, c->value, c->absolute);
	p->overrun = 0;
	spin_unlock_irq(&p->lock, flags);
	if (p->clock == CLOCK_CPU)
		cpu_timer_set(p->task, &p->cpu, p->deadline);
	else if (p->deadline != 0)
		ktimer_set(&p->timer, p->deadline);
}

enum err
lx_timer_settime(struct thread *t, const struct sysargs *a, long *ret)
{
	struct timer_change c = { .absolute = a->v[1] & TIMER_ABSTIME };
	struct ptimer *p;
	enum err e = lx_timespec_in(a->v[2], &c.interval);

	if (e == OK)
		e = lx_timespec_in(
		    a->v[2] + sizeof(struct lx_timespec), &c.value);
	if (e != OK)
		return e;
	mutex_lock(&t->task->lock);
	p = ptimer_find(t->task, (int)a->v[0]);
	if (p != NULL)
		ptimer_change(p, &c);
	mutex_unlock(&t->task->lock);
	*ret = 0;
	if (p == NULL)
		return ERR_INVAL;
	return a->v[3] != 0 ?
	    spec_out(a->v[3], c.old_interval, c.old_left) : OK;
}

enum err
lx_timer_delete(struct thread *t, const struct sysargs *a, long *ret)
{
	struct ptimer *p;

	mutex_lock(&t->task->lock);
	p = ptimer_find(t->task, (int)a->v[0]);
	if (p != NULL)
		ptimer_remove(t->task, p);
	mutex_unlock(&t->task->lock);
	if (p == NULL)
		return ERR_INVAL;
	ptimer_free(p);
	*ret = 0;
	return OK;
}
