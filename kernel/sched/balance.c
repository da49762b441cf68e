/* SPDX-License-Identifier: MIT */
/*
 * Work stealing: a CPU that has nothing to run takes a waiting thread from
 * the CPU with the longest queue. Only one queue is locked at a time; between
 * the two the thread is READY, in no queue, and already belongs to the thief,
 * so whoever wants its lock meets the thief there.
 */
#include "queue.h"

static struct run_queue *
busiest(const struct run_queue *rq)
{
	struct run_queue *most = NULL;
	unsigned best = 0;

	for (unsigned i = 0; i < CPU_MAX; i++) {
		struct run_queue *other = run_queues[i];
		unsigned n;

		if (other == NULL || other == rq)
			continue;
		n = atomic_load_explicit(&other->queued, memory_order_relaxed);
		if (n > best) {
			best = n;
			most = other;
		}
	}
	return most;
}

static bool
may_take(const struct run_queue *rq, const struct thread *t)
{
	return (t->se.affinity >> rq->cpu & 1) != 0;
}

/* The waiting thread that would have to wait longest; a few are tried. */
static struct thread *
choose_victim(struct run_queue *from, const struct run_queue *rq)
{
	struct rbnode *n = rb_last(&from->fair.tree);
	struct sched_entity *se = rt_pick(&from->rt);

	if (se != NULL && may_take(rq, thread_of(se)))
		return thread_of(se);
	for (unsigned tries = 0; n != NULL && tries < 16; tries++) {
		struct thread *t = thread_of(
		    rb_entry(n, struct sched_entity, node));

		if (may_take(rq, t))
			return t;
		n = rb_prev(n);
	}
	return NULL;
}

bool
steal(struct run_queue *rq)
{
	struct run_queue *from = busiest(rq);
	struct thread *t;
	ns_t now;

	if (from == NULL)
		return false;
	spin_lock_raw(&from->lock);
	t = choose_victim(from, rq);
	if (t == NULL) {
		spin_unlock_raw(&from->lock);
		return false;
	}
	now = time_now();
	rq_unqueue(from, t);
	rq_leave(from, t, now);
	thread_set_cpu(t, rq->cpu);
	spin_unlock_raw(&from->lock);

	spin_lock_raw(&rq->lock);
	rq_enter(rq, t, now);
	spin_unlock_raw(&rq->lock);
	return true;
}
