/*
 * Tracing and counters: calls of any ABI with decoded arguments, per task,
 * switchable at run time; the last events survive into a panic report.
 */
#pragma once

#include <kernel/arch.h>

struct thread;

/* Called by the call path only while WORK_TRACE is set. */
void trace_call_enter(struct thread *t, uintptr_t nr, const struct sysargs *a);
void trace_call_exit(struct thread *t, uintptr_t nr, enum err e, long ret);
/* Counts a call nobody implements: /proc/carmine/unimplemented. */
void trace_unimplemented(unsigned abi_index, uintptr_t nr);
/* Text of the counted ones into buf; returns the length. */
size_t trace_unimplemented_text(char *buf, size_t len, size_t off);
/* pid 0: every task. */
enum err trace_set(int pid, bool on);
size_t trace_read(uint64_t *seq, char *buf, size_t len);
struct waitq *trace_waitq(void);
/* Small events for the panic report; any context. */
void trace_event(const char *what, uintptr_t a, uintptr_t b);
void trace_dump(void); /* the last events of each CPU, by log_raw */

/* Named counters shown in /proc/carmine/counters. */
struct counter {
	const char *name;
	atomic_ulong value;
};
#define COUNTER(var, text) \
	struct counter var \
	    __attribute__((section(".carmine.counter"), used, aligned(8))) = { \
		.name = (text) \
	}

/*
 * Turns of a loop that must not become longer with the number of things there
 * are; counted in the check build alone, for tests.
 */
#if CARMINE_CHECK
#define STEP_COUNTER(var, text) static COUNTER(var, text)
#define STEP(var)		counter_add(&(var), 1)
#else
#define STEP_COUNTER(var, text) _Static_assert(sizeof(text) > 1, text)
#define STEP(var)		((void)0)
#endif

static inline void
counter_add(struct counter *c, unsigned long n)
{
	atomic_fetch_add_explicit(&c->value, n, memory_order_relaxed);
}
