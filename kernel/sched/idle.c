/* SPDX-License-Identifier: MIT */
/*
 * CPUs: start-up and the idle loop.
 *
 * The idle thread of a CPU is the one it started on. It runs when nothing
 * else can, tries to steal work, and waits for an interrupt. Where threads came
 * soon lately it looks for the next one for a moment before, since waking from
 * a wait takes longer than many a wait for a pipe's other end.
 *
 * Why no thread is left waiting in the queue of a sleeping CPU: who enqueues
 * sets WORK_RESCHED on the idle thread and sends an IPI. The loop looks at
 * the flag with irqs off, and an IPI that comes after makes arch_wait()
 * return at once. There is none when WORK_POLLING was set beside it: the loop
 * takes that away first and then looks.
 */
#include <kernel/log.h>
#include <kernel/mm.h>

#include "queue.h"

#define START_LIMIT_NS (2 * NS_PER_SEC)

/* How long to look, where the mean of what it would have taken is less; of
 * longer waits, which may be anything, so much counts. */
#define POLL_NS       (20 * NS_PER_US)
#define POLL_MEAN_NS  (2 * POLL_NS)
#define IDLE_COUNT_NS (8 * POLL_NS)

struct cpu cpus[CPU_MAX];
HOT_DATA unsigned cpu_count;
struct run_queue *run_queues[CPU_MAX];
atomic_uint_fast64_t sched_idle_cpus, sched_polling_cpus;

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
	atomic_init(&rq->idle_mean, IDLE_COUNT_NS);
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

static ns_t
idle_mean(const struct run_queue *rq)
{
	return atomic_load_explicit(&rq->idle_mean, memory_order_relaxed);
}

void
idle_ended(struct run_queue *rq, ns_t length)
{
	ns_t mean = idle_mean(rq);

	/* It ends when the thread comes, not when the CPU switches to it. */
	if (atomic_load_explicit(&rq->queued, memory_order_relaxed) == 0)
		atomic_store_explicit(&rq->idle_mean, mean - mean / 4 +
		    MIN(length, IDLE_COUNT_NS) / 4, memory_order_relaxed);
}

/* Looks for work, with irqs on meanwhile; true: there is some. irqs off. */
static bool
idle_poll(struct run_queue *rq)
{
	struct thread_head *idle = &rq->idle->head;
	uint64_t bit = UINT64_C(1) << rq->cpu;
	ns_t end = time_now() + POLL_NS;
	unsigned work;

	idle->preempt = 1; /* the end of an interrupt is no place to leave */
	atomic_fetch_or_explicit(
	    &idle->work, WORK_POLLING, memory_order_seq_cst);
	atomic_fetch_or_explicit(
	    &sched_polling_cpus, bit, memory_order_seq_cst);
	arch_irq_enable();
	do {
		arch_pause();
		work = atomic_load_explicit(&idle->work, memory_order_relaxed);
	} while (!(work & (WORK_RESCHED | WORK_RCU)) && time_now() < end);
	arch_irq_disable();
	atomic_fetch_and_explicit(
	    &sched_polling_cpus, ~bit, memory_order_seq_cst);
	work = atomic_fetch_and_explicit(
	    &idle->work, ~WORK_POLLING, memory_order_seq_cst);
	idle->preempt = 0;
	return (work & (WORK_RESCHED | WORK_RCU)) != 0;
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
		} else if (cpu_count == 1 || idle_mean(rq) >= POLL_MEAN_NS ||
		    !idle_poll(rq)) {
			idle_wait(rq);
		}
		/* Pending interrupts are taken between the two. */
		arch_irq_enable();
		arch_pause();
		arch_irq_disable();
	}
}
