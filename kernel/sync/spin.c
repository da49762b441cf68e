/* SPDX-License-Identifier: MIT */
/*
 * Spinlocks: the parts that are not inline, and the checked forms.
 *
 * A lock is one word that a comer swaps for 1. It is not handed on in the
 * order of coming on purpose: Carmine is a guest first, and a host that runs
 * another guest CPU than the one whose turn it is makes everybody wait for a
 * time slice. With tickets and 4 CPUs on 2 cores, threads that fought for one
 * address space did 200 context switches a second. Critical sections are
 * short, so nobody starves; what is held for long is a mutex.
 *
 * The fast forms are inline in <kernel/sync.h>; BUILD=check replaces them by
 * the functions here, which tell the lock checker.
 */
#include <kernel/sync.h>

void
spin_init(struct spinlock *l, enum lock_rank rank UNUSED,
    const char *name UNUSED)
{
	*l = (struct spinlock)SPIN_INIT(rank, name);
}

bool
spin_is_locked(const struct spinlock *l)
{
	return atomic_load_explicit(&l->held, memory_order_relaxed) != 0;
}

#if CARMINE_CHECK
static struct thread_head *
holder(const struct spinlock *l)
{
	return atomic_load_explicit(&l->holder, memory_order_relaxed);
}

static void
set_holder(struct spinlock *l, struct thread_head *t)
{
	atomic_store_explicit(&l->holder, t, memory_order_relaxed);
}
#endif

NO_LOCK_ANALYSIS bool
spin_trylock(struct spinlock *l)
{
	preempt_disable();
	if (atomic_exchange_explicit(&l->held, 1, memory_order_acquire) != 0) {
		preempt_enable();
		return false;
	}
	lockcheck_take(l, LOCK_RANK(l), LOCK_NAME(l), true);
	SPIN_SET_HOLDER(l, arch_current());
	return true;
}

#if CARMINE_CHECK

#include <kernel/log.h>

/* A lock that interrupt handlers take must never be held with irqs on. */
#define LOCK_USE_IRQ     1u /* was taken inside an interrupt */
#define LOCK_USE_IRQS_ON 2u /* was taken where interrupts may come */
#define LOCK_USE_TOLD    4u

static void
irq_use_check(struct spinlock *l)
{
	unsigned use = 0, now;

	if (cpu_this()->irq_depth > 0)
		use = LOCK_USE_IRQ;
	else if (arch_irqs_on())
		use = LOCK_USE_IRQS_ON;
	now = atomic_load_explicit(&l->irq_use, memory_order_relaxed);
	if ((now & use) == use)
		return;
	now |= use;
	if ((now & 3) == 3)
		now |= LOCK_USE_TOLD;
	/* Noted before it is told: the console has a lock, too. */
	now &= ~atomic_fetch_or_explicit(
	    &l->irq_use, now, memory_order_relaxed);
	if (now & LOCK_USE_TOLD) {
		log_raw("lock order: %s is taken in interrupts and with "
		    "interrupts on\n", l->name);
		backtrace_print();
	}
}

static void
spin_lock_checked(struct spinlock *l)
{
	ASSERT(holder(l) != arch_current() || !spin_is_locked(l));
	irq_use_check(l);
	lockcheck_take(l, l->rank, l->name, false);
	spin_lock_raw(l);
	set_holder(l, arch_current());
}

static void
spin_unlock_checked(struct spinlock *l)
{
	ASSERT(holder(l) == arch_current());
	set_holder(l, NULL);
	lockcheck_drop(l);
	spin_unlock_raw(l);
}

NO_LOCK_ANALYSIS void
spin_lock(struct spinlock *l)
{
	preempt_disable();
	spin_lock_checked(l);
}

NO_LOCK_ANALYSIS void
spin_unlock(struct spinlock *l)
{
	spin_unlock_checked(l);
	preempt_enable();
}

NO_LOCK_ANALYSIS unsigned long
spin_lock_irq(struct spinlock *l)
{
	unsigned long flags = arch_irq_save();

	preempt_disable();
	spin_lock_checked(l);
	return flags;
}

NO_LOCK_ANALYSIS void
spin_unlock_irq(struct spinlock *l, unsigned long flags)
{
	spin_unlock_checked(l);
	arch_irq_restore(flags);
	preempt_enable();
}

#endif
