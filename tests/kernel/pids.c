/* SPDX-License-Identifier: MIT */
/* Ids, taken and given back on all CPUs at once. */
#include <kernel/container.h>
#include <lib/random.h>

#include "../../kernel/task/internal.h"
#include "threads.h"

#define THREADS 6
#define KEPT    (PID_BLOCK + PID_BLOCK / 2) /* more than a block */
#define TURNS   2000
#define MOST    (1u << 16) /* no number gets there: nothing wraps */

static struct {
	struct pid_space *ids;
	struct pid *kept[THREADS][KEPT];
	_Atomic(uint64_t) borne[MOST / 64];
	atomic_uint wrong;
} s;

static void
wrong_if(bool is)
{
	if (is)
		atomic_fetch_add(&s.wrong, 1);
}

static void
take(struct pid **slot)
{
	struct pid *p = NULL;
	unsigned n;

	if (pid_alloc(s.ids, 0, &p) != OK) {
		wrong_if(true);
		return;
	}
	n = (unsigned)p->number;
	wrong_if(n >= MOST || (atomic_fetch_or(&s.borne[n % MOST / 64],
	    UINT64_C(1) << n % 64) >> n % 64 & 1) != 0);
	*slot = p;
}

static void
give(struct pid **slot)
{
	unsigned n = (unsigned)(*slot)->number;

	rcu_read_lock();
	wrong_if(pid_find(s.ids, (int)n) != *slot);
	rcu_read_unlock();
	atomic_fetch_and(
	    &s.borne[n % MOST / 64], ~(UINT64_C(1) << n % 64));
	pid_unref(*slot);
	*slot = NULL;
}

/* Every thread gives back what its neighbour's CPU may have handed out, too:
 * threads move between CPUs. */
static void
turns(struct crew *c UNUSED, unsigned me)
{
	struct prng rnd;
	int at;

	prng_seed(&rnd, me + 1);
	for (unsigned i = 0; i < TURNS; i++) {
		struct pid **slot = &s.kept[me][prng_below(&rnd, KEPT)];

		if (*slot == NULL)
			take(slot);
		else
			give(slot);
		at = (int)prng_below(&rnd, 1000);
		rcu_read_lock();
		(void)pid_next(s.ids, &at);
		rcu_read_unlock();
	}
}

KTEST(ids_are_borne_by_one_whichever_cpu_gave_them)
{
	struct crew c = { .fn = turns };
	int at = 1;

	atomic_store(&s.wrong, 0);
	s.ids = pid_space_create();
	EXPECT(s.ids != NULL);
	crew_run(&c, THREADS);
	EXPECT(atomic_load(&s.wrong) == 0);
	for (unsigned i = 0; i < THREADS; i++)
		for (unsigned k = 0; k < KEPT; k++)
			if (s.kept[i][k] != NULL)
				give(&s.kept[i][k]);
	EXPECT(atomic_load(&s.wrong) == 0);
	rcu_read_lock();
	EXPECT(pid_next(s.ids, &at) == NULL);
	rcu_read_unlock();
	pid_space_free(s.ids);
	rcu_barrier();
}
