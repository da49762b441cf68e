/*
 * Interval timers and POSIX timers.
 *
 * A POSIX timer belongs to its task (a tree by number, under task.lock) and
 * dies with exec and exit. Its kernel timer fires with interrupts off and
 * sends the signal; a shot whose signal is still pending only counts as an
 * overrun. Members that the shot uses are under the timer's own lock.
 *
 * Source: man-pages 6.05 timer_create(2), timer_settime(2), getitimer(2).
 * Differs: timers on CPU-time clocks (and ITIMER_VIRTUAL, ITIMER_PROF)
 * answer EINVAL; an absolute wall time is fixed when it is set.
 */
#include "call.h"

#include <kernel/mm.h>
#include <kernel/time.h>

enum { SIGEV_SIGNAL = 0, SIGEV_NONE = 1, SIGEV_THREAD_ID = 4 };
#define TIMERS_MAX    (1u << 17) /* of a task; RLIMIT_SIGPENDING may be less */
#define NUMBER_MAX    INT32_MAX
#define OVERRUN_MAX   INT32_MAX
#define TIMER_ABSTIME 1u

struct ptimer {
	struct rbnode node; /* task.lock; in posix_timers */
	struct ktimer timer;
	struct spinlock lock; /* RANK_EVENT, irq */
	struct task *task; /* [I] borrowed: the list is the task's */
	struct thread *thread; /* [I] referenced; NULL: the task */
	int id; /* [I] */
	int notify; /* [I] SIGEV_* */
	int signo; /* [I] */
	uint64_t value; /* [I] sigval */
	bool is_wall; /* [I] */
	ns_t deadline; /* [l] monotonic; 0: disarmed */
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

static void
ptimer_fired(struct ktimer *kt)
{
	struct ptimer *p = container_of(kt, struct ptimer, timer);
	unsigned long flags = spin_lock_irq(&p->lock);
	bool send = p->notify != SIGEV_NONE;
	ns_t now = time_now(), next = 0;

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
	if (next != 0)
		ktimer_set(kt, next);
	if (send)
		ptimer_send(p, p->last_overrun);
}

static void
ptimer_free(struct ptimer *p)
{
	ktimer_cancel_sync(&p->timer);
	lx_thread_put(p->thread);
	kfree(p, sizeof(*p));
}

/* Under task.lock. */
static void
ptimer_remove(struct task *task, struct ptimer *p)
{
	rb_erase(&task->posix_timers, &p->node);
	task->posix_timer_count--;
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
			return p;
		n = id < p->id ? n->left : n->right;
	}
	return NULL;
}

static enum err
clock_kind(int clock, bool *is_wall)
{
	switch (clock) {
	case 0:
	case 8:
	case 11:
		*is_wall = true;
		return OK;
	case 1:
	case 7:
	case 9:
		*is_wall = false;
		return OK;
	default:
		return ERR_INVAL;
	}
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
	e = clock_kind((int)a->v[0], &p->is_wall);
	if (e == OK) {
		mutex_lock(&t->task->lock);
		e = ptimer_add(t->task, p);
		mutex_unlock(&t->task->lock);
	}
	if (e != OK) {
		kfree(p, sizeof(*p));
		return e;
	}
	/* The number is ours now; nobody else knows it before we answer. */
	e = ptimer_notify(t, a->v[1], p);
	if (e == OK)
		e = user_store32(a->v[2], (uint32_t)p->id);
	if (e != OK) {
		mutex_lock(&t->task->lock);
		ptimer_remove(t->task, p);
		mutex_unlock(&t->task->lock);
		ptimer_free(p);
	}
	return e;
}

static enum err
spec_out(uintptr_t user, ns_t interval, ns_t left)
{
	enum err e = lx_timespec_out(user, interval);

	return e == OK ?
	    lx_timespec_out(user + sizeof(struct lx_timespec), left) : e;
}

/* What a timer shows: time to the next shot, and interval. */
static void
ptimer_read(struct ptimer *p, ns_t *interval, ns_t *left)
{
	ns_t now = time_now();

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
		flags = spin_lock_irq(&p->lock);
		ptimer_read(p, &interval, &left);
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

/* Monotonic time of a first shot. */
static ns_t
first_shot(const struct ptimer *p, ns_t value, bool absolute)
{
	ns_t offset;

	if (value == 0)
		return 0;
	if (!absolute)
		return lx_deadline(value);
	if (!p->is_wall)
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
	unsigned long flags;

	ktimer_cancel_sync(&p->timer);
	flags = spin_lock_irq(&p->lock);
	ptimer_read(p, &c->old_interval, &c->old_left);
	p->interval = c->interval;
	p->deadline = first_shot(p, c->value, c->absolute);
	p->overrun = 0;
	spin_unlock_irq(&p->lock, flags);
	if (p->deadline != 0)
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

/* ---- ITIMER_REAL ------------------------------------------------------ */

static void
itimer_read(struct task *task, struct lx_itimerval *out)
{
	unsigned long flags = spin_lock_irq(&task->sig_lock);
	ns_t now = time_now(), left = 0;

	if (task->real_deadline != 0)
		left = task->real_deadline > now ?
		    task->real_deadline - now : NS_PER_US;
	out->interval = lx_timeval_of(task->real_interval);
	spin_unlock_irq(&task->sig_lock, flags);
	out->value = lx_timeval_of(left);
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

static void
itimer_write(struct task *task, ns_t value, ns_t interval)
{
	unsigned long flags;
	ns_t deadline = value != 0 ? lx_deadline(value) : 0;

	ktimer_cancel_sync(&task->real_timer);
	flags = spin_lock_irq(&task->sig_lock);
	task->real_deadline = deadline;
	task->real_interval = interval;
	spin_unlock_irq(&task->sig_lock, flags);
	if (deadline != 0)
		ktimer_set(&task->real_timer, deadline);
}

enum err
lx_getitimer(struct thread *t, const struct sysargs *a, long *ret)
{
	struct lx_itimerval iv;

	*ret = 0;
	if (a->v[0] != 0)
		return ERR_INVAL;
	itimer_read(t->task, &iv);
	return user_copy_out(a->v[1], &iv, sizeof(iv));
}

void
lx_itimer_exchange(struct task *task, ns_t value, ns_t interval,
    struct lx_itimerval *old)
{
	itimer_read(task, old);
	itimer_write(task, value, interval);
}

enum err
lx_setitimer(struct thread *t, const struct sysargs *a, long *ret)
{
	struct lx_itimerval iv = { 0 }, old;
	ns_t value, interval;
	enum err e = OK;

	*ret = 0;
	if (a->v[0] != 0)
		return ERR_INVAL;
	if (a->v[1] != 0)
		e = user_copy_in(&iv, a->v[1], sizeof(iv));
	if (e == OK)
		e = timeval_ns(&iv.value, &value);
	if (e == OK)
		e = timeval_ns(&iv.interval, &interval);
	if (e != OK)
		return e;
	lx_itimer_exchange(t->task, value, interval, &old);
	return a->v[2] != 0 ? user_copy_out(a->v[2], &old, sizeof(old)) : OK;
}
