/* SPDX-License-Identifier: MIT */
/* The tree of tasks while all of it changes at once: kernel/task/tree.c. */
#include "threads.h"

#define FAMILIES 4
#define ROUNDS   6
#define MIDDLE   4 /* tasks of a round that leave children behind */
#define YOUNG    3 /* their children */

static atomic_uint started[FAMILIES], reaped[FAMILIES];

/* Numbers of groups that others may send signals to. */
static atomic_int groups[FAMILIES];

static void
young(void *arg)
{
	int sid = 0;

	atomic_fetch_add(&started[(uintptr_t)arg % FAMILIES], 1);
	if ((uintptr_t)arg / FAMILIES == 1)
		EXPECT_OK(task_setsid(&sid));
	else if ((uintptr_t)arg / FAMILIES == 2)
		sleep_ms(1);
}

/* Its children end before it, at once with it, and after it. */
static void
middle(void *arg)
{
	const uintptr_t family = (uintptr_t)arg;

	EXPECT_OK(task_setpgid(0, 0));
	atomic_store(&groups[family], task_current()->pgid);
	for (uintptr_t i = 0; i < YOUNG; i++)
		EXPECT_OK(test_task_start(task_current(), young,
		    (void *)(family + i * FAMILIES), NULL));
}

static void
poke_groups(void)
{
	const struct sig_info winch = { .number = SIG_WINCH,
		.code = SIGC_USER };
	const struct sig_info cont = { .number = SIG_CONT,
		.code = SIGC_USER };

	for (unsigned i = 0; i < FAMILIES; i++) {
		int group = atomic_load(&groups[i]);

		/* Who is in it, if anybody, may have ended already. */
		err_ignore(signal_group(group, &winch));
		err_ignore(signal_group(group, &cont));
		(void)session_has_group(group);
	}
}

static void
reap_all(uintptr_t family)
{
	const struct wait_request any = { .pid = -1, .flags = WAITF_EXITED };
	struct wait_result r = { 0 };
	int last = 0;

	while (task_wait(&any, &r) == OK) {
		EXPECT(r.pid != last && r.status == 0);
		last = r.pid;
		atomic_fetch_add(&reaped[family], 1);
	}
}

/* Adopts what middle() leaves. */
static void
head_of_family(void *arg)
{
	const uintptr_t family = (uintptr_t)arg;

	task_current()->child_subreaper = true;
	for (unsigned round = 0; round < ROUNDS; round++) {
		for (unsigned i = 0; i < MIDDLE; i++)
			EXPECT_OK(test_task_start(
			    task_current(), middle, arg, NULL));
		poke_groups();
		reap_all(family);
	}
}

static void
run_family(struct crew *c UNUSED, unsigned number)
{
	test_task_run(head_of_family, (void *)(uintptr_t)number);
}

KTEST(task_tree_loses_nobody_while_all_of_it_changes)
{
	struct crew c = { .fn = run_family };

	for (unsigned i = 0; i < FAMILIES; i++) {
		atomic_store(&started[i], 0);
		atomic_store(&reaped[i], 0);
	}
	crew_run(&c, FAMILIES);
	for (unsigned i = 0; i < FAMILIES; i++) {
		EXPECT(atomic_load(&started[i]) == ROUNDS * MIDDLE * YOUNG);
		EXPECT(atomic_load(&reaped[i]) ==
		    ROUNDS * MIDDLE * (YOUNG + 1));
	}
}

/* ---- threads of one task ------------------------------------------------ */

static atomic_uint waiters, waited;

static void
end_at_once(void *arg UNUSED)
{
}

static void
fork_and_wait(void *arg UNUSED)
{
	const struct wait_request any = { .pid = -1, .flags = WAITF_EXITED };
	struct wait_result r = { 0 };

	for (unsigned i = 0; i < 24; i++) {
		EXPECT_OK(test_task_start(
		    task_current(), end_at_once, NULL, NULL));
		if (task_wait(&any, &r) == OK)
			atomic_fetch_add(&waited, 1);
	}
	atomic_fetch_sub(&waiters, 1);
}

static void
parent_of_threads(void *arg UNUSED)
{
	atomic_store(&waiters, 4);
	atomic_store(&waited, 0);
	for (unsigned i = 0; i < 4; i++)
		EXPECT_OK(test_thread_start(fork_and_wait, NULL));
	while (atomic_load(&waiters) > 0)
		sleep_ms(1);
	/* Every child once: nobody waits in vain, none is got twice. */
	EXPECT(atomic_load(&waited) == 4 * 24);
	EXPECT(!task_current()->reports);
}

KTEST(task_threads_that_wait_get_each_child_once)
{
	test_task_run(parent_of_threads, NULL);
}

/* ---- a child's end that continues its parent ----------------------------- */

static atomic_bool may_end;

static void
ends_with_cont(void *arg UNUSED)
{
	task_current()->exit_signal = SIG_CONT;
	while (!atomic_load(&may_end))
		sleep_ms(1);
}

static void
stops_and_goes_on(void *arg UNUSED)
{
	struct task *t = task_current();
	struct sig_info info;
	struct sig_action act;

	EXPECT_OK(test_task_start(t, ends_with_cont, NULL, NULL));
	for (;;) {
		err_ignore(wait_until(&t->exit_waitq, false, WAIT_SIGNALS));
		(void)signal_next(&info, &act);
		signal_work_done(thread_current());
	}
}

static void
send_number(struct task *t, int number)
{
	const struct sig_info info = { .number = number, .code = SIGC_USER };

	EXPECT_OK(signal_send(t, &info));
}

static void
watcher(void *arg UNUSED)
{
	struct wait_result r = { 0 };
	struct wait_request req = { .pid = -1, .flags = WAITF_STOPPED };
	struct task *t = NULL;

	task_current()->child_subreaper = true;
	atomic_store(&may_end, false);
	EXPECT_OK(test_task_start(
	    task_current(), stops_and_goes_on, NULL, &t));
	send_number(t, SIG_STOP);
	EXPECT_OK(task_wait(&req, &r));
	EXPECT(r.status == (SIG_STOP << 8 | 0x7f));
	atomic_store(&may_end, true);
	req.flags = WAITF_CONTINUED;
	EXPECT_OK(task_wait(&req, &r));
	EXPECT(r.pid == t->pid && r.status == 0xffff);
	send_number(t, SIG_KILL);
	req.flags = WAITF_EXITED | WAITF_ALL;
	while (task_wait(&req, &r) == OK)
		;
	task_unref(t);
}

KTEST(task_a_childs_end_may_continue_its_parent)
{
	test_task_run(watcher, NULL);
}
