/* SPDX-License-Identifier: MIT */
/*
 * Backtraces of known call chains: from here, from an interrupt, from a fault
 * of a program's, and from stacks that are no good.
 */
#include <kernel/abi.h>
#include <kernel/sched.h>
#include <kernel/time.h>
#include <kernel/unwind.h>

#include <lib/string.h>

#include "threads.h"

#define PLACES 40

static struct {
	char name[PLACES][SYMBOL_NAME_MAX];
	unsigned count;
} seen;

/* Whoever calls goes on to return, but not before this is done. */
static NOINLINE void
look(struct unwind *u)
{
	seen.count = 0;
	while (seen.count < PLACES && unwind_next(u))
		(void)unwind_name(u, seen.name[seen.count++]);
}

/* True when want stands in what was seen as it is given, from place at on. */
static bool
stands(unsigned at, const char *const *want, unsigned count)
{
	if (at + count > seen.count)
		return false;
	for (unsigned i = 0; i < count; i++)
		if (strcmp(seen.name[at + i], want[i]) != 0)
			return false;
	return true;
}

static bool
saw(const char *const *want, unsigned count)
{
	for (unsigned at = 0; at < seen.count; at++)
		if (stands(at, want, count))
			return true;
	for (unsigned at = 0; at < seen.count; at++)
		log_raw("# %u %s\n", at, seen.name[at]);
	return false;
}
#define SAW(...) saw((const char *const[]){ __VA_ARGS__ }, \
	sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))

static volatile unsigned one = 1;

/* Frames of several sizes. What follows each call keeps it from being a
 * jump. */
static NOINLINE unsigned
chain_last(unsigned n)
{
	struct unwind u;

	UNWIND_HERE(&u);
	look(&u);
	return n + one;
}

static NOINLINE unsigned
chain_large(unsigned n)
{
	volatile char room[600];

	room[n % sizeof(room)] = (char)n;
	return chain_last(n + 1) + (unsigned)room[n % sizeof(room)];
}

static NOINLINE unsigned
chain_words(unsigned a, unsigned b, unsigned c, unsigned d)
{
	unsigned n = chain_large(a * b);

	return n + a * c + b * d + chain_large(n + c + d);
}

static NOINLINE unsigned
chain_first(unsigned n)
{
	return chain_words(n, n + one, n + 2 * one, n + 3 * one) + one;
}

KTEST(a_backtrace_is_the_chain_of_calls)
{
	EXPECT(chain_first(one) != 0);
	EXPECT(SAW("chain_large", "chain_words", "chain_first",
	    "a_backtrace_is_the_chain_of_calls"));
}

/* ---- through an interrupt ----------------------------------------------- */

static atomic_bool spinning, fired;

static void
on_timer(struct ktimer *t)
{
	struct unwind u;

	if (!atomic_load(&spinning)) { /* too early, on a slow machine */
		ktimer_set(t, time_now() + NS_PER_MS);
		return;
	}
	UNWIND_HERE(&u);
	look(&u);
	atomic_store(&fired, true);
}

/* A leaf: interrupted with nothing of its own on the stack. */
static NOINLINE void
spin_leaf(void)
{
	atomic_store_explicit(&spinning, true, memory_order_relaxed);
	while (!atomic_load_explicit(&fired, memory_order_relaxed))
		arch_pause();
}

static NOINLINE unsigned
spin_first(void)
{
	spin_leaf();
	return one;
}

KTEST(a_backtrace_goes_on_through_an_interrupt)
{
	struct ktimer t;

	ktimer_init(&t, on_timer);
	for (unsigned i = 0; i < 10; i++) {
		atomic_store(&fired, false);
		atomic_store(&spinning, false);
		preempt_disable();
		ktimer_set(&t, time_now() + (i + 1) * 100000u);
		EXPECT(spin_first() != 0);
		preempt_enable();
		ktimer_cancel_sync(&t);
		EXPECT(SAW("spin_leaf", "spin_first",
		    "a_backtrace_goes_on_through_an_interrupt"));
		EXPECT(strcmp(seen.name[0], "time_interrupt") == 0);
	}
}

/* ---- from user mode ----------------------------------------------------- */

static void
on_fault(struct thread *t, struct arch_frame *f UNUSED,
    const struct sig_info *info UNUSED)
{
	struct unwind u;

	UNWIND_HERE(&u);
	look(&u);
	t->task->abi = NULL; /* as before */
	task_exit(0);
}

/* A program without a page, in the space that the task has. */
static void
fault_at_once(void *arg UNUSED)
{
	static const struct abi faulty = { .fault = on_fault };
	struct thread *t = thread_current();

	arch_irq_disable();
	t->task->abi = &faulty;
	arch_frame_init(thread_frame(t), 0x10000, 0x20000);
	arch_user_enter(thread_frame(t));
}

KTEST(a_backtrace_ends_where_user_mode_faulted)
{
	seen.count = 0;
	test_task_run(fault_at_once, NULL);
	EXPECT(SAW("trap_user"));
	/* after user_fault() and before the port's entry, where it ends */
	EXPECT(seen.count >= 3 && seen.count <= 6);
}

/* ---- what is no stack --------------------------------------------------- */

static unsigned
steps(struct unwind u)
{
	unsigned n = 0;

	while (n < 1000 && unwind_next(&u))
		n++;
	return n;
}

KTEST(a_backtrace_of_nonsense_ends)
{
	const struct thread *t = thread_current();
	vaddr_t sp = t->head.kstack_top - 512, pc = (vaddr_t)chain_words + 40;
	struct unwind u;

	unwind_at(&u, pc, 0, 0);
	EXPECT(steps(u) == 0);
	unwind_at(&u, pc, ~UINT64_C(0), ~UINT64_C(0));
	EXPECT(steps(u) == 0);
	unwind_at(&u, pc, sp + 1, sp);
	EXPECT(steps(u) == 0);
	unwind_at(&u, 0, sp, 0);
	EXPECT(steps(u) <= 1);
	/* Any place, at any depth: it may go wrong but not on for ever. */
	for (vaddr_t at = pc - 400; at < pc + 400; at++) {
		unwind_at(&u, at, t->head.kstack_top - at % 128 * 8, pc);
		EXPECT(steps(u) < 1000);
	}
}
