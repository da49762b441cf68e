/* SPDX-License-Identifier: MIT */
/* Locks, wait queues, RCU and counts under contention. */
#include "threads.h"

#include <kernel/mm.h>

#define TURNS 2048
#define CREW  6
/* Under a spinlock, where an emulator takes a CPU away from the holder or the
 * next in line, all wait: fewer turns. */
#define SPIN_TURNS 300

static struct {
	struct spinlock spin;
	struct mutex mutex;
	struct rwlock rw;
	unsigned long count; /* by the lock under test */
	unsigned long twin;
	atomic_uint bad;
} s;

static void
spin_turns(struct crew *c UNUSED, unsigned number UNUSED)
{
	for (unsigned i = 0; i < SPIN_TURNS; i++) {
		spin_lock(&s.spin);
		s.count++;
		spin_unlock(&s.spin);
	}
}

KTEST(sync_a_spinlock_excludes)
{
	struct crew c = { .fn = spin_turns };

	spin_init(&s.spin, RANK_PIPE, "test");
	s.count = 0;
	crew_run(&c, CREW);
	EXPECT(s.count == SPIN_TURNS * CREW);
	if (!spin_trylock(&s.spin)) {
		EXPECT(!"a free spinlock is taken");
		return;
	}
	EXPECT(spin_is_locked(&s.spin));
	spin_unlock(&s.spin);
	EXPECT(!spin_is_locked(&s.spin));
}

static void
mutex_turns(struct crew *c UNUSED, unsigned number)
{
	for (unsigned i = 0; i < TURNS; i++) {
		mutex_lock(&s.mutex);
		s.count++;
		/* Sleep with it now and then, so that others must, too. */
		if (i % 512 == number)
			sleep_ms(1);
		s.twin++;
		if (s.count != s.twin)
			atomic_fetch_add(&s.bad, 1);
		mutex_unlock(&s.mutex);
	}
}

KTEST(sync_a_mutex_excludes_and_wakes)
{
	struct crew c = { .fn = mutex_turns };

	mutex_init(&s.mutex, RANK_PIPE, "test");
	s.count = s.twin = 0;
	atomic_store(&s.bad, 0);
	crew_run(&c, CREW);
	EXPECT(s.count == TURNS * CREW);
	EXPECT(atomic_load(&s.bad) == 0);
	if (!mutex_trylock(&s.mutex)) {
		EXPECT(!"a free mutex is taken");
		return;
	}
	EXPECT(mutex_is_held(&s.mutex));
	mutex_unlock(&s.mutex);
	EXPECT(!mutex_is_held(&s.mutex));
}

static void
rw_turns(struct crew *c UNUSED, unsigned number)
{
	for (unsigned i = 0; i < TURNS; i++) {
		if ((i + number) % 8 == 0) {
			rw_write_lock(&s.rw);
			s.count++;
			if (i % 64 == 0)
				sched_yield();
			s.twin++;
			rw_write_unlock(&s.rw);
		} else {
			rw_read_lock(&s.rw);
			if (s.count != s.twin)
				atomic_fetch_add(&s.bad, 1);
			rw_read_unlock(&s.rw);
		}
	}
}

KTEST(sync_an_rwlock_keeps_readers_from_half_a_write)
{
	struct crew c = { .fn = rw_turns };

	rwlock_init(&s.rw, RANK_PIPE, "test");
	s.count = s.twin = 0;
	atomic_store(&s.bad, 0);
	crew_run(&c, CREW);
	EXPECT(atomic_load(&s.bad) == 0);
	EXPECT(s.count == TURNS * CREW / 8);
}

/* ---- wait queues ------------------------------------------------------- */

static struct {
	struct waitq q;
	atomic_uint turn;
} ping;

/* Two threads hand one number to and fro; a lost wake-up hangs the test. */
static void
ping_turns(struct crew *c UNUSED, unsigned number)
{
	for (unsigned i = number; i < TURNS; i += 2) {
		err_ignore(wait_until(
		    &ping.q, atomic_load(&ping.turn) == i, WAIT_DEEP));
		atomic_fetch_add(&ping.turn, 1);
		waitq_wake(&ping.q, 0);
	}
}

KTEST(sync_no_wake_up_is_lost)
{
	struct crew c = { .fn = ping_turns };

	waitq_init(&ping.q);
	atomic_store(&ping.turn, 0);
	crew_run(&c, 2);
	EXPECT(atomic_load(&ping.turn) == TURNS);
	EXPECT(waitq_idle(&ping.q));
}

