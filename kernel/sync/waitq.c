/* SPDX-License-Identifier: MIT */
/*
 * Wait queues: the one way to sleep.
 *
 * Why no wake-up is lost. The sleeper S and the waker W do
 *
 *	S1 queue the entry, woken = false     W1 make the condition true
 *	S2 full barrier                       W2 full barrier
 *	S3 test the condition                 W3 look at the queue
 *	S4 sleep unless woken                 W4 woken = true, sched_wake
 *
 * If S3 misses W1, then the barriers say that W3 sees S1, so W4 runs. W4
 * either comes before S's own last test of woken (wait_flag marks the thread
 * SLEEPING, has a full barrier, and tests woken), then S does not sleep, or
 * sched_wake finds it SLEEPING, because it looks after its own barrier.
 * Waker and sleeper meet at the queue's lock in the usual case; the barriers
 * serve waitq_idle(), which lets W skip an empty queue without the lock.
 *
 * An entry belongs to the sleeper's stack. Wakers touch it only under the
 * queue's lock, and wait_end takes that lock to remove it.
 *
 * woken is in the entry, not in the thread, because the condition may sleep
 * itself (a mutex): such an inner wait must not swallow the outer wake.
 */
#include <limits.h>

#include <kernel/log.h>
#include <kernel/signal.h>
#include <kernel/task.h>
#include <kernel/trace.h>

STEP_COUNTER(wake_steps, "waitq: entries woken");

void
waitq_init(struct waitq *q)
{
	spin_init(&q->lock, RANK_WAITQ, "waitq");
	list_init(&q->entries);
}

/* Exclusive ones behind the others, so that a wake that ends at one of them
 * has met everybody who has to hear of it. */
static void
enqueue(struct waitq *q, struct wait_entry *w)
{
	if (w->exclusive)
		list_add_tail(&q->entries, &w->link);
	else
		list_add(&q->entries, &w->link);
}

void
waitq_add(struct waitq *q, struct wait_entry *w)
{
	unsigned long flags = spin_lock_irq(&q->lock);

	enqueue(q, w);
	spin_unlock_irq(&q->lock, flags);
	/* S2: the caller tests its condition next. */
	atomic_thread_fence(memory_order_seq_cst);
}

void
waitq_remove(struct waitq *q, struct wait_entry *w)
{
	unsigned long flags;

	flags = spin_lock_irq(&q->lock);
	if (w->link.next != NULL)
		list_del(&w->link);
	spin_unlock_irq(&q->lock, flags);
}

static ALWAYS_INLINE void
wake_entries(struct waitq *q, unsigned key, unsigned n)
{
	struct wait_entry *w, *ahead;

	list_each_safe(w, ahead, &q->entries, link) {
		bool exclusive = w->exclusive;

		STEP(wake_steps);
		/* After its wake function an entry may be gone. */
		if (w->wake(w, key) && exclusive && --n == 0)
			break;
	}
}

void
waitq_wake_locked(struct waitq *q, unsigned key, unsigned n)
{
	wake_entries(q, key, n);
}

void
waitq_wake_waiting(struct waitq *q, unsigned key, unsigned n)
{
	unsigned long flags = spin_lock_irq(&q->lock);

	wake_entries(q, key, n);
	spin_unlock_irq(&q->lock, flags);
}

bool
wait_wake_thread(struct wait_entry *w, unsigned key)
{
	struct thread *t = w->thread;
	struct wait_entry *main = w->arg != NULL ? w->arg : w;

	if (atomic_exchange_explicit(&main->woken, 1, memory_order_seq_cst))
		return false;
	sched_wake(t, (key & WAKE_SYNC) != 0);
	return true;
}

void
wait_begin(struct waitq *q, struct wait_entry *w, enum wait_mode mode UNUSED)
{
	unsigned long flags;

	lockcheck_may_sleep("wait_begin");
	flags = spin_lock_irq(&q->lock);
	if (w->link.next == NULL) {
		w->thread = thread_current();
		w->wake = wait_wake_thread;
		enqueue(q, w);
	}
	atomic_store_explicit(&w->woken, 0, memory_order_relaxed);
	spin_unlock_irq(&q->lock, flags);
	atomic_thread_fence(memory_order_seq_cst); /* S2 */
}

void
wait_end(struct waitq *q, struct wait_entry *w)
{
	waitq_remove(q, w);
}

/* ---- sleeping ---------------------------------------------------------- */

struct wait_timer {
	struct ktimer timer;
	struct thread *thread;
	atomic_uint fired;
};

static void
wait_timeout(struct ktimer *t)
{
	struct wait_timer *wt = container_of(t, struct wait_timer, timer);
	struct thread *sleeper = wt->thread;

	atomic_store_explicit(&wt->fired, 1, memory_order_seq_cst);
	sched_wake(sleeper, false);
}

/* Whether the mode lets a signal end this wait. */
static enum err
wait_signal(struct thread *t, enum wait_mode mode)
{
	if (mode == WAIT_DEEP ||
	    LIKELY(!(atomic_load_explicit(&t->head.work, memory_order_relaxed) &
	    (WORK_SIGNAL | WORK_KILLED))))
		return OK;
	if (signal_fatal_pending(t))
		return ERR_INTR;
	if (mode == WAIT_SIGNALS && signal_pending(t))
		return ERR_RESTART;
	return OK;
}

/* One stay in SLEEPING; a spurious return is the caller's to repeat. */
static enum err
wait_once(struct thread *t, atomic_uint *flag, enum wait_mode mode,
    struct wait_timer *wt)
{
	enum err e;

	t->wait_mode = mode;
	atomic_store_explicit(
	    &t->state, THREAD_SLEEPING, memory_order_seq_cst);
	atomic_thread_fence(memory_order_seq_cst);
	e = wait_signal(t, mode);
	if (e != OK || atomic_load_explicit(flag, memory_order_seq_cst) ||
	    (wt != NULL && atomic_load_explicit(
	    &wt->fired, memory_order_seq_cst))) {
		/* A waker that saw SLEEPING meanwhile did nothing worse than
		 * write RUNNING too: the thread is still current. */
		atomic_store_explicit(
		    &t->state, THREAD_RUNNING, memory_order_relaxed);
		return e;
	}
	sched_block();
	return OK;
}

enum err
wait_flag(atomic_uint *flag, enum wait_mode mode, ns_t deadline)
{
	struct thread *t = thread_current();
	struct wait_timer wt, *timer = NULL;
	enum err e;

	lockcheck_may_sleep("wait_flag");
	if (deadline != NS_NEVER) {
		if (time_now() >= deadline &&
		    !atomic_load_explicit(flag, memory_order_acquire))
			return ERR_TIMEDOUT;
		ktimer_init(&wt.timer, wait_timeout);
		wt.thread = t;
		atomic_init(&wt.fired, 0);
		timer = &wt;
		ktimer_set(&wt.timer, deadline);
	}
	for (;;) {
		e = wait_once(t, flag, mode, timer);
		if (atomic_load_explicit(flag, memory_order_acquire)) {
			e = OK;
			break;
		}
		if (e != OK)
			break;
		if (timer != NULL && atomic_load_explicit(
		    &wt.fired, memory_order_acquire)) {
			e = ERR_TIMEDOUT;
			break;
		}
		/* A wake meant for the signal test is looked at next turn. */
	}
	if (timer != NULL)
		ktimer_cancel_sync(&wt.timer);
	return e;
}

enum err
wait_sleep(struct wait_entry *w, enum wait_mode mode, ns_t deadline)
{
	return wait_flag(&w->woken, mode, deadline);
}
