/* SPDX-License-Identifier: MIT */
/*
 * RCU: readers turn preemption off; a grace period is over when every CPU
 * has been seen outside of a read section once.
 *
 * No tick helps here. The callback thread starts a grace period by sending
 * an IPI to each CPU that is neither idle nor its own. The IPI finds the CPU
 *	- in user mode or in preemptible code: quiescent, its bit is cleared;
 *	- in a read section: WORK_RCU is set, and the preempt_enable() that
 *	  ends the section, the next context switch, or the way to user mode
 *	  clears the bit (rcu_quiescent).
 * The CPU of the callback thread is quiescent as such: the thread runs in
 * preemptible code and came there by a context switch.
 *
 * Idle CPUs. The idle loop sets its bit in cpus_idle with irqs off, waits,
 * and clears it before it turns irqs on, so handlers never read while the
 * bit is set. Ordering: the writer unlinks, full barrier, reads cpus_idle;
 * the CPU clears its bit (full barrier), then reads. If the writer saw the
 * bit set, the CPU's reads come after the unlinking.
 *
 * Callbacks wait in per-CPU lists. The first one arms a timer of DELAY_NS,
 * so that a grace period is shared by many; BATCH callbacks or somebody who
 * waits (rcu_sync, rcu_barrier) start it at once.
 */
#include <kernel/log.h>
#include <kernel/task.h>

#define DELAY_NS (20 * NS_PER_MS)
#define RETRY_NS (10 * NS_PER_MS)
#define BATCH    512

struct rcu_cpu {
	struct spinlock lock; /* raw, irqs off */
	struct rcu_head *first, **tail; /* [l] */
	atomic_uint count; /* [l], read by anybody */
} ALIGNED(64);

static struct {
	struct rcu_cpu cpu[CPU_MAX];
	struct waitq thread_waitq; /* the callback thread */
	struct waitq grace_waitq; /* it, for rcu_waiting to become 0 */
	struct ktimer timer;
	atomic_uint timer_armed; /* [A] */
	atomic_uint kick; /* [A] the thread should start now */
	bool running; /* [I] after rcu_init */
} rcu = {
	.thread_waitq = WAITQ_INIT(rcu.thread_waitq),
	.grace_waitq = WAITQ_INIT(rcu.grace_waitq),
};

HOT_DATA struct rcu_waiting rcu_waiting;

static void
kick_thread(void)
{
	atomic_store_explicit(&rcu.kick, 1, memory_order_seq_cst);
	waitq_wake(&rcu.thread_waitq, 0);
}

static void
timer_fired(struct ktimer *t UNUSED)
{
	atomic_store_explicit(&rcu.timer_armed, 0, memory_order_seq_cst);
	kick_thread();
}

void
rcu_call(struct rcu_head *head, void (*fn)(struct rcu_head *))
{
	unsigned long flags = arch_irq_save();
	struct rcu_cpu *c = &rcu.cpu[cpu_id()];
	unsigned count;

	head->next = NULL;
	head->fn = fn;
	spin_lock_raw(&c->lock);
	if (c->first == NULL)
		c->tail = &c->first;
	*c->tail = head;
	c->tail = &head->next;
	count = atomic_fetch_add_explicit(
	    &c->count, 1, memory_order_relaxed) + 1;
	spin_unlock_raw(&c->lock);
	arch_irq_restore(flags);

	if (count == BATCH)
		kick_thread();
	else if (rcu.running &&
	    !atomic_load_explicit(&rcu.timer_armed, memory_order_relaxed) &&
	    !atomic_exchange_explicit(
	    &rcu.timer_armed, 1, memory_order_seq_cst))
		ktimer_set(&rcu.timer, time_now() + DELAY_NS);
}

/* ---- quiescence -------------------------------------------------------- */

void
rcu_quiescent(void)
{
	struct thread_head *t = arch_current();
	unsigned long flags = arch_irq_save();
	uint64_t bit = UINT64_C(1) << t->cpu->id;
	uint64_t old;

	atomic_fetch_and_explicit(
	    &t->work, ~WORK_RCU, memory_order_relaxed);
	/* Release: the reads of the section are done before. */
	old = atomic_fetch_and_explicit(
	    &rcu_waiting.cpus, ~bit, memory_order_seq_cst);
	if (old == bit)
		waitq_wake(&rcu.grace_waitq, 0);
	arch_irq_restore(flags);
}

