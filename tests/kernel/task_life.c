/* SPDX-License-Identifier: MIT */
/* Tasks: exit, wait, orphans, groups, limits, ids. */
#include <kernel/cputime.h>

#include "threads.h"

static enum err
wait_any(unsigned flags, struct wait_result *r)
{
	const struct wait_request req = { .pid = -1, .flags = flags };

	return task_wait(&req, r);
}

static void
exit_seven(void *arg UNUSED)
{
	task_exit(7 << 8);
}

static void
parent_of_many(void *arg UNUSED)
{
	struct wait_result r = { 0 };
	unsigned seen = 0;

	EXPECT(wait_any(WAITF_EXITED, &r) == ERR_NOCHILD);
	for (unsigned i = 0; i < 10; i++)
		EXPECT_OK(test_task_start(
		    task_current(), exit_seven, NULL, NULL));
	while (wait_any(WAITF_EXITED, &r) == OK) {
		EXPECT(r.status == 7 << 8);
		EXPECT(r.pid > 0);
		seen++;
	}
	EXPECT(seen == 10);
}

KTEST(task_wait_reaps_each_child_once)
{
	test_task_run(parent_of_many, NULL);
}

static void
sleep_a_little(void *arg UNUSED)
{
	sleep_ms(5);
}

static atomic_bool first_may_end;

static void
end_when_told(void *arg UNUSED)
{
	while (!atomic_load(&first_may_end))
		sleep_ms(1);
}

static void
parent_by_pid(void *arg UNUSED)
{
	struct wait_result r = { 0 };
	struct wait_request req = { .flags = WAITF_EXITED | WAITF_NOHANG };
	struct task *a = NULL, *b = NULL, *found = NULL;

	atomic_store(&first_may_end, false);
	EXPECT_OK(test_task_start(task_current(), end_when_told, NULL, &a));
	EXPECT_OK(test_task_start(task_current(), exit_seven, NULL, &b));
	req.pid = a->pid;
	EXPECT_OK(task_wait(&req, &r));
	EXPECT(r.pid == 0);
	atomic_store(&first_may_end, true);
	req.flags = WAITF_EXITED | WAITF_NOWAIT;
	req.pid = b->pid;
	EXPECT_OK(task_wait(&req, &r));
	EXPECT(r.pid == b->pid && r.status == 7 << 8);
	EXPECT_OK(task_find(b->pid, &found)); /* a zombie still has its id */
	task_unref(found);
	req.flags = WAITF_EXITED;
	EXPECT_OK(task_wait(&req, &r));
	EXPECT(task_find(b->pid, &found) == ERR_NOTASK);
	EXPECT(task_wait(&req, &r) == ERR_NOCHILD);
	req.pid = a->pid;
	EXPECT_OK(task_wait(&req, &r));
	EXPECT(r.pid == a->pid && r.status == 0);
	EXPECT(a->pid != b->pid);
	task_unref(a);
	task_unref(b);
}

KTEST(task_wait_for_one_child)
{
	test_task_run(parent_by_pid, NULL);
}

static atomic_uint grandchildren;

static void
grandchild(void *arg UNUSED)
{
	sleep_ms(10);
	EXPECT(task_current()->parent == (struct task *)arg);
	atomic_fetch_add(&grandchildren, 1);
}

static void
child_that_leaves(void *reaper)
{
	EXPECT_OK(test_task_start(task_current(), grandchild, reaper, NULL));
}

static void
subreaper(void *arg UNUSED)
{
	struct wait_result r = { 0 };

	task_current()->child_subreaper = true;
	EXPECT_OK(test_task_start(
	    task_current(), child_that_leaves, task_current(), NULL));
	EXPECT_OK(wait_any(WAITF_EXITED, &r));
	EXPECT_OK(wait_any(WAITF_EXITED, &r));
	EXPECT(wait_any(WAITF_EXITED, &r) == ERR_NOCHILD);
}

KTEST(task_orphans_go_to_the_subreaper)
{
	atomic_store(&grandchildren, 0);
	test_task_run(subreaper, NULL);
	EXPECT(atomic_load(&grandchildren) == 1);
}

static void
session_leader(void *arg UNUSED)
{
	struct task *self = task_current();
	struct wait_result r = { 0 };
	struct task *child = NULL;
	int sid = 0;

	EXPECT_OK(task_setsid(&sid));
	EXPECT(sid == self->pid && self->pgid == sid);
	EXPECT(task_sid(self) == sid);
	EXPECT(task_setsid(&sid) == ERR_PERM);
	EXPECT(task_setpgid(0, 0) == ERR_PERM); /* leaders stay */
	EXPECT_OK(test_task_start(self, sleep_a_little, NULL, &child));
	EXPECT(child->pgid == sid);
	EXPECT_OK(task_setpgid(child->pid, 0));
	EXPECT(child->pgid == child->pid);
	EXPECT(session_has_group(child->pid));
	EXPECT(!session_has_group(child->pid + 1));
	EXPECT(task_setpgid(child->pid, child->pid + 1) == ERR_PERM);
	EXPECT_OK(task_setpgid(child->pid, sid));
	EXPECT(!session_has_group(child->pid));
	EXPECT_OK(wait_any(WAITF_EXITED, &r));
	task_unref(child);
}

KTEST(task_groups_and_sessions)
{
	test_task_run(session_leader, NULL);
}

KTEST(task_a_full_container_refuses)
{
	struct container *c = container_root;
	long max = atomic_load(&c->max[LIMIT_TASKS]);
	struct thread *t = NULL;

	atomic_store(&c->max[LIMIT_TASKS], atomic_load(&c->used[LIMIT_TASKS]));
	EXPECT(task_spawn(&kernel_task, &t) == ERR_QUOTA);
	atomic_store(&c->max[LIMIT_TASKS], max);
}

static void
limits(void *arg UNUSED)
{
	struct task *t = task_current();
	struct rlimit_pair p = { 5, 4 };

	/* The kernel's children begin with the defaults. */
	EXPECT(!cpu_time_is_watched(t));
	EXPECT(t->rlimits[RLIM_CPU].hard == UINT64_MAX);
	EXPECT(t->rlimits[RLIM_STACK].soft == MIB(8));
	EXPECT(task_rlimit(t, RLIM_NOFILE, &p, NULL) == ERR_INVAL);
	p = (struct rlimit_pair){ 10, UINT64_MAX };
	EXPECT(task_rlimit(t, RLIM_NOFILE, &p, NULL) == ERR_PERM);
	p = (struct rlimit_pair){ 10, 20 };
	EXPECT_OK(task_rlimit(t, RLIM_NOFILE, &p, NULL));
	EXPECT(handle_table_limit(t->handles) == 10);
}

KTEST(task_limits_reach_those_who_enforce_them)
{
	test_task_run(limits, NULL);
}

/* Many short lives at once; the leak check is the point. */
static void
fork_storm(void *arg UNUSED)
{
	struct wait_result r = { 0 };

	for (unsigned round = 0; round < 8; round++) {
		for (unsigned i = 0; i < 8; i++)
			EXPECT_OK(test_task_start(
			    task_current(), exit_seven, NULL, NULL));
		for (unsigned i = 0; i < 8; i++)
			EXPECT_OK(wait_any(WAITF_EXITED, &r));
	}
}

static void
storm_member(struct crew *c UNUSED, unsigned number UNUSED)
{
	test_task_run(fork_storm, NULL);
}

KTEST(task_a_storm_of_children_leaves_nothing)
{
	struct crew c = { .fn = storm_member };

	crew_run(&c, 4);
}
