// uses: kernel/task/pid.c lib/radix.c lib/radix_scan.c
/* SPDX-License-Identifier: MIT */
#include <tests/unit/unit.h>

#undef PROT_READ
#undef PROT_WRITE
#undef PROT_EXEC
#include "../shim.h"

#include <kernel/task/internal.h>

static struct pid_space *
start(void)
{
	shim_start();
	pid_init();
	return pid_space_create();
}

static int
next_id(struct pid_space *ps)
{
	struct pid *p = NULL;
	int n;

	if (pid_alloc(ps, 0, &p) != OK)
		return 0;
	n = p->number;
	pid_unref(p);
	return n;
}

TEST(ids_rise_and_are_found)
{
	struct pid_space *ps = start();
	struct pid *a = NULL, *b = NULL;
	int at = 0;

	EXPECT_EQ(pid_alloc(ps, 0, &a), OK);
	EXPECT_EQ(pid_alloc(ps, 0, &b), OK);
	EXPECT_EQ(a->number, 1);
	EXPECT_EQ(b->number, 2);
	EXPECT(pid_find(ps, 1) == a);
	EXPECT(pid_find(ps, 3) == NULL);
	EXPECT(pid_find(ps, -1) == NULL);
	EXPECT(pid_next(ps, &at) == a);
	EXPECT_EQ(at, 1);
	at = 2;
	EXPECT(pid_next(ps, &at) == b);
	at = 3;
	EXPECT(pid_next(ps, &at) == NULL);
	pid_unref(a);
	EXPECT(pid_find(ps, 1) == NULL);
	pid_unref(b);
	pid_space_free(ps);
	shim_rcu_run();
	EXPECT_EQ(shim_blocks, 0);
}

TEST(an_id_is_kept_while_somebody_bears_it)
{
	struct pid_space *ps = start();
	struct pid *a = NULL, *again = NULL;

	EXPECT_EQ(pid_alloc(ps, 0, &a), OK);
	pid_ref(a);
	pid_unref(a);
	EXPECT(pid_find(ps, 1) == a);
	EXPECT_EQ(pid_alloc(ps, 1, &again), ERR_EXISTS);
	pid_unref(a);
	EXPECT_EQ(pid_alloc(ps, 1, &again), OK);
	pid_unref(again);
	EXPECT_EQ(pid_alloc(ps, PID_MAX, &again), ERR_INVAL);
	pid_space_free(ps);
	shim_rcu_run();
}

TEST(freed_ids_come_back_late)
{
	struct pid_space *ps = start();

	for (int i = 1; i < 200 * (int)PID_BLOCK; i++)
		EXPECT_EQ(next_id(ps), i);
	pid_space_free(ps);
	shim_rcu_run();
	EXPECT_EQ(shim_blocks, 0);
}

TEST(numbers_wrap_and_skip_those_in_use)
{
	struct pid_space *ps = start();
	struct pid *two = NULL, *last = NULL;

	EXPECT_EQ(pid_alloc(ps, 2, &two), OK);
	EXPECT_EQ(pid_alloc(ps, PID_MAX - 1, &last), OK);
	ps->next = PID_BLOCKS - 1;
	for (int i = PID_MAX - (int)PID_BLOCK; i < PID_MAX - 1; i++)
		EXPECT_EQ(next_id(ps), i);
	EXPECT_EQ(next_id(ps), 3); /* 1 is only for init, 2 is in use */
	pid_unref(two);
	pid_unref(last);
	pid_space_free(ps);
	shim_rcu_run();
	EXPECT_EQ(shim_blocks, 0);
}

TEST(full_blocks_are_skipped)
{
	struct pid_space *ps = start();
	static struct pid *p[20 * PID_BLOCK];
	unsigned n = ARRAY_LEN(p);

	for (unsigned i = 0; i < n; i++)
		EXPECT_EQ(pid_alloc(ps, 0, &p[i]), OK);
	pid_unref(p[99]); /* number 100 */
	ps->next = 0;
	ps->cpus[0].at = PID_BLOCK;
	EXPECT_EQ(next_id(ps), 100);
	EXPECT_EQ(next_id(ps), (int)n + 1);
	for (unsigned i = 0; i < n; i++) {
		if (i != 99)
			pid_unref(p[i]);
	}
	pid_space_free(ps);
	shim_rcu_run();
	EXPECT_EQ(shim_blocks, 0);
}

TEST(each_cpu_has_a_block_of_its_own)
{
	struct pid_space *ps = start();
	struct pid *p[3] = { NULL }, *all;
	int at = 0;

	for (unsigned i = 0; i < ARRAY_LEN(p); i++) {
		cpus[i].id = i;
		host_current->cpu = &cpus[i];
		EXPECT_EQ(pid_alloc(ps, 0, &p[i]), OK);
	}
	EXPECT_EQ(p[0]->number, 1);
	EXPECT_EQ(p[1]->number, (int)PID_BLOCK);
	EXPECT_EQ(p[2]->number, 2 * (int)PID_BLOCK);
	for (unsigned i = 0; i < ARRAY_LEN(p); i++) {
		all = pid_next(ps, &at);
		EXPECT(all == p[i]);
		at++;
	}
	EXPECT(pid_next(ps, &at) == NULL);
	/* One that another CPU gives back, and one that was asked for. */
	pid_unref(p[1]);
	EXPECT_EQ(pid_alloc(ps, (int)PID_BLOCK + 1, &p[1]), OK);
	host_current->cpu = &cpus[1];
	EXPECT_EQ(next_id(ps), (int)PID_BLOCK + 2);
	host_current->cpu = &cpus[0];
	for (unsigned i = 0; i < ARRAY_LEN(p); i++)
		pid_unref(p[i]);
	pid_space_free(ps);
	shim_rcu_run();
	EXPECT_EQ(shim_blocks, 0);
}

TEST(no_memory_is_reported_and_leaves_nothing)
{
	for (long at = 1; at < 4; at++) {
		struct pid_space *ps = start();
		struct pid *p = NULL;
		long before = shim_blocks;

		shim_fail_at = at;
		(void)!pid_alloc(ps, 70, &p); /* fails at some point */
		shim_fail_at = 0;
		if (p != NULL)
			pid_unref(p);
		shim_rcu_run();
		EXPECT_EQ(shim_blocks, before);
		EXPECT(pid_find(ps, 70) == NULL);
		pid_space_free(ps);
	}
}
