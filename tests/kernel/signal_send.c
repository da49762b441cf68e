/* SPDX-License-Identifier: MIT */
/* Signals: pending sets, masks, waits, kills, stops. */
#include "threads.h"

static const struct sig_info user_usr1 = {
	.number = SIG_USR1, .code = SIGC_USER, .pid = 42
};

static void
send_number(struct task *t, int number)
{
	const struct sig_info info = { .number = number, .code = SIGC_USER };

	EXPECT_OK(signal_send(t, &info));
}

static void
pending(void *arg UNUSED)
{
	struct task *t = task_current();
	struct sig_info info = { 0 };
	struct sig_action act = { 0 };

	signal_mask_set(SIG_BIT(SIG_USR1) | SIG_BIT(SIG_RT_MIN) |
	    SIG_BIT(SIG_KILL));
	EXPECT(!(signal_mask() & SIG_BIT(SIG_KILL)));
	EXPECT_OK(signal_send(t, &user_usr1));
	EXPECT_OK(signal_send(t, &user_usr1));
	send_number(t, SIG_RT_MIN);
	send_number(t, SIG_RT_MIN);
	EXPECT(!signal_pending(thread_current()));
	EXPECT(signal_pending_set(thread_current()) ==
	    (SIG_BIT(SIG_USR1) | SIG_BIT(SIG_RT_MIN)));
	EXPECT(!signal_next(&info, &act));

	/* Plain ones are pending once, the others queue. */
	EXPECT(signal_dequeue(thread_current(), ~UINT64_C(0), &info));
	EXPECT(info.number == SIG_USR1 && info.pid == 42);
	EXPECT_OK(signal_take(SIG_BIT(SIG_RT_MIN), &info, NS_NEVER));
	EXPECT_OK(signal_take(SIG_BIT(SIG_RT_MIN), &info, NS_NEVER));
	EXPECT(signal_take(SIG_BIT(SIG_RT_MIN), &info,
	    time_now() + NS_PER_MS) == ERR_AGAIN);
}

KTEST(signal_blocked_ones_wait)
{
	test_task_run(pending, NULL);
}

static void
handlers(void *arg UNUSED)
{
	struct task *t = task_current();
	struct sig_action act = {
		.handler = 0x1000,
		.mask = SIG_BIT(SIG_USR2),
		.flags = SIGACT_RESETHAND,
	}, old = { 0 };
	struct sig_info info = { 0 };

	EXPECT(signal_action(SIG_KILL, &act, NULL) == ERR_INVAL);
	EXPECT(signal_action(SIG_MAX + 1, NULL, &old) == ERR_INVAL);
	EXPECT_OK(signal_action(SIG_USR1, &act, NULL));
	send_number(t, SIG_USR1);
	EXPECT(signal_pending(thread_current()));
	EXPECT(wait_until(&t->exit_waitq, false, WAIT_SIGNALS) ==
	    ERR_RESTART);
	EXPECT(signal_next(&info, &act));
	EXPECT(info.number == SIG_USR1 && act.handler == 0x1000);
	signal_frame_done(SIG_USR1, &act);
	EXPECT(signal_mask() == (SIG_BIT(SIG_USR1) | SIG_BIT(SIG_USR2)));
	EXPECT_OK(signal_action(SIG_USR1, NULL, &old));
	EXPECT(old.handler == SIG_HANDLER_DEFAULT); /* it was reset */

	/* What is ignored is not even kept, unless it is blocked. */
	send_number(t, SIG_WINCH);
	EXPECT(signal_pending_set(thread_current()) == 0);
	signal_mask_set(SIG_BIT(SIG_WINCH));
	send_number(t, SIG_WINCH);
	EXPECT(signal_pending_set(thread_current()) == SIG_BIT(SIG_WINCH));
	signal_mask_set(0);
	EXPECT(!signal_next(&info, &act));
}

KTEST(signal_handlers_and_masks)
{
	test_task_run(handlers, NULL);
}

static void
wait_mask(void *arg UNUSED)
{
	struct thread *t = thread_current();

	signal_mask_set(SIG_BIT(SIG_USR1));
	signal_mask_for_wait(SIG_BIT(SIG_USR2));
	EXPECT(signal_mask() == SIG_BIT(SIG_USR2));
	signal_work_done(t); /* no handler ran */
	EXPECT(signal_mask() == SIG_BIT(SIG_USR1));
	signal_mask_for_wait(0);
	EXPECT(signal_mask_to_save() == SIG_BIT(SIG_USR1));
	signal_work_done(t); /* the frame has the mask now */
	EXPECT(signal_mask() == 0);
}

