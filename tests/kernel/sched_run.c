/* SPDX-License-Identifier: MIT */
/* The scheduler: fairness, weights, classes, affinity, use of all CPUs. */
#include "threads.h"

/* Shares are measured in CPU time as the kernel accounts it, not in work
 * done: an emulator that is not always on a CPU itself takes time from
 * whoever happens to run. */
static struct {
	atomic_bool stop;
	atomic_uint ready;
	atomic_ullong work[16]; /* ns between all being ready and the end */
	atomic_ullong cpus;
} w;

static void
burn(unsigned number, unsigned others)
{
	ns_t start;

	atomic_fetch_add(&w.ready, 1);
	while (atomic_load(&w.ready) < others)
		sched_yield();
	start = sched_runtime(thread_current());
	while (!atomic_load(&w.stop))
		atomic_fetch_or(&w.cpus, UINT64_C(1) << cpu_id());
	atomic_store(
	    &w.work[number], sched_runtime(thread_current()) - start);
}

static void
reset(void)
{
	atomic_store(&w.stop, false);
	atomic_store(&w.ready, 0);
	atomic_store(&w.cpus, 0);
	for (unsigned i = 0; i < 16; i++)
		atomic_store(&w.work[i], 0);
}

/*
 * How long shares are measured. The emulator's own CPU may be taken away for
 * a tenth of a second in the middle of one thread's slice: the others must
 * have had the time to be given as much.
 */
#define SHARES_MS 2000

/* Member 0 measures; the others burn, all on CPU 0. */
static void
fair_member(struct crew *c UNUSED, unsigned number)
{
	EXPECT_OK(sched_set_affinity(thread_current(), 1));
	if (number == 0) {
		sleep_ms(SHARES_MS);
		atomic_store(&w.stop, true);
		return;
	}
	burn(number, 4);
}

KTEST_TIMED(sched_equal_threads_get_equal_shares)
{
	struct crew c = { .fn = fair_member };
	uint64_t most = 0, least = UINT64_MAX;

	reset();
	crew_run(&c, 5);
	for (unsigned i = 1; i < 5; i++) {
		most = MAX(most, atomic_load(&w.work[i]));
		least = MIN(least, atomic_load(&w.work[i]));
	}
	EXPECT(least > 0);
	EXPECT(most < 2 * least);
}

/* Two CPUs and three that burn, or one and two. */
static void
surplus_member(struct crew *c UNUSED, unsigned number)
{
	unsigned used = cpu_count > 1 ? 2 : 1;

	if (number == 0) {
		sleep_ms(SHARES_MS);
		atomic_store(&w.stop, true);
		return;
	}
	EXPECT_OK(sched_set_affinity(
	    thread_current(), (UINT64_C(1) << used) - 1));
	burn(number, used + 1);
}

/* Without balance one of three has half of all, the others a quarter each. */
KTEST_TIMED(sched_a_surplus_thread_goes_round)
{
	struct crew c = { .fn = surplus_member };
	unsigned burners = cpu_count > 1 ? 3 : 2;
	uint64_t all = 0, mean;

	reset();
	crew_run(&c, burners + 1);
	for (unsigned i = 1; i <= burners; i++)
		all += atomic_load(&w.work[i]);
	mean = all / burners;
	EXPECT(mean > 0);
	for (unsigned i = 1; i <= burners; i++) {
		EXPECT(atomic_load(&w.work[i]) < mean + mean / 4);
		EXPECT(atomic_load(&w.work[i]) > mean - mean / 4);
	}
}

static void
nice_member(struct crew *c UNUSED, unsigned number)
{
	EXPECT_OK(sched_set_affinity(thread_current(), 1));
	if (number == 0) {
		sleep_ms(SHARES_MS);
		atomic_store(&w.stop, true);
		return;
	}
	/* Five steps: about three times the weight. */
	EXPECT_OK(sched_set_nice(thread_current(), number == 1 ? 0 : 5));
	burn(number, 2);
}

KTEST_TIMED(sched_nice_threads_get_less)
{
	struct crew c = { .fn = nice_member };
	uint64_t a, b;

	reset();
	crew_run(&c, 3);
	a = atomic_load(&w.work[1]);
	b = atomic_load(&w.work[2]);
	EXPECT(b > 0 && a > 2 * b && a < 5 * b);
}

static struct {
	struct ktimer timer;
	struct waitq q;
	_Atomic(ns_t) fired; /* 0: not yet */
} rt;

