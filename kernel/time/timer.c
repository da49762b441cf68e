/* SPDX-License-Identifier: MIT */
/*
 * Timers: per CPU a red-black tree by time, and the hardware armed for the
 * earliest event only.
 *
 * An event is the first timer of the tree, the end of the running thread's
 * slice (time_slice_set) or a sample of what the CPU does, which an idle CPU
 * does not take. The hardware is only ever brought forward: an
 * event that went away leaves an early interrupt behind, which finds nothing
 * due and arms the next one. That saves most programming of the device.
 *
 * Who may touch a timer: t->cpu names the queue it is in; it changes from
 * NULL by compare-and-swap with that queue's lock held, and back to NULL
 * under the same lock. So a timer is in one queue at most, and whoever reads
 * t->cpu and then holds that queue's lock while t->cpu is still the same
 * owns it. The handler runs after the timer left the queue, without the
 * lock, with irqs off; it may free the timer or set it again.
 *
 * Programs choose how often a timer fires, so its interrupts must not take
 * the CPU away from everybody: one runs what was due when it began, and is
 * followed by as much time without one as it took, with what getting in and
 * out of it takes.
 */
#include <kernel/log.h>
#include <kernel/sched.h>

#define SAMPLE_NS (4 * NS_PER_MS)
#define QUIET_MAX_NS (10 * NS_PER_MS) /* the machine itself may be paused */
#define ENTRY_NS     (10 * NS_PER_US) /* in and out, generously */

struct timer_cpu {
	struct spinlock lock; /* RANK_TIMER, irq */
	struct rbroot tree; /* [l] */
	_Atomic(struct ktimer *) running; /* [A] whose handler runs */
	ns_t slice_end; /* [C] */
	ns_t sample_at; /* [C] NS_NEVER: idle at the last one */
	ns_t armed; /* [C] what the hardware is set for */
} ALIGNED(64);

static struct timer_cpu timer_cpus[CPU_MAX];

static struct timer_cpu *
timer_cpu(const struct cpu *c)
{
	return &timer_cpus[c->id];
}

void
ktimer_init(struct ktimer *t, void (*fn)(struct ktimer *t))
{
	rbnode_init(&t->node);
	t->when = 0;
	t->fn = fn;
	atomic_init(&t->cpu, NULL);
	atomic_init(&t->stoppers, 0);
}

static bool
timer_less(const struct rbnode *a, const struct rbnode *b)
{
	return rb_entry(a, struct ktimer, node)->when <
	    rb_entry(b, struct ktimer, node)->when;
}

/* Brings the hardware forward to when; irqs off. */
static void
arm(struct timer_cpu *tc, ns_t when)
{
	if (when >= tc->armed)
		return;
	tc->armed = when;
	arch_timer_set(when);
}

/* True: t went into this CPU's queue, or somebody stops it. False: another CPU
 * was faster. */
static bool
timer_insert(struct ktimer *t, ns_t when)
{
	unsigned long flags = arch_irq_save();
	struct cpu *c = cpu_this();
	struct timer_cpu *tc = timer_cpu(c);
	unsigned long lock_flags = spin_lock_irq(&tc->lock);
	struct cpu *none = NULL;
	bool won = atomic_load(&t->stoppers) != 0;

	if (won)
		goto out;
	won = atomic_compare_exchange_strong_explicit(&t->cpu, &none, c,
	    memory_order_acq_rel, memory_order_relaxed);
	if (won) {
		t->when = when;
		rb_insert(&tc->tree, &t->node, timer_less);
		if (rb_first(&tc->tree) == &t->node)
			arm(tc, when);
	}
out:
	spin_unlock_irq(&tc->lock, lock_flags);
	arch_irq_restore(flags);
	return won;
}

void
ktimer_set(struct ktimer *t, ns_t when)
{
	do {
		ktimer_cancel(t);
	} while (!timer_insert(t, when));
}

bool
ktimer_cancel(struct ktimer *t)
{
	struct cpu *c;

	while ((c = atomic_load_explicit(&t->cpu, memory_order_acquire)) !=
	    NULL) {
		struct timer_cpu *tc = timer_cpu(c);
		unsigned long flags = spin_lock_irq(&tc->lock);
		bool mine = atomic_load_explicit(
		    &t->cpu, memory_order_relaxed) == c;

		if (mine) {
			rb_erase(&tc->tree, &t->node);
			atomic_store_explicit(
			    &t->cpu, NULL, memory_order_release);
		}
		spin_unlock_irq(&tc->lock, flags);
		if (mine)
			return true;
	}
	return false;
}