void
rcu_ipi(void)
{
	struct thread_head *t = arch_current();
	uint64_t waiting = atomic_load_explicit(
	    &rcu_waiting.cpus, memory_order_seq_cst);

	if (LIKELY(!(waiting >> t->cpu->id & 1)))
		return;
	if (t->preempt == 0)
		rcu_quiescent();
	else
		atomic_fetch_or_explicit(
		    &t->work, WORK_RCU, memory_order_relaxed);
}

/* CPUs that may be in a read section which began before now. */
static uint64_t
busy_cpus(void)
{
	uint64_t mask;

	atomic_thread_fence(memory_order_seq_cst);
	mask = cpu_online_mask();
	mask &= ~sched_idle_mask();
	preempt_disable();
	mask &= ~(UINT64_C(1) << cpu_id());
	preempt_enable();
	return mask;
}

static void
grace_period(void)
{
	uint64_t mask = busy_cpus();

	if (mask == 0)
		return;
	atomic_store_explicit(&rcu_waiting.cpus, mask, memory_order_seq_cst);
	while (mask != 0) {
		arch_ipi(mask);
		err_ignore(wait_until_deadline(&rcu.grace_waitq,
		    atomic_load_explicit(&rcu_waiting.cpus,
		    memory_order_seq_cst) == 0, WAIT_DEEP,
		    time_now() + RETRY_NS));
		/* One that went idle is quiescent and takes no IPI's word. */
		mask = atomic_load_explicit(
		    &rcu_waiting.cpus, memory_order_seq_cst) & busy_cpus();
		if (mask == 0)
			atomic_store_explicit(
			    &rcu_waiting.cpus, 0, memory_order_seq_cst);
	}
}

/* ---- callbacks --------------------------------------------------------- */

static struct rcu_head *
take_callbacks(void)
{
	struct rcu_head *all = NULL, **tail = &all;

	for (unsigned i = 0; i < CPU_MAX; i++) {
		struct rcu_cpu *c = &rcu.cpu[i];
		unsigned long flags = arch_irq_save();

		spin_lock_raw(&c->lock);
		if (c->first != NULL) {
			*tail = c->first;
			tail = c->tail;
			c->first = NULL;
			atomic_store_explicit(
			    &c->count, 0, memory_order_relaxed);
		}
		spin_unlock_raw(&c->lock);
		arch_irq_restore(flags);
	}
	return all;
}

static void
rcu_thread(void *arg UNUSED)
{
	for (;;) {
		struct rcu_head *h, *next;

		err_ignore(wait_until(&rcu.thread_waitq,
		    atomic_exchange_explicit(
		    &rcu.kick, 0, memory_order_seq_cst), WAIT_DEEP));
		h = take_callbacks();
		if (h == NULL)
			continue;
		grace_period();
		for (; h != NULL; h = next) {
			next = h->next;
			h->fn(h);
		}
	}
}

struct rcu_waiter {
	struct rcu_head head;
	struct thread *thread;
	atomic_uint done;
};

static void
waiter_done(struct rcu_head *h)
{
	struct rcu_waiter *w = container_of(h, struct rcu_waiter, head);
	struct thread *t = w->thread;

	/* Keeps t from going away between the two steps. */
	rcu_read_lock();
	atomic_store_explicit(&w->done, 1, memory_order_seq_cst);
	sched_wake(t, false);
	rcu_read_unlock();
}

void
rcu_sync(void)
{
	struct rcu_waiter w = { .thread = thread_current() };

	/* In a callback this would wait for itself. */
	DASSERT(thread_current()->kernel_fn != rcu_thread);
	rcu_call(&w.head, waiter_done);
	kick_thread();
	err_ignore(wait_flag(&w.done, WAIT_DEEP, NS_NEVER));
}

static bool
none_waits(void)
{
	for (unsigned i = 0; i < CPU_MAX; i++) {
		if (atomic_load_explicit(
		    &rcu.cpu[i].count, memory_order_relaxed) != 0)
			return false;
	}
	return true;
}

/*
 * Lists are taken all at once and run in one thread, CPU by CPU, so after
 * two rounds whatever was queued before the first has run. Callbacks that
 * queue others (an object that releases the next) are followed for a while.
 */
void
rcu_barrier(void)
{
	rcu_sync();
	rcu_sync();
	for (unsigned i = 0; i < 8 && !none_waits(); i++)
		rcu_sync();
}

void
rcu_init(void)
{
	ktimer_init(&rcu.timer, timer_fired);
}

void
rcu_start(void)
{
	if (thread_kernel("rcu", rcu_thread, NULL) != OK)
		panic("no memory for the rcu thread");
	rcu.running = true;
	kick_thread(); /* for what was queued before */
}
