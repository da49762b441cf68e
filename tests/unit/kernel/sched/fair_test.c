// uses: kernel/sched/fair.c lib/rbtree.c
/* SPDX-License-Identifier: MIT */
#include <tests/unit/unit.h>

#undef PROT_READ
#undef PROT_WRITE
#undef PROT_EXEC
#include "../shim.h"

#include <kernel/sched/queue.h>
#include <lib/random.h>

#define TURN (100 * NS_PER_US)

static void
entity_init(struct sched_entity *se, int nice)
{
	memset(se, 0, sizeof(*se));
	rbnode_init(&se->node);
	se->weight = fair_weight(SCHED_FAIR, nice);
	se->nice = (int8_t)nice;
}

/* Runs the queue for turns of TURN; adds what each got to got[]. */
static void
run(struct fair_queue *q, struct sched_entity *all, uint64_t *got,
    unsigned turns)
{
	for (unsigned i = 0; i < turns; i++) {
		struct sched_entity *se = fair_pick(q);

		fair_unqueue(q, se);
		(void)fair_charge(q, se, TURN);
		got[se - all] += TURN;
		fair_queue(q, se);
	}
}

static void
join(struct fair_queue *q, struct sched_entity *se)
{
	fair_enter(q, se);
	fair_queue(q, se);
}

TEST(an_empty_queue_has_nobody)
{
	struct fair_queue q;

	fair_init(&q);
	EXPECT(fair_pick(&q) == NULL);
	EXPECT_EQ(fair_average(&q), 0);
}

TEST(equal_threads_get_equal_time)
{
	struct sched_entity se[7];
	uint64_t got[7] = { 0 };
	struct fair_queue q;

	fair_init(&q);
	for (unsigned i = 0; i < 7; i++) {
		entity_init(&se[i], 0);
		join(&q, &se[i]);
	}
	run(&q, se, got, 7 * 1000);
	for (unsigned i = 0; i < 7; i++) {
		EXPECT(got[i] + 2 * SLICE_NS > 1000 * TURN);
		EXPECT(got[i] < 1000 * TURN + 2 * SLICE_NS);
	}
}

TEST(time_goes_by_weight)
{
	struct sched_entity se[3];
	uint64_t got[3] = { 0 };
	struct fair_queue q;

	fair_init(&q);
	for (unsigned i = 0; i < 3; i++) {
		entity_init(&se[i], (int)i * 5);
		join(&q, &se[i]);
	}
	run(&q, se, got, 100000);
	for (unsigned i = 0; i < 3; i++) {
		uint64_t share = (uint64_t)100000 * TURN * se[i].weight /
		    (se[0].weight + se[1].weight + se[2].weight);

		EXPECT(got[i] > share * 98 / 100);
		EXPECT(got[i] < share * 102 / 100);
	}
}

/* The bound that the paper proves: nobody is ever off its ideal share by
 * more than about a slice. */
TEST(lag_stays_within_a_slice)
{
	struct sched_entity se[10];
	uint64_t got[10] = { 0 };
	struct fair_queue q;

	fair_init(&q);
	for (unsigned i = 0; i < 10; i++) {
		entity_init(&se[i], (int)(i % 4) - 2);
		join(&q, &se[i]);
	}
	for (unsigned turn = 0; turn < 5000; turn++) {
		run(&q, se, got, 1);
		for (unsigned i = 0; i < 10; i++) {
			int64_t lag = (int64_t)(fair_average(&q) -
			    se[i].vruntime) * se[i].weight / WEIGHT_NICE_0;

			EXPECT(lag < (int64_t)(SLICE_NS + 2 * TURN));
			EXPECT(lag > -(int64_t)(SLICE_NS + 2 * TURN));
		}
	}
}

TEST(a_sleeper_neither_gains_nor_loses_much)
{
	struct sched_entity se[2];
	uint64_t got[2] = { 0 }, before;
	struct fair_queue q;

	fair_init(&q);
	for (unsigned i = 0; i < 2; i++) {
		entity_init(&se[i], 0);
		join(&q, &se[i]);
	}
	run(&q, se, got, 100);
	fair_unqueue(&q, &se[1]);
	fair_leave(&q, &se[1]);
	run(&q, se, got, 10000); /* a long sleep */
	join(&q, &se[1]);
	before = got[0];
	run(&q, se, got, 1000);
	/* Half of it each, and not a second of arrears. */
	EXPECT(got[0] - before > 400 * TURN);
	EXPECT(got[0] - before < 600 * TURN);
}

TEST(a_newcomer_waits_for_one_slice_of_each_at_most)
{
	struct sched_entity se[20];
	uint64_t got[20] = { 0 };
	struct fair_queue q;
	unsigned turns = 0;

	fair_init(&q);
	for (unsigned i = 0; i < 19; i++) {
		entity_init(&se[i], 0);
		join(&q, &se[i]);
	}
	run(&q, se, got, 5000);
	entity_init(&se[19], 0);
	join(&q, &se[19]);
	while (got[19] == 0) {
		run(&q, se, got, 1);
		turns++;
	}
	EXPECT(turns * TURN <= 20 * SLICE_NS);
}

TEST(idle_class_gives_way)
{
	struct sched_entity se[2];
	struct fair_queue q;

	fair_init(&q);
	entity_init(&se[0], 0);
	se[0].class = SCHED_IDLE;
	se[0].weight = fair_weight(SCHED_IDLE, 0);
	entity_init(&se[1], 0);
	fair_enter(&q, &se[0]); /* it runs */
	join(&q, &se[1]);
	EXPECT(fair_preempts(&q, &se[1], &se[0]));
	EXPECT(!fair_preempts(&q, &se[0], &se[1]));
}

TEST(sums_return_to_zero)
{
	struct sched_entity se[50];
	uint64_t got[50] = { 0 };
	bool in[50] = { false };
	struct fair_queue q;
	struct prng r;
	unsigned count = 0;

	prng_seed(&r, 7);
	fair_init(&q);
	for (unsigned i = 0; i < 50; i++)
		entity_init(&se[i], (int)(i % 40) - 20);
	for (unsigned step = 0; step < 20000; step++) {
		unsigned i = (unsigned)prng_below(&r, 50);

		if (in[i]) {
			fair_unqueue(&q, &se[i]);
			fair_leave(&q, &se[i]);
			count--;
		} else {
			join(&q, &se[i]);
			count++;
		}
		in[i] = !in[i];
		EXPECT_EQ(q.count, count);
		if (count > 0)
			run(&q, se, got, 3);
	}
	for (unsigned i = 0; i < 50; i++) {
		if (in[i]) {
			fair_unqueue(&q, &se[i]);
			fair_leave(&q, &se[i]);
		}
	}
	EXPECT_EQ(q.weight, 0);
	EXPECT_EQ(q.sum, 0);
	EXPECT(rb_empty(&q.tree));
}
