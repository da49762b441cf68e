/* SPDX-License-Identifier: MIT */
/*
 * Changing how a thread is scheduled: class, niceness, allowed CPUs.
 *
 * A change takes the thread out of its queue, or out of the accounts if it
 * runs, changes it, and puts it back, so that the sums stay right.
 */
#include "queue.h"

struct change {
	enum sched_class class;
	unsigned priority;
	int nice;
};

static void
apply(struct thread *t, const struct change *ch)
{
	t->se.class = ch->class;
	t->se.priority = (uint8_t)ch->priority;
	t->se.nice = (int8_t)ch->nice;
	t->se.weight = fair_weight(ch->class, ch->nice);
	t->se.lag = 0;
}

static void
change(struct thread *t, const struct change *ch)
{
	unsigned long flags = arch_irq_save();
	struct run_queue *rq = rq_lock_of(t);
	bool queued = t->se.queued, current = t == rq->current;

	rq_charge(rq, time_now());
	if (queued)
		rq_unqueue(rq, t);
	if ((queued || current) && !class_is_rt(t->se.class))
		fair_leave(&rq->fair, &t->se);
	apply(t, ch);
	if ((queued || current) && !class_is_rt(t->se.class))
		fair_enter(&rq->fair, &t->se);
	if (queued) {
		rq_queue(rq, t, false);
		rq_notice(rq, t, false);
	} else if (current) {
		rq_resched(rq);
	}
	spin_unlock_raw(&rq->lock);
	arch_irq_restore(flags);
	preempt_check();
}

enum err
sched_set_class(struct thread *t, enum sched_class class, unsigned priority)
{
	struct change ch = { class, priority, t->se.nice };

	if (class_is_rt(class) ? priority < 1 || priority >= RT_LEVELS :
	    priority != 0)
		return ERR_INVAL;
	change(t, &ch);
	return OK;
}

enum err
sched_set_nice(struct thread *t, int nice)
{
	struct change ch = { t->se.class, t->se.priority, nice };

	if (nice < -20 || nice > 19)
		return ERR_INVAL;
	change(t, &ch);
	return OK;
}

enum err
sched_set_affinity(struct thread *t, uint64_t mask)
{
	struct run_queue *rq;
	unsigned long flags;
	bool move = false;

	if ((mask & cpu_online_mask()) == 0)
		return ERR_INVAL;
	flags = arch_irq_save();
	rq = rq_lock_of(t);
	t->se.affinity = mask;
	if (!(mask >> rq->cpu & 1)) {
		move = t->se.queued;
		if (move) {
			ns_t now = time_now();

			rq_charge(rq, now);
			rq_unqueue(rq, t);
			rq_leave(rq, t, now);
		} else if (t == rq->current) {
			rq_resched(rq);
		}
	}
	spin_unlock_raw(&rq->lock);
	if (move)
		place(t, false);
	arch_irq_restore(flags);
	preempt_check();
	return OK;
}
