/* SPDX-License-Identifier: MIT */
/*
 * Timers as files.
 *
 * Expiries are counted; a read answers the count and clears it. A repeating
 * timer is not armed again before its count is read by someone who then
 * learns how many periods went by: nothing happens for a timer that nobody
 * looks at, however short its period.
 *
 * A timer of the wall clock keeps its deadline in wall time and follows
 * steps of that clock through a standing entry on the step queue.
 *
 * Locks: the queue's lock (RANK_TIMER_FILE, irq) covers the state as well;
 * the step queue's lock comes before it.
 * Source: man-pages 6.03, timerfd_create(2).
 */
#include <kernel/ipc.h>
#include <kernel/mm.h>
#include <lib/fmt.h>

struct timer_file {
	struct waitq wait; /* its lock is [q] */
	struct ktimer timer;
	struct wait_entry step; /* on the wall clock's queue */
	enum clock_id clock; /* [I] */
	ns_t when; /* [q] next expiry on its clock; 0: disarmed */
	ns_t interval; /* [q] 0: once */
	uint64_t expired; /* [q] not read yet */
	bool cancel_on_step; /* [q] */
	bool canceled; /* [q] stepped since the last read */
};

static const struct file_ops timer_ops;

/* The wall clock's reading minus the monotonic one's. */
static ns_t
clock_offset(const struct timer_file *tf)
{
	return tf->clock == CLOCK_WALL ? time_wall() - time_now() : 0;
}

static ns_t
clock_now(const struct timer_file *tf)
{
	return tf->clock == CLOCK_WALL ? time_wall() : time_now();
}

/* Arms the kernel timer for tf->when. */
static void
arm(struct timer_file *tf) REQUIRES(tf->wait.lock)
{
	ns_t offset = clock_offset(tf);

	ktimer_set(&tf->timer, tf->when > offset ? tf->when - offset : 0);
}

/* Counts what is due; a repeating timer moves on, another is done. */
static void
catch_up(struct timer_file *tf) REQUIRES(tf->wait.lock)
{
	ns_t now = clock_now(tf), periods;

	if (tf->when == 0 || now < tf->when)
		return;
	if (tf->interval == 0) {
		tf->expired++;
		tf->when = 0;
		return;
	}
	periods = (now - tf->when) / tf->interval + 1;
	tf->expired += periods;
	tf->when += periods * tf->interval;
}

static void
timer_fired(struct ktimer *kt)
{
	struct timer_file *tf = container_of(kt, struct timer_file, timer);
	unsigned long flags = spin_lock_irq(&tf->wait.lock);

	catch_up(tf);
	if (tf->expired > 0)
		waitq_wake_locked(&tf->wait, POLL_IN | POLL_RDNORM, ~0u);
	else if (tf->when != 0)
		arm(tf); /* a step put it off */
	spin_unlock_irq(&tf->wait.lock, flags);
}

/* The wall clock was stepped; the step queue's lock is held. */
static bool
timer_stepped(struct wait_entry *w, unsigned key UNUSED)
{
	struct timer_file *tf = container_of(w, struct timer_file, step);

	spin_lock(&tf->wait.lock);
	if (tf->cancel_on_step && tf->when != 0) {
		tf->canceled = true;
		waitq_wake_locked(&tf->wait, POLL_IN | POLL_RDNORM, ~0u);
	}
	if (tf->when != 0)
		arm(tf);
	spin_unlock(&tf->wait.lock);
	return false;
}

/* ---- file -------------------------------------------------------------- */

/* True: *out or *e is the read's answer. */
static bool
timer_take(struct timer_file *tf, uint64_t *out, enum err *e)
{
	unsigned long flags = spin_lock_irq(&tf->wait.lock);
	bool some = true;

	*e = OK;
	catch_up(tf);
	if (tf->canceled) {
		tf->canceled = false;
		*e = ERR_CANCELED;
	} else if (tf->expired > 0) {
		*out = tf->expired;
		tf->expired = 0;
		if (tf->when != 0)
			arm(tf);
	} else {
		some = false;
	}
	spin_unlock_irq(&tf->wait.lock, flags);
	return some;
}