KTEST(sync_a_wait_ends_at_its_deadline)
{
	struct waitq q;
	ns_t start = time_now();
	enum err e;

	waitq_init(&q);
	e = wait_until_deadline(&q, false, WAIT_DEEP, start + 5 * NS_PER_MS);
	EXPECT(e == ERR_TIMEDOUT);
	EXPECT(time_now() - start >= 5 * NS_PER_MS);
	EXPECT(time_now() - start < 500 * NS_PER_MS);
	e = wait_until_deadline(&q, true, WAIT_DEEP, start);
	EXPECT(e == OK);
	e = wait_until_deadline(&q, false, WAIT_DEEP, start);
	EXPECT(e == ERR_TIMEDOUT);
}

static struct {
	struct waitq q;
	atomic_uint sleeping, tickets, awake;
} herd;

static bool
take_ticket(void)
{
	unsigned n = atomic_load(&herd.tickets);

	while (n > 0) {
		if (atomic_compare_exchange_weak(&herd.tickets, &n, n - 1))
			return true;
	}
	return false;
}

static void
herd_wait(struct crew *c UNUSED, unsigned number)
{
	struct wait_entry w = { .exclusive = true };

	if (number == 0) {
		while (atomic_load(&herd.sleeping) < CREW - 1)
			sleep_ms(1);
		sleep_ms(5);
		atomic_store(&herd.tickets, 2);
		waitq_wake_some(&herd.q, 0, 2);
		while (atomic_load(&herd.awake) < 2)
			sleep_ms(1);
		sleep_ms(20);
		EXPECT(atomic_load(&herd.awake) == 2);
		atomic_store(&herd.tickets, CREW);
		waitq_wake(&herd.q, 0);
		return;
	}
	atomic_fetch_add(&herd.sleeping, 1);
	for (;;) {
		wait_begin(&herd.q, &w, WAIT_DEEP);
		if (take_ticket())
			break;
		err_ignore(wait_sleep(&w, WAIT_DEEP, NS_NEVER));
	}
	wait_end(&herd.q, &w);
	atomic_fetch_add(&herd.awake, 1);
}

KTEST(sync_exclusive_waiters_wake_by_number)
{
	struct crew c = { .fn = herd_wait };

	waitq_init(&herd.q);
	atomic_store(&herd.sleeping, 0);
	atomic_store(&herd.tickets, 0);
	atomic_store(&herd.awake, 0);
	crew_run(&c, CREW);
	EXPECT(atomic_load(&herd.awake) == CREW - 1);
}

/* ---- RCU --------------------------------------------------------------- */

#define MAGIC 0x5ca1ab1eu

struct version {
	struct rcu_head rcu;
	atomic_uint magic;
};

static struct {
	_Atomic(struct version *) now;
	atomic_uint stop, bad, freed;
} vs;

static void
version_free(struct rcu_head *h)
{
	struct version *v = container_of(h, struct version, rcu);

	atomic_store(&v->magic, 0);
	atomic_fetch_add(&vs.freed, 1);
	kfree(v, sizeof(*v));
}

static void
rcu_turns(struct crew *c UNUSED, unsigned number)
{
	for (unsigned i = 0; number == 0 && i < 300; i++) {
		struct version *v = kmalloc(sizeof(*v));

		atomic_init(&v->magic, MAGIC);
		v = atomic_exchange(&vs.now, v);
		rcu_call(&v->rcu, version_free);
		if (i % 16 == 0)
			rcu_sync();
	}
	if (number == 0)
		atomic_store(&vs.stop, 1);
	while (atomic_load(&vs.stop) == 0) {
		rcu_read_lock();
		struct version *v = atomic_load(&vs.now);
		for (unsigned i = 0; i < 50; i++) {
			if (atomic_load(&v->magic) != MAGIC)
				atomic_fetch_add(&vs.bad, 1);
		}
		rcu_read_unlock();
	}
}

KTEST(sync_rcu_readers_see_no_freed_memory)
{
	struct crew c = { .fn = rcu_turns };
	struct version *v = kmalloc(sizeof(*v));

	atomic_init(&v->magic, MAGIC);
	atomic_store(&vs.now, v);
	atomic_store(&vs.stop, 0);
	atomic_store(&vs.bad, 0);
	atomic_store(&vs.freed, 0);
	crew_run(&c, 4);
	rcu_barrier();
	EXPECT(atomic_load(&vs.bad) == 0);
	EXPECT(atomic_load(&vs.freed) == 300);
	kfree(atomic_load(&vs.now), sizeof(*v));
}

