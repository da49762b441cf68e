/*
 * Timers on CPU time, and the limit of it (RLIM_CPU).
 *
 * A task whose CPU time somebody waits for is marked (task.cpu_watched); its
 * threads look when a sample of the scheduler has met them, so that such a
 * timer is late by up to two samples and costs nobody else anything. All of it
 * is under task.lock.
 */
#pragma once

#include <kernel/task.h>

/* The part of a new task. */
void cpu_timers_init(struct task *t);
/* A timer that is not set may be freed. */
void cpu_timer_init(struct cpu_timer *ct, struct thread *th,
    enum cpu_clock clock, void (*fn)(struct cpu_timer *));
/* Time that the clock of ct shows. Needs: t->lock. */
ns_t cpu_timer_now(struct task *t, const struct cpu_timer *ct);
/* Sets it, or sets it anew, for `when` on its clock; 0: not at all.
 * Needs: t->lock. */
void cpu_timer_set(struct task *t, struct cpu_timer *ct, ns_t when);
/* Marks the task by its limit and timers. Needs: t->lock. */
void cpu_watch_update(struct task *t);

/* On the way to user mode: fires what is due, applies the limit. */
void cpu_time_check(struct thread *self);

static inline bool
cpu_time_is_watched(const struct task *t)
{
	return atomic_load_explicit(&t->cpu_watched, memory_order_relaxed);
}