static enum err
timer_read(struct file *f, struct iter *it, uint64_t *off UNUSED, size_t *done)
{
	struct timer_file *tf = f->data;
	uint64_t v = 0;
	size_t n = 0;
	enum err e, result = OK;

	if (it->left < sizeof(v))
		return ERR_INVAL;
	if (!timer_take(tf, &v, &result)) {
		if (file_flags(f) & FILE_NONBLOCK)
			return ERR_AGAIN;
		e = wait_until(&tf->wait, timer_take(tf, &v, &result),
		    WAIT_SIGNALS);
		if (e != OK)
			return e;
	}
	while (result == OK) {
		n += iter_write(it, (const char *)&v + n, sizeof(v) - n);
		if (n == sizeof(v)) {
			*done = n;
			break;
		}
		result = iter_fault_in(it);
	}
	return result;
}

static unsigned
timer_poll(struct file *f, struct poll_request *r)
{
	struct timer_file *tf = f->data;
	unsigned long flags;
	bool ready;

	poll_wait(r, &tf->wait);
	flags = spin_lock_irq(&tf->wait.lock);
	ready = tf->expired > 0 || tf->canceled;
	spin_unlock_irq(&tf->wait.lock, flags);
	return ready ? POLL_IN | POLL_RDNORM : 0;
}

static void
timer_release(struct file *f)
{
	struct timer_file *tf = f->data;

	waitq_remove(time_wall_waitq(), &tf->step);
	ktimer_cancel_sync(&tf->timer);
	kfree(tf, sizeof(*tf));
}

static enum err
timer_stat(struct file *f UNUSED, struct file_stat *st)
{
	*st = (struct file_stat){
		.dev = 13, .ino = 3, .mode = 0600, .nlink = 1,
		.block_size = PAGE_SIZE,
	};
	return OK;
}

static size_t
timer_describe(struct file *f UNUSED, char *buf, size_t len)
{
	return (size_t)snprintf(buf, len, "anon_inode:[timerfd]");
}

static const struct file_ops timer_ops = {
	.read = timer_read,
	.poll = timer_poll,
	.stat = timer_stat,
	.release = timer_release,
	.describe = timer_describe,
};

enum err
timer_create(enum clock_id clock, unsigned flags, struct file **out)
{
	struct timer_file *tf = kzalloc(sizeof(*tf));
	enum err e;

	if (tf == NULL)
		return ERR_NOMEM;
	waitq_init(&tf->wait);
	spin_init(&tf->wait.lock, RANK_TIMER_FILE, "timer file");
	ktimer_init(&tf->timer, timer_fired);
	tf->clock = clock;
	tf->step.wake = timer_stepped;
	e = file_create(&timer_ops, OBJ_TIMER,
	    FILE_READ | FILE_WRITE | FILE_STREAM | (flags & FILE_NONBLOCK),
	    tf, out);
	if (e != OK) {
		kfree(tf, sizeof(*tf));
		return e;
	}
	if (clock == CLOCK_WALL)
		waitq_add(time_wall_waitq(), &tf->step);
	return OK;
}

enum clock_id
timer_clock(const struct file *f)
{
	const struct timer_file *tf = f->data;

	return tf->clock;
}

enum err
timer_set(struct file *f, ns_t when, ns_t interval, bool cancel_on_step)
{
	struct timer_file *tf = f->data;
	unsigned long flags;

	if (f->ops != &timer_ops)
		return ERR_INVAL;
	ktimer_cancel_sync(&tf->timer);
	flags = spin_lock_irq(&tf->wait.lock);
	tf->when = when;
	tf->interval = interval;
	tf->expired = 0;
	tf->canceled = false;
	tf->cancel_on_step = cancel_on_step;
	if (when != 0)
		arm(tf);
	spin_unlock_irq(&tf->wait.lock, flags);
	return OK;
}

enum err
timer_get(struct file *f, ns_t *remaining, ns_t *interval)
{
	struct timer_file *tf = f->data;
	unsigned long flags;
	ns_t now;

	if (f->ops != &timer_ops)
		return ERR_INVAL;
	flags = spin_lock_irq(&tf->wait.lock);
	catch_up(tf);
	now = clock_now(tf);
	*remaining = tf->when == 0 ? 0 : tf->when > now ? tf->when - now : 1;
	*interval = tf->interval;
	spin_unlock_irq(&tf->wait.lock, flags);
	return OK;
}