static bool
handler_runs(const struct ktimer *t)
{
	for (unsigned i = 0; i < cpu_count; i++) {
		if (atomic_load_explicit(&timer_cpus[i].running,
		    memory_order_seq_cst) == t)
			return true;
	}
	return false;
}

/*
 * A handler may set its timer again at any time before its end: looking at the
 * queue and at the handlers by turns could miss it in the one each time. So
 * nobody sets a timer that somebody stops. After the first wait all handlers
 * have ended that may not have known; what they left is cancelled, or fires
 * once more and is waited for.
 */
bool
ktimer_cancel_sync(struct ktimer *t)
{
	bool was;

	atomic_fetch_add(&t->stoppers, 1);
	while (handler_runs(t))
		arch_pause();
	was = ktimer_cancel(t);
	while (!was && handler_runs(t))
		arch_pause();
	atomic_fetch_sub(&t->stoppers, 1);
	return was;
}

/* Runs what is due at now; returns the time of the next timer. */
static ns_t
run_due(struct timer_cpu *tc, ns_t now)
{
	unsigned long flags = spin_lock_irq(&tc->lock);
	ns_t next = NS_NEVER;
	struct ktimer *t;

	while ((t = rb_entry_or_null(
	    rb_first(&tc->tree), struct ktimer, node)) != NULL) {
		if (t->when > now) {
			next = t->when;
			break;
		}
		rb_erase(&tc->tree, &t->node);
		/* running before cpu = NULL: a canceller that no longer finds
		 * it queued must find it running. */
		atomic_store_explicit(&tc->running, t, memory_order_seq_cst);
		atomic_store_explicit(&t->cpu, NULL, memory_order_release);
		spin_unlock_irq(&tc->lock, flags);
		t->fn(t);
		atomic_store_explicit(
		    &tc->running, NULL, memory_order_seq_cst);
		flags = spin_lock_irq(&tc->lock);
	}
	spin_unlock_irq(&tc->lock, flags);
	return next;
}

/* At fixed points of time: what runs often but briefly is met in proportion,
 * which it would not be if the period began with it. */
static ns_t
sample_after(ns_t now)
{
	return (now / SAMPLE_NS + 1) * SAMPLE_NS;
}

void
time_interrupt(void)
{
	struct timer_cpu *tc = timer_cpu(cpu_this());
	ns_t start = time_now(), next, now;

	/* What handlers set is armed at the end: hardware that keeps what
	 * it has fired would interrupt again at once. */
	tc->armed = 0;
	next = run_due(tc, start);
	if (tc->slice_end <= start) {
		tc->slice_end = NS_NEVER;
		sched_tick();
	}
	if (tc->sample_at <= start)
		tc->sample_at = sched_sample() ?
		    sample_after(start) : NS_NEVER;
	tc->armed = NS_NEVER;
	next = MIN(next, MIN(tc->slice_end, tc->sample_at));
	now = time_now();
	if (next == NS_NEVER)
		arch_timer_set(NS_NEVER);
	else
		arm(tc, MAX(next, now + ENTRY_NS +
		    MIN(now - start, QUIET_MAX_NS)));
}

void
time_slice_set(ns_t when)
{
	struct timer_cpu *tc = timer_cpu(cpu_this());

	tc->slice_end = when;
	arm(tc, when);
}

void
time_sample_start(ns_t now)
{
	struct timer_cpu *tc = timer_cpu(cpu_this());

	if (tc->sample_at != NS_NEVER)
		return;
	tc->sample_at = sample_after(now);
	arm(tc, tc->sample_at);
}

void
time_init(void)
{
	for (unsigned i = 0; i < CPU_MAX; i++) {
		struct timer_cpu *tc = &timer_cpus[i];

		spin_init(&tc->lock, RANK_TIMER, "timer queue");
		rb_init(&tc->tree);
		tc->slice_end = NS_NEVER;
		tc->sample_at = NS_NEVER;
		tc->armed = NS_NEVER;
	}
	time_wall_init();
}