static void
rt_fired(struct ktimer *t UNUSED)
{
	atomic_store(&rt.fired, time_now());
	waitq_wake(&rt.q, 0);
}

static void
rt_member(struct crew *c UNUSED, unsigned number)
{
	unsigned prompt = 0;

	EXPECT_OK(sched_set_affinity(thread_current(), 1));
	if (number != 0) {
		burn(number, 0);
		return;
	}
	EXPECT_OK(sched_set_class(thread_current(), SCHED_FIFO, 50));
	for (unsigned i = 0; i < 20; i++) {
		atomic_store(&rt.fired, 0);
		ktimer_set(&rt.timer, time_now() + NS_PER_MS);
		err_ignore(wait_until(
		    &rt.q, atomic_load(&rt.fired) != 0, WAIT_DEEP));
		prompt += time_now() - atomic_load(&rt.fired) < NS_PER_MS;
	}
	/* Three burners have slices of 3 ms; we do not wait for them. From
	 * the interrupt on, since an emulator's may come late by itself. */
	EXPECT(prompt >= 15);
	atomic_store(&w.stop, true);
}

KTEST_TIMED(sched_real_time_threads_do_not_wait_for_slices)
{
	struct crew c = { .fn = rt_member };

	reset();
	ktimer_init(&rt.timer, rt_fired);
	waitq_init(&rt.q);
	crew_run(&c, 4);
	ktimer_cancel_sync(&rt.timer);
	EXPECT(sched_set_class(thread_current(), SCHED_FIFO, 0) == ERR_INVAL);
	EXPECT(sched_set_class(thread_current(), SCHED_FAIR, 1) == ERR_INVAL);
	EXPECT(sched_set_nice(thread_current(), 20) == ERR_INVAL);
}

static void
spread_member(struct crew *c UNUSED, unsigned number)
{
	if (number == 0) {
		/* An emulator may give a CPU no time for long: only one that
		 * never takes part is a fault. */
		for (unsigned i = 0; i < 2000 &&
		     atomic_load(&w.cpus) != cpu_online_mask(); i++)
			sleep_ms(10);
		atomic_store(&w.stop, true);
		return;
	}
	burn(number, 0);
}

KTEST_TIMED(sched_all_cpus_are_used)
{
	struct crew c = { .fn = spread_member };

	reset();
	crew_run(&c, cpu_count + 2);
	EXPECT(atomic_load(&w.cpus) == cpu_online_mask());
}

static void
affinity_member(struct crew *c UNUSED, unsigned number)
{
	unsigned cpu = number % cpu_count;

	for (unsigned i = 0; i < 50; i++, cpu = (cpu + 1) % cpu_count) {
		EXPECT_OK(sched_set_affinity(
		    thread_current(), UINT64_C(1) << cpu));
		if (i % 3 == 0)
			sleep_until(time_now() + 10 * NS_PER_US);
		EXPECT(cpu_id() == cpu);
	}
}

KTEST(sched_threads_stay_where_they_are_put)
{
	struct crew c = { .fn = affinity_member };

	crew_run(&c, 6);
	EXPECT(sched_set_affinity(thread_current(), 0) == ERR_INVAL);
}

static void
yield_member(struct crew *c UNUSED, unsigned number)
{
	EXPECT_OK(sched_set_affinity(thread_current(), 1));
	atomic_fetch_add(&w.ready, 1);
	while (atomic_load(&w.ready) < 2)
		sched_yield();
	for (unsigned i = 0; i < 500; i++) {
		atomic_fetch_add(&w.work[number], 1);
		sched_yield();
	}
}

KTEST(sched_yield_lets_others_run)
{
	struct crew c = { .fn = yield_member };
	struct thread *self = thread_current();
	unsigned long before = sched_switches();

	reset();
	crew_run(&c, 2);
	EXPECT(sched_switches() - before > 200);
	EXPECT(sched_runtime(self) > 0);
}

KTEST_TIMED(sched_an_idle_machine_sets_no_timer)
{
	unsigned long before = sched_switches();
	ns_t idle = 0, start = time_now();

	for (unsigned i = 0; i < cpu_count; i++)
		idle -= sched_idle_time(i);
	sleep_ms(200);
	for (unsigned i = 0; i < cpu_count; i++)
		idle += sched_idle_time(i);
	EXPECT(idle > (time_now() - start) * cpu_count / 2);
	/* A 100 Hz tick would make 20 a CPU; we and RCU make a few. */
	EXPECT(sched_switches() - before < 16);
}
