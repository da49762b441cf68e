/* SPDX-License-Identifier: MIT */
/*
 * Costs that must not grow with the number of things there are: the check
 * build counts turns of loops (STEP in <kernel/trace.h>), and these tests
 * compare few with many. docs/scaling.md has the measured curves.
 */
#include "ipc_help.h"
#include "threads.h"
#include "vfs_help.h"

#include <kernel/trace.h>
#include <lib/fmt.h>

extern struct counter carmine_counter_start[], carmine_counter_end[];

/* What a counter of steps says now. */
static unsigned long
steps(const char *name)
{
	for (struct counter *c = carmine_counter_start;
	     c < carmine_counter_end; c++) {
		if (strcmp(c->name, name) == 0)
			return atomic_load(&c->value);
	}
	ktest_fail(name, __FILE__, __LINE__);
	return 0;
}

/* ---- waiting for children ----------------------------------------------- */

#define CHILDREN 60u
#define WAIT_STEPS "wait: children looked at"

static atomic_bool children_may_end;

static void
until_told(void *arg UNUSED)
{
	while (!atomic_load(&children_may_end))
		sleep_ms(2);
}

static void
wait_for(int pid, unsigned flags, int want, unsigned most)
{
	const struct wait_request req = { .pid = pid, .flags = flags };
	struct wait_result r = { 0 };
	unsigned long before = steps(WAIT_STEPS);

	EXPECT_OK(task_wait(&req, &r));
	EXPECT(r.pid == want);
	EXPECT(steps(WAIT_STEPS) - before <= most);
}

static void
end_at_once(void *arg UNUSED)
{
}

static void
parent_of_sleepers(void *arg UNUSED)
{
	struct task *last = NULL, *t = NULL;
	struct wait_result r = { 0 };
	const struct wait_request any = { -1, WAITF_EXITED };

	atomic_store(&children_may_end, false);
	for (unsigned i = 0; i < CHILDREN; i++) {
		task_unref(last);
		EXPECT_OK(test_task_start(
		    task_current(), until_told, NULL, &last));
	}
	wait_for(-1, WAITF_EXITED | WAITF_NOHANG, 0, 2);
	wait_for(last->pid, WAITF_EXITED | WAITF_NOHANG, 0, 2);
	EXPECT_OK(test_task_start(task_current(), end_at_once, NULL, &t));
	wait_for(-1, WAITF_EXITED, t->pid, 8);
	task_unref(t);
	EXPECT_OK(test_task_start(task_current(), end_at_once, NULL, &t));
	wait_for(t->pid, WAITF_EXITED, t->pid, 8);
	task_unref(t);
	atomic_store(&children_may_end, true);
	/* Two looks, and one at each end of a child meanwhile. */
	wait_for(last->pid, WAITF_EXITED, last->pid, CHILDREN * 2);
	task_unref(last);
	for (unsigned i = 1; i < CHILDREN; i++)
		EXPECT_OK(task_wait(&any, &r));
	EXPECT(task_wait(&any, &r) == ERR_NOCHILD);
}

KTEST(scaling_wait_looks_at_few_children)
{
	test_task_run(parent_of_sleepers, NULL);
}

/* ---- wake-ups ----------------------------------------------------------- */

#define READERS 60u

struct herd {
	struct file *r, *w;
	atomic_uint asleep, got;
};

static void
read_to_the_end(struct crew *c, unsigned number)
{
	struct herd *h = c->arg;
	unsigned long before;
	size_t done = 0;
	char byte;

	if (number < READERS) {
		atomic_fetch_add(&h->asleep, 1);
		while (get_n(h->r, &byte, 1, &done) == OK && done == 1)
			atomic_fetch_add(&h->got, 1);
		return;
	}
	while (atomic_load(&h->asleep) < READERS)
		sleep_ms(1);
	sleep_ms(5);
	before = steps("waitq: entries woken");
	EXPECT(put_text(h->w, "x"));
	EXPECT(steps("waitq: entries woken") - before < READERS / 2);
	while (atomic_load(&h->got) < 1)
		sleep_ms(1);
	/* One write for several readers: each wakes the next. */
	EXPECT(put_text(h->w, "yyyyyyyy"));
	while (atomic_load(&h->got) < 9)
		sleep_ms(1);
	file_unref(h->w);
}

KTEST(scaling_a_write_wakes_one_reader_of_many)
{
	struct herd h = { 0 };
	struct crew c = { .fn = read_to_the_end, .arg = &h };

	EXPECT_OK(pipe_create(0, &h.r, &h.w));
	crew_run(&c, READERS + 1);
	EXPECT(atomic_load(&h.got) == 9);
	file_unref(h.r);
}

/* ---- mounts ------------------------------------------------------------- */

#define MOUNTS	    1000u
#define MOUNT_STEPS "mounts: looked at"

static const char *
mount_place_name(char *buf, size_t size, unsigned i)
{
	snprintf(buf, size, "/t/m%u", i);
	return buf;
}

/* The steps of one walk to a mount and of taking it away. */
static unsigned long
unmount_steps(unsigned i)
{
	unsigned long before = steps(MOUNT_STEPS);
	char name[32];
	struct path p;

	EXPECT_OK(vfs_walk(NULL, mount_place_name(name, sizeof(name), i), 0,
	    &p));
	EXPECT_OK(vfs_unmount(&p, 0));
	path_unref(&p);
	return steps(MOUNT_STEPS) - before;
}

KTEST(scaling_many_mounts_are_found_at_once)
{
	unsigned long sum = 0;
	struct path from, at;
	char name[32];

	test_begin();
	EXPECT_OK(vfs_walk(NULL, "/t", 0, &from));
	for (unsigned i = 0; i < MOUNTS; i++) {
		EXPECT_OK(make_dir(mount_place_name(name, sizeof(name), i)));
		EXPECT_OK(vfs_walk(NULL, name, 0, &at));
		EXPECT_OK(vfs_bind(&from, &at, false));
		path_unref(&at);
	}
	for (unsigned i = 0; i < MOUNTS; i++)
		sum += unmount_steps(i);
	/* Three looks at chains of about one. */
	EXPECT(sum < MOUNTS * 12ul);
	path_unref(&from);
	test_end();
}
