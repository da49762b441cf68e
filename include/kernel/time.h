/*
 * Clocks and timers.
 *
 * A timer fires once at an absolute time on the CPU that armed it, from its
 * timer interrupt with irqs off. Timers of a CPU are a red-black tree by
 * time; the hardware is set for the earliest only (tickless).
 */
#pragma once

#include <kernel/sync.h>
#include <lib/rbtree.h>

struct ktimer {
	struct rbnode node; /* [c] the CPU queue's lock */
	ns_t when; /* [c] */
	void (*fn)(struct ktimer *t); /* [I] irqs off; must not sleep */
	_Atomic(struct cpu *) cpu; /* [c] queue it is in, NULL: not armed */
	atomic_uint stoppers; /* [A] in ktimer_cancel_sync: not set meanwhile */
};

void ktimer_init(struct ktimer *t, void (*fn)(struct ktimer *t));
/* Arms or re-arms for when (absolute ns). Any context. */
void ktimer_set(struct ktimer *t, ns_t when);
/* True when it was armed. The handler may still run on another CPU. */
bool ktimer_cancel(struct ktimer *t);
/* Waits also for a running handler. Not from the handler, not with a lock
 * that the handler takes. */
bool ktimer_cancel_sync(struct ktimer *t);

static inline ns_t
time_now(void)
{
	return arch_time();
}

/* Wall clock: monotonic + offset; steps by settimeofday. */
ns_t time_wall(void);
void time_set_wall(ns_t wall);
/* Generation that changes with each step, for absolute wall timers. */
unsigned time_wall_generation(void);
struct waitq *time_wall_waitq(void); /* woken by a step */
void time_init(void); /* before the first timer; also the wall clock */
void time_wall_init(void);
void time_interrupt(void); /* irqs off; from trap_timer */
/* Also wants a timer interrupt of this CPU at when, for the scheduler's
 * slice; NS_NEVER: no more. irqs off. sched_tick() is called then. */
void time_slice_set(ns_t when);
/* This CPU is idle no more: sched_sample() is called periodically until it
 * answers that the CPU is idle again. irqs off. */
void time_sample_start(ns_t now);
