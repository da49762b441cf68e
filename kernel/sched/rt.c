/* SPDX-License-Identifier: MIT */
/*
 * The real-time classes: a list for each priority, the highest first. FIFO
 * threads run until they sleep or yield; round-robin ones go to the end of
 * their list after a slice (switch.c).
 */
#include "queue.h"

#include <lib/bits.h>

void
rt_init(struct rt_queue *q)
{
	q->levels[0] = 0;
	q->levels[1] = 0;
	q->count = 0;
	for (unsigned i = 0; i < RT_LEVELS; i++)
		list_init(&q->list[i]);
}

void
rt_queue(struct rt_queue *q, struct sched_entity *se, bool front)
{
	unsigned p = se->priority;

	if (front)
		list_add(&q->list[p], &se->rt_link);
	else
		list_add_tail(&q->list[p], &se->rt_link);
	q->levels[p / 64] |= UINT64_C(1) << p % 64;
	q->count++;
}

void
rt_unqueue(struct rt_queue *q, struct sched_entity *se)
{
	unsigned p = se->priority;

	list_del(&se->rt_link);
	if (list_empty(&q->list[p]))
		q->levels[p / 64] &= ~(UINT64_C(1) << p % 64);
	q->count--;
}

unsigned
rt_top(const struct rt_queue *q)
{
	if (q->levels[1] != 0)
		return 64 + log2_floor(q->levels[1]);
	return q->levels[0] != 0 ? log2_floor(q->levels[0]) : 0;
}

struct sched_entity *
rt_pick(struct rt_queue *q)
{
	DASSERT(q->count != 0);
	return list_first(&q->list[rt_top(q)], struct sched_entity, rt_link);
}