KTEST_TIMED(sync_a_grace_period_does_not_wait_for_a_timer)
{
	ns_t best = NS_NEVER;

	/* The best of some: an emulator may not be on a CPU itself. */
	for (unsigned i = 0; i < 10; i++) {
		ns_t start = time_now();

		rcu_sync();
		best = MIN(best, time_now() - start);
	}
	EXPECT(best < 5 * NS_PER_MS);
}

/* ---- timers ------------------------------------------------------------ */

static struct {
	struct ktimer timer[8];
	atomic_uint fired;
	unsigned order[8];
} tm;

static void
timer_note(struct ktimer *t)
{
	tm.order[atomic_fetch_add(&tm.fired, 1)] = (unsigned)(t - tm.timer);
}

KTEST(time_timers_fire_in_order_and_can_be_cancelled)
{
	static const unsigned ms[8] = { 8, 3, 5, 1, 7, 2, 6, 4 };
	ns_t start = time_now();

	atomic_store(&tm.fired, 0);
	preempt_disable(); /* all in one CPU's queue */
	for (unsigned i = 0; i < 8; i++) {
		ktimer_init(&tm.timer[i], timer_note);
		ktimer_set(&tm.timer[i], start + (ms[i] + 10) * NS_PER_MS);
	}
	preempt_enable();
	EXPECT(ktimer_cancel(&tm.timer[2]));
	EXPECT(!ktimer_cancel(&tm.timer[2]));
	ktimer_set(&tm.timer[1], start + 30 * NS_PER_MS);
	while (atomic_load(&tm.fired) < 7 &&
	    time_now() - start < NS_PER_SEC)
		sleep_ms(1);
	EXPECT(atomic_load(&tm.fired) == 7);
	EXPECT(tm.order[0] == 3 && tm.order[1] == 5 && tm.order[2] == 7);
	EXPECT(tm.order[6] == 1);
	EXPECT(!ktimer_cancel_sync(&tm.timer[0]));
}

static struct {
	struct ktimer timer;
	atomic_uint inside, done;
} slow;

static void
timer_slow(struct ktimer *t UNUSED)
{
	ns_t start = time_now();

	atomic_store(&slow.inside, 1);
	while (time_now() - start < 2 * NS_PER_MS)
		arch_pause();
	atomic_store(&slow.done, 1);
}

KTEST(time_cancel_sync_waits_for_the_handler)
{
	for (unsigned i = 0; i < 10; i++) {
		atomic_store(&slow.inside, 0);
		atomic_store(&slow.done, 0);
		ktimer_init(&slow.timer, timer_slow);
		ktimer_set(&slow.timer, time_now() + NS_PER_MS);
		sleep_ms(1);
		if (!ktimer_cancel_sync(&slow.timer) &&
		    atomic_load(&slow.inside))
			EXPECT(atomic_load(&slow.done) == 1);
	}
}

static void
timer_again(struct ktimer *t)
{
	atomic_fetch_add(&tm.fired, 1);
	ktimer_set(t, time_now() + 1);
}

/* As a program's with an interval of a nanosecond: it fires without end, and
 * the thread it interrupts goes on. */
KTEST(time_a_busy_timer_leaves_time_to_others)
{
	ns_t start = time_now();

	atomic_store(&tm.fired, 0);
	ktimer_init(&tm.timer[0], timer_again);
	ktimer_set(&tm.timer[0], start);
	/* An emulator's own timers may be late: it ends when it has fired. */
	while (time_now() - start < 20 * NS_PER_MS ||
	    atomic_load(&tm.fired) < 10)
		arch_pause();
	ktimer_cancel_sync(&tm.timer[0]);
}

/* Which sets itself from a handler that has begun before, on another CPU. */
KTEST(time_cancel_sync_leaves_no_timer_that_sets_itself)
{
	for (unsigned i = 0; i < 300; i++) {
		ns_t start = time_now();

		ktimer_init(&tm.timer[0], timer_again);
		ktimer_set(&tm.timer[0], start);
		sleep_ms(1); /* goes on elsewhere */
		while (time_now() - start < 1100 * NS_PER_US + i * 100)
			arch_pause();
		ktimer_cancel_sync(&tm.timer[0]);
		EXPECT(atomic_load(&tm.timer[0].cpu) == NULL);
		EXPECT(atomic_load(&tm.timer[0].stoppers) == 0);
	}
}
