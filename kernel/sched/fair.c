/* SPDX-License-Identifier: MIT */
/*
 * The fair class: earliest eligible virtual deadline first.
 *
 * Source: I. Stoica, H. Abdel-Wahab, "Earliest Eligible Virtual Deadline
 * First", Old Dominion University TR 95-22.
 *
 * Virtual time of a thread runs at real time * 1024 / weight while it is on
 * a CPU. The average of all vruntimes, by weight, is the virtual time of an
 * ideal machine that serves all at once; a thread at or behind the average
 * is owed service: it is eligible. Each thread asks for one slice at a time,
 * its deadline is vruntime + slice / weight, and the eligible thread with
 * the earliest deadline runs. So nobody waits longer than about a slice
 * beyond its fair share, and short slices mean early service.
 *
 * The average is kept as a sum of weight * (vruntime - base): adding,
 * removing and charging are O(1). The tree is ordered by deadline, and each
 * node knows the least vruntime below it, so that the first eligible one is
 * found in O(log n): go left while somebody there is eligible.
 *
 * Who sleeps takes its lag (average - vruntime) along and comes back with
 * it, clamped to about a slice: sleeping neither pays nor costs.
 */
#include "queue.h"

/* 1024 * 1.25 ^ -nice, rounded; a step is about 10 % of a shared CPU. */
static const uint32_t nice_weight[40] = {
	88818, 71054, 56843, 45475, 36380, 29104, 23283, 18626, 14901, 11921,
	9537, 7629, 6104, 4883, 3906, 3125, 2500, 2000, 1600, 1280,
	1024, 819, 655, 524, 419, 336, 268, 215, 172, 137,
	110, 88, 70, 56, 45, 36, 29, 23, 18, 15
};

static struct sched_entity *
entity(struct rbnode *n)
{
	return rb_entry(n, struct sched_entity, node);
}

static void
update_min(struct rbnode *n)
{
	struct sched_entity *se = entity(n);
	uint64_t least = se->vruntime;

	for (unsigned i = 0; i < 2; i++) {
		if (n->child[i] != NULL &&
		    (int64_t)(entity(n->child[i])->min_vruntime - least) < 0)
			least = entity(n->child[i])->min_vruntime;
	}
	se->min_vruntime = least;
}

static const struct rb_augment by_min = { .update = update_min };

static bool
deadline_less(const struct rbnode *a, const struct rbnode *b)
{
	const struct sched_entity *x = rb_entry(a, struct sched_entity, node);
	const struct sched_entity *y = rb_entry(b, struct sched_entity, node);

	return (int64_t)(x->deadline - y->deadline) < 0;
}

static uint64_t
to_virtual(ns_t delta, uint32_t weight)
{
	return LIKELY(weight == WEIGHT_NICE_0) ?
	    delta : delta * WEIGHT_NICE_0 / weight;
}

uint32_t
fair_weight(enum sched_class class, int nice)
{
	return class == SCHED_IDLE ? WEIGHT_IDLE : nice_weight[nice + 20];
}

void
fair_init(struct fair_queue *q)
{
	*q = (struct fair_queue){ .tree = RBROOT_INIT };
}

uint64_t
fair_average(const struct fair_queue *q)
{
	int64_t weight = (int64_t)q->weight, mean;

	if (weight == 0)
		return q->base;
	mean = q->sum / weight;
	if (q->sum % weight < 0)
		mean--;
	return q->base + (uint64_t)mean;
}

static bool
eligible(const struct fair_queue *q, uint64_t vruntime)
{
	return (int64_t)(vruntime - q->base) * (int64_t)q->weight <= q->sum;
}

/* Moves the base to the average, to keep products small. */
static void
rebase(struct fair_queue *q)
{
	uint64_t mean = fair_average(q);

	q->sum -= (int64_t)(mean - q->base) * (int64_t)q->weight;
	q->base = mean;
}

void
fair_enter(struct fair_queue *q, struct sched_entity *se)
{
	int64_t limit = (int64_t)to_virtual(2 * SLICE_NS, se->weight);
	int64_t lag = MAX(-limit, MIN(limit, se->lag));

	rebase(q);
	/* Joining moves the average towards the comer, which would eat part
	 * of its lag: ask for more, so that lag is what remains. */
	if (q->weight != 0)
		lag = lag * (int64_t)(q->weight + se->weight) /
		    (int64_t)q->weight;
	else
		lag = 0;
	se->vruntime = q->base - (uint64_t)lag;
	se->slice = SLICE_NS;
	se->deadline = se->vruntime + to_virtual(se->slice, se->weight);
	q->sum += (int64_t)(se->vruntime - q->base) * (int64_t)se->weight;
	q->weight += se->weight;
}

void
fair_leave(struct fair_queue *q, struct sched_entity *se)
{
	se->lag = (int64_t)(fair_average(q) - se->vruntime);
	q->sum -= (int64_t)(se->vruntime - q->base) * (int64_t)se->weight;
	q->weight -= se->weight;
	if (q->weight == 0)
		q->sum = 0;
}

void
fair_queue(struct fair_queue *q, struct sched_entity *se)
{
	se->min_vruntime = se->vruntime;
	if (q->count++ == 0)
		rb_insert_only(&q->tree, &se->node);
	else
		rb_insert_augmented(
		    &q->tree, &se->node, deadline_less, &by_min);
}

void
fair_unqueue(struct fair_queue *q, struct sched_entity *se)
{
	if (--q->count == 0)
		rb_erase_only(&q->tree, &se->node);
	else
		rb_erase_augmented(&q->tree, &se->node, &by_min);
}

struct sched_entity *
fair_pick(struct fair_queue *q)
{
	struct rbnode *n = q->tree.node;

	if (q->count == 0)
		return NULL;
	if (q->count == 1 || eligible(q, entity(q->tree.leftmost)->vruntime))
		return entity(q->tree.leftmost);
	while (n != NULL) {
		if (n->left != NULL &&
		    eligible(q, entity(n->left)->min_vruntime))
			n = n->left;
		else if (eligible(q, entity(n)->vruntime))
			return entity(n);
		else
			n = n->right;
	}
	/* Only the running one is behind the average. */
	return entity(q->tree.leftmost);
}

bool
fair_charge(struct fair_queue *q, struct sched_entity *se, ns_t delta)
{
	uint64_t v = to_virtual(delta, se->weight);

	se->vruntime += v;
	q->sum += (int64_t)v * (int64_t)se->weight;
	if ((int64_t)(se->vruntime - se->deadline) < 0)
		return false;
	se->deadline = se->vruntime + to_virtual(se->slice, se->weight);
	rebase(q);
	return true;
}

/*
 * A switch costs both threads their warm caches, so a comer must be ahead by
 * a sixth of a slice; and anything goes before the idle class.
 */
bool
fair_preempts(const struct fair_queue *q, const struct sched_entity *woken,
    const struct sched_entity *running)
{
	int64_t ahead = (int64_t)(running->deadline - woken->deadline);

	if (running->class == SCHED_IDLE)
		return woken->class != SCHED_IDLE;
	return woken->class != SCHED_IDLE && ahead > (int64_t)SLICE_NS / 6 &&
	    eligible(q, woken->vruntime);
}
