/* SPDX-License-Identifier: MIT */
/*
 * Work stealing: a CPU that has nothing to run takes a waiting thread from
 * the CPU with the longest queue. Only one queue is locked at a time; between
 * the two the thread is READY, in no queue, and already belongs to the thief,
 * so whoever wants its lock meets the thief there.
 *
 * Balance: a CPU where threads wait, and only there slices end, gives one of
 * them to a CPU with fewer threads, every BALANCE_NS. One fewer is enough: of
 * three threads on two CPUs, two would have half of what the third has, for
 * ever. So the surplus goes round. Who came last stays: 1 2 | 3 gives 2, then
 * 1 | 3 2 gives 3, then 1 3 | 2 gives 1: each is alone a third of the time.
 * Weights do not count here.
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
choose_fair(struct run_queue *from, const struct run_queue *rq,
    const struct thread *except)
{
	struct rbnode *n = rb_last(&from->fair.tree);

	for (unsigned tries = 0; n != NULL && tries < 16; tries++) {
		struct thread *t = thread_of(
		    rb_entry(n, struct sched_entity, node));

		if (t != except && may_take(rq, t))
			return t;
		n = rb_prev(n);
	}
	return NULL;
}

static struct thread *
choose_victim(struct run_queue *from, const struct run_queue *rq)
{
	if (from->rt.count != 0) {
		struct thread *t = thread_of(rt_pick(&from->rt));

		if (may_take(rq, t))
			return t;
	}
	return choose_fair(from, rq, NULL);
}

/* t waits in from, whose lock is held and dropped. */
static void
move(struct run_queue *from, struct thread *t, struct run_queue *to, ns_t now)
{
	rq_unqueue(from, t);
	rq_leave(from, t, now);
	thread_set_cpu(t, to->cpu);
	spin_unlock_raw(&from->lock);

	spin_lock_raw(&to->lock);
	rq_enter(to, t, now);
	to->newcomer = t;
	to->balanced = now;
	rq_notice(to, t, false);
	spin_unlock_raw(&to->lock);
}

bool
steal(struct run_queue *rq)
{
	struct run_queue *from = busiest(rq);
	struct thread *t;

	if (from == NULL)
		return false;
	spin_lock_raw(&from->lock);
	t = choose_victim(from, rq);
	if (t == NULL) {
		spin_unlock_raw(&from->lock);
		return false;
	}
	move(from, t, rq, time_now());
	return true;
}

/* Who may be given to the CPU with the fewest threads, of equal ones the next
 * after ours; NULL: nobody. q held. */
static struct thread *
choose_gift(struct run_queue *rq, struct run_queue **to)
{
	unsigned best = atomic_load_explicit(
	    &rq->runnable, memory_order_relaxed);
	struct thread *gift = NULL;

	for (unsigned i = 1; i < CPU_MAX; i++) {
		struct run_queue *other = run_queues[(rq->cpu + i) % CPU_MAX];
		struct thread *t;
		unsigned n;

		if (other == NULL)
			continue;
		n = atomic_load_explicit(
		    &other->runnable, memory_order_relaxed);
		if (n >= best)
			continue;
		t = choose_fair(rq, other, rq->newcomer);
		if (t != NULL) {
			best = n;
			gift = t;
			*to = other;
		}
	}
	return gift;
}

void
balance(struct run_queue *rq, ns_t now)
{
	struct run_queue *to = NULL;
	struct thread *t;

	spin_lock_raw(&rq->lock);
	t = choose_gift(rq, &to);
	if (t == NULL) {
		/* Perhaps who may go runs just now: after the next slice. */
		spin_unlock_raw(&rq->lock);
		return;
	}
	rq->balanced = now;
	rq->newcomer = NULL;
	move(rq, t, to, now);
}
