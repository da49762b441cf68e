/* SPDX-License-Identifier: MIT */
/*
 * CPUs: start-up and the idle loop.
 *
 * The idle thread of a CPU is the one it started on. It runs when nothing
 * else can, tries to steal work, and waits for an interrupt.
 *
 * Why no thread is left waiting in the queue of a sleeping CPU: who enqueues
 * sets WORK_RESCHED on the idle thread and sends an IPI. The loop looks at
 * the flag with irqs off, and an IPI that comes after makes arch_wait()
 * return at once.
 */
#include <kernel/log.h>
#include <kernel/mm.h>

#include "queue.h"

#define START_LIMIT_NS (2 * NS_PER_SEC)

struct cpu cpus[CPU_MAX];
unsigned cpu_count;
struct run_queue *run_queues[CPU_MAX];
atomic_uint_fast64_t sched_idle_cpus;

static atomic_uint_fast64_t online;
static struct run_queue boot_queue;

uint64_t
cpu_online_mask(void)
{
	return atomic_load_explicit(&online, memory_order_acquire);
}

uint64_t
sched_idle_mask(void)
{
	return atomic_load_explicit(&sched_idle_cpus, memory_order_seq_cst);
}

static void
queue_init(struct run_queue *rq, struct cpu *c, struct thread *idle)
{
	spin_init(&rq->lock, RANK_RUNQUEUE, "run queue");
	rq->cpu = c->id;
	rq->idle = idle;
	rq->current = idle;
	rq->prev = idle;
	fair_init(&rq->fair);
	rt_init(&rq->rt);
	rq->load_stamp = time_now();
	c->rq = rq;
	c->idle = &idle->head;
}

static void
cpu_join(struct cpu *c)
{
	run_queues[c->id] = c->rq;
	c->rq->current->se.exec_start = time_now();
	c->rq->load_stamp = time_now();
	cpu_count++;
	atomic_fetch_or_explicit(
	    &online, UINT64_C(1) << c->id, memory_order_seq_cst);
}

void
sched_init(void)
{
	for (unsigned i = 0; i < CPU_MAX; i++)
		cpus[i].id = i;
	thread_idle_init(&boot_thread, 0);
	queue_init(&boot_queue, &cpus[0], &boot_thread);
	cpu_join(&cpus[0]);
}

void
sched_init_cpu(struct cpu *c)
{
	cpu_join(c);
}

enum err
sched_start_cpu(unsigned cpu)
{
	struct cpu *c = &cpus[cpu];
	struct run_queue *rq = NULL;
	struct thread *idle = NULL;
	vaddr_t stack = 0;
	ns_t limit;
	enum err e = ERR_NOMEM;

	stack = kstack_alloc();
	idle = kzalloc(sizeof(*idle));
	rq = kzalloc(sizeof(*rq));
	if (stack == 0 || idle == NULL || rq == NULL)
		goto out;
	idle->head.kstack_top = stack;
	idle->head.cpu = c;
	thread_idle_init(idle, cpu);
	queue_init(rq, c, idle);
	e = arch_cpu_start(cpu, &idle->head, stack);
	if (e != OK)
		goto out;
	/* From here on the CPU may use all of it, however late it comes. */
	limit = time_now() + START_LIMIT_NS;
	while (!(cpu_online_mask() >> cpu & 1)) {
		if (time_now() > limit)
			return ERR_TIMEDOUT;
		arch_pause();
	}
	return OK;
out:
	kfree(rq, sizeof(*rq));
	kfree(idle, sizeof(*idle));
	if (stack != 0)
		kstack_free(stack);
	return e;
}

/* Waits for an interrupt, marked as idle; irqs off. */
static void
idle_wait(struct run_queue *rq)
{
	uint64_t bit = UINT64_C(1) << rq->cpu;

	atomic_fetch_or_explicit(&sched_idle_cpus, bit, memory_order_seq_cst);
	if (!(atomic_load_explicit(&rq->idle->head.work,
	    memory_order_seq_cst) & WORK_RESCHED))
		arch_wait();
	sched_wait_end();
}

/* Before irqs come on or a handler runs: handlers may be RCU readers. */
void
sched_wait_end(void)
{
	atomic_fetch_and_explicit(&sched_idle_cpus,
	    ~(UINT64_C(1) << cpu_id()), memory_order_seq_cst);
}

NORETURN void
sched_idle_loop(void)
{
	struct run_queue *rq;

	arch_irq_disable();
	if (!(cpu_online_mask() >> cpu_id() & 1))
		sched_init_cpu(cpu_this());
	rq = rq_this();
	arch_current()->preempt = 0;
	for (;;) {
		unsigned work = atomic_load_explicit(
		    &rq->idle->head.work, memory_order_relaxed);
		bool ready = atomic_load_explicit(
		    &rq->queued, memory_order_relaxed) > 0;

		if (work & WORK_RCU)
			rcu_quiescent();
		if (!ready && !(work & WORK_RESCHED))
			ready = steal(rq);
		if (ready || (work & WORK_RESCHED)) {
			atomic_fetch_or_explicit(&rq->idle->head.work,
			    WORK_RESCHED, memory_order_relaxed);
			sched_preempt();
		} else {
			idle_wait(rq);
		}
		/* Pending interrupts are taken between the two. */
		arch_irq_enable();
		arch_pause();
		arch_irq_disable();
	}
}