KTEST(signal_masks_of_waits_are_put_back)
{
	test_task_run(wait_mask, NULL);
}

/* ---- two tasks --------------------------------------------------------- */

static void
look_at_signals(void)
{
	struct sig_info info;
	struct sig_action act;

	(void)signal_next(&info, &act);
	signal_work_done(thread_current());
}

/* Sleeps as a program would: comes back to look at its signals. */
static void
sleeper(void *arg UNUSED)
{
	struct task *t = task_current();

	for (;;) {
		err_ignore(wait_until(&t->exit_waitq, false, WAIT_SIGNALS));
		look_at_signals();
	}
}

static int
status_of(struct task *t, unsigned flags)
{
	const struct wait_request req = { .pid = t->pid, .flags = flags };
	struct wait_result r = { 0 };

	EXPECT_OK(task_wait(&req, &r));
	return r.status;
}

static void
killer(void *arg UNUSED)
{
	static const int numbers[] = { SIG_KILL, SIG_TERM, SIG_INT, SIG_RT_MIN };

	for (unsigned i = 0; i < ARRAY_LEN(numbers); i++) {
		struct task *t = NULL;

		EXPECT_OK(test_task_start(task_current(), sleeper, NULL, &t));
		sleep_ms(i); /* asleep, and on its way */
		send_number(t, numbers[i]);
		EXPECT(status_of(t, WAITF_EXITED) == numbers[i]);
		task_unref(t);
	}
}

KTEST(signal_fatal_ones_end_the_task)
{
	test_task_run(killer, NULL);
}

static void
stopper(void *arg UNUSED)
{
	struct task *t = NULL;
	int sid = 0;

	EXPECT_OK(task_setsid(&sid));
	EXPECT_OK(test_task_start(task_current(), sleeper, NULL, &t));
	send_number(t, SIG_STOP);
	EXPECT(status_of(t, WAITF_STOPPED) == (SIG_STOP << 8 | 0x7f));
	send_number(t, SIG_CONT);
	EXPECT(status_of(t, WAITF_CONTINUED) == 0xffff);
	/* TSTP stops only where somebody could continue it. */
	EXPECT_OK(task_setpgid(t->pid, 0));
	EXPECT(!task_group_orphaned(t));
	send_number(t, SIG_TSTP);
	EXPECT(status_of(t, WAITF_STOPPED) == (SIG_TSTP << 8 | 0x7f));
	send_number(t, SIG_TERM); /* a fatal one gets through a stop */
	EXPECT(status_of(t, WAITF_EXITED) == SIG_TERM);
	task_unref(t);
}

KTEST(signal_stop_and_continue)
{
	test_task_run(stopper, NULL);
}

static void
leaves_stopped_child(void *arg)
{
	struct task **out = arg;
	int sid = 0;

	EXPECT_OK(task_setsid(&sid));
	EXPECT_OK(test_task_start(task_current(), sleeper, NULL, out));
	EXPECT_OK(task_setpgid((*out)->pid, 0));
	send_number(*out, SIG_STOP);
	EXPECT(status_of(*out, WAITF_STOPPED) == (SIG_STOP << 8 | 0x7f));
}

KTEST(signal_orphaned_stopped_groups_are_hung_up)
{
	struct task *t = NULL;

	test_task_run(leaves_stopped_child, &t);
	err_ignore(wait_until_deadline(&t->exit_waitq, t->zombie, WAIT_DEEP,
	    time_now() + NS_PER_SEC));
	EXPECT(t->zombie && t->exit_status == SIG_HUP);
	task_unref(t);
}

static void
group_members(void *arg UNUSED)
{
	const struct sig_info term = { .number = SIG_TERM, .code = SIGC_USER };
	struct task *t[3] = { NULL };
	int sid = 0;

	EXPECT_OK(task_setsid(&sid));
	for (unsigned i = 0; i < 3; i++) {
		EXPECT_OK(test_task_start(task_current(), sleeper, NULL, &t[i]));
		EXPECT_OK(task_setpgid(t[i]->pid, t[0]->pid));
	}
	EXPECT_OK(signal_group(t[0]->pid, &term));
	for (unsigned i = 0; i < 3; i++) {
		EXPECT(status_of(t[i], WAITF_EXITED) == SIG_TERM);
		task_unref(t[i]);
	}
	EXPECT(signal_group(0x3ffff0, &term) == ERR_NOTASK);
}

KTEST(signal_a_group_gets_it_whole)
{
	test_task_run(group_members, NULL);
}
