/*
 * CPUs and preemption.
 *
 * struct cpu is what one processor owns. Code that uses this CPU's members
 * holds preemption off (or irqs, where irq handlers use them too).
 */
#pragma once

#include <kernel/arch.h>

struct run_queue;
struct soft_entry;

struct cpu {
	unsigned id; /* [I] index, 0 is the boot CPU */
	unsigned irq_depth; /* [C] > 0 inside an interrupt */
	struct arch_frame *frame; /* [C] what the last interrupt interrupted */
	struct thread_head *idle; /* [I] */
	struct run_queue *rq; /* [I] kernel/sched */
	struct soft_entry *soft; /* [I] mm/tlb.h */
	struct arch_space *space; /* [C] loaded user space, NULL: none */
	void *locks_held; /* [C] lock checker's record */
};

extern struct cpu cpus[CPU_MAX];
extern unsigned cpu_count; /* CPUs that run, [I] after start-up */

/* This CPU; stable only while preemption is off. */
static inline struct cpu *
cpu_this(void)
{
	return arch_current()->cpu;
}

static inline unsigned
cpu_id(void)
{
	return arch_current()->cpu->id;
}

/* What threads use of a CPU with preemption off alone, an interrupt, which may
 * come in the middle, leaves alone. */
static inline bool
cpu_in_interrupt(void)
{
	return UNLIKELY(cpu_this()->irq_depth > 0);
}

/* The mask of all running CPUs. */
uint64_t cpu_online_mask(void);

/* A port that takes interrupts at certain points only (host) defines it. */
#ifndef arch_poll
#define arch_poll() ((void)0)
#endif

static inline void
preempt_disable(void)
{
	arch_current()->preempt++;
	atomic_signal_fence(memory_order_seq_cst);
}

/* Runs the scheduler when it was asked for meanwhile; kernel/sched. */
void preempt_check(void);
/* The same with irqs off before and after, preempt 0; may switch. */
void preempt_check_irq(void);

static inline void
preempt_enable(void)
{
	struct thread_head *t = arch_current();

	atomic_signal_fence(memory_order_seq_cst);
	arch_poll();
	if (--t->preempt == 0 && UNLIKELY(
	    atomic_load_explicit(&t->work, memory_order_relaxed) &
	    (WORK_RESCHED | WORK_RCU)))
		preempt_check();
}

/* As above, where the caller switches or returns to user mode anyway. */
static inline void
preempt_enable_no_check(void)
{
	atomic_signal_fence(memory_order_seq_cst);
	arch_current()->preempt--;
}

static inline bool
preemptible(void)
{
	return arch_current()->preempt == 0 && arch_irqs_on();
}
