/* SPDX-License-Identifier: MIT */
/*
 * Run queues: what the files of kernel/sched share.
 *
 * One queue per CPU. The running thread is not in the tree or lists, but its
 * weight counts. q: the queue's lock, taken with irqs off and by the raw
 * calls, since a context switch hands it from one thread to the next: who
 * switches away takes it, who was switched to releases it. That is also why
 * a waker that holds it sees a thread either running or wholly saved.
 *
 * se.cpu names the queue a thread belongs to and changes only under the lock
 * of the queue it names; so: lock, look again (rq_lock_of).
 */
#pragma once

#include <kernel/task.h>

#define SLICE_NS    (3 * NS_PER_MS)
#define RR_SLICE_NS (100 * NS_PER_MS)
#define BALANCE_NS  (48 * NS_PER_MS)
#define RT_LEVELS   100
#define WEIGHT_NICE_0 1024u
#define WEIGHT_IDLE   3u

/* The fair class: see fair.c. */
struct fair_queue {
	struct rbroot tree; /* by deadline; summary: min_vruntime */
	uint64_t base; /* virtual ns; all vruntimes are near it */
	int64_t sum; /* of weight * (vruntime - base) */
	uint64_t weight; /* of all, the running one included */
	unsigned count; /* in the tree */
};

void fair_init(struct fair_queue *q);
uint32_t fair_weight(enum sched_class class, int nice);
/* The weighted mean of all vruntimes. */
uint64_t fair_average(const struct fair_queue *q);
/* Joins with the lag it left with; leaves and keeps it. */
void fair_enter(struct fair_queue *q, struct sched_entity *se);
void fair_leave(struct fair_queue *q, struct sched_entity *se);
/* In and out of the tree: not running, running. */
void fair_queue(struct fair_queue *q, struct sched_entity *se);
void fair_unqueue(struct fair_queue *q, struct sched_entity *se);
/* Who should run; NULL: the tree is empty. Stays in the tree. */
struct sched_entity *fair_pick(struct fair_queue *q);
/* se ran for delta ns; true: it used up its slice. */
bool fair_charge(struct fair_queue *q, struct sched_entity *se, ns_t delta);
/* ns of CPU time until the slice is used up. */
static inline ns_t
fair_left(const struct sched_entity *se)
{
	int64_t left = (int64_t)(se->deadline - se->vruntime);

	return left <= 0 ? 0 : (ns_t)left * se->weight / WEIGHT_NICE_0;
}

/* True: woken should not wait for running's slice to end. */
bool fair_preempts(const struct fair_queue *q,
    const struct sched_entity *woken, const struct sched_entity *running);

/* The real-time classes: a list per priority. */
struct rt_queue {
	uint64_t levels[2]; /* bit p: list p is not empty */
	struct list list[RT_LEVELS];
	unsigned count;
};

void rt_init(struct rt_queue *q);
void rt_queue(struct rt_queue *q, struct sched_entity *se, bool front);
void rt_unqueue(struct rt_queue *q, struct sched_entity *se);
struct sched_entity *rt_pick(struct rt_queue *q); /* not empty */
/* The highest waiting priority; 0: none. */
unsigned rt_top(const struct rt_queue *q);

struct run_queue {
	struct spinlock lock; /* q, raw */
	unsigned cpu; /* [I] */
	struct thread *current; /* [q] */
	struct thread *idle; /* [I] */
	struct thread *prev; /* [C] handed over by the switch */
	struct fair_queue fair; /* [q] */
	struct rt_queue rt; /* [q] */
	atomic_uint queued; /* [A] waiting threads; written under q */
	atomic_uint runnable; /* [q] to write; all but idle */
	ns_t load_stamp; /* [q] */
	uint64_t load; /* [q] integral of runnable over time, ns */
	atomic_ulong switches; /* [q] to write */
	ns_t rr_end; /* [q] end of a round-robin slice */
	_Atomic(ns_t) idle_mean; /* [q] to write; length of its waits: idle.c */
	ns_t balanced; /* [q] when a thread last came or was given */
	const struct thread *newcomer; /* [q] who came then; only compared */
};

extern struct run_queue *run_queues[CPU_MAX]; /* [I] per CPU once it runs */
/* CPUs that wait for an interrupt, and that are idle but look by themselves. */
extern atomic_uint_fast64_t sched_idle_cpus, sched_polling_cpus;

static inline bool
class_is_rt(enum sched_class class)
{
	return class == SCHED_FIFO || class == SCHED_RR;
}

static inline struct run_queue *
rq_this(void)
{
	return cpu_this()->rq;
}

static inline struct thread *
thread_of(struct sched_entity *se)
{
	return container_of(se, struct thread, se);
}

static inline enum thread_state
thread_state(const struct thread *t)
{
	return atomic_load_explicit(&t->state, memory_order_relaxed);
}

static inline void
thread_set_state(struct thread *t, enum thread_state s)
{
	atomic_store_explicit(&t->state, s, memory_order_relaxed);
}

/* The lock of the queue it belongs to is held, or nobody else knows t. */
static inline void
thread_set_cpu(struct thread *t, unsigned cpu)
{
	atomic_store_explicit(&t->se.cpu, cpu, memory_order_relaxed);
}

/* All of these with irqs off. */
struct run_queue *rq_lock_of(struct thread *t);
void rq_charge(struct run_queue *rq, ns_t now);
void rq_count(struct run_queue *rq, ns_t now, int change);
/* A runnable thread joins rq (state READY) or leaves it for good. */
void rq_enter(struct run_queue *rq, struct thread *t, ns_t now);
void rq_leave(struct run_queue *rq, struct thread *t, ns_t now);
/* Between waiting in rq and running. */
void rq_queue(struct run_queue *rq, struct thread *t, bool front);
void rq_unqueue(struct run_queue *rq, struct thread *t);
/* Makes rq's CPU look for another thread, or see to its slice timer. sync: who
 * runs here made t runnable and is about to sleep. */
void rq_notice(struct run_queue *rq, struct thread *t, bool sync);
void rq_resched(struct run_queue *rq);
/* Arms the end of current's slice if somebody waits. This CPU's queue. */
void rq_arm_slice(struct run_queue *rq, ns_t now);
/* rq's CPU was idle for that long when a thread came. */
void idle_ended(struct run_queue *rq, ns_t length);
unsigned cpu_choose(struct thread *t, bool sync);
/* Puts a READY thread that is in no queue where it may run. */
void place(struct thread *t, bool sync);
/* An idle CPU's try to get a thread from another queue. */
bool steal(struct run_queue *rq);
/* Gives a thread that waits on this CPU to one that has fewer, if any has. */
void balance(struct run_queue *rq, ns_t now);
/* A thread's last moment: it runs no more; from the next one, irqs off. */
void thread_finish(struct thread *t);
/* The rest of a switch, in the thread that was switched to; irqs off. */
void switch_finish(void);
