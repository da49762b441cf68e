/*
 * Delivery of signals, and what becomes of the call they interrupted.
 *
 * A call that ended with ERR_RESTART* has EINTR in its frame already; the
 * thread's call_result remembers how it wants to be taken up again:
 *
 *	result               a handler runs            nothing to run
 *	RESTART              SA_RESTART: again, else   again
 *	                     EINTR
 *	RESTART_NOHANDLER    EINTR                     again
 *	RESTART_BLOCK        EINTR                     goes on where it was
 *
 * The left column is decided here, once, for the first handler; further
 * pending signals are stacked on top, so that the last one delivered runs
 * first. The right column is trap_work()'s.
 * Source: signal(7), "Interruption of system calls and library functions".
 */
#include "call.h"

static void
settle_call(struct thread *t, struct arch_frame *f, unsigned act_flags)
{
	if (t->call_result == ERR_RESTART && (act_flags & SIGACT_RESTART))
		arch_frame_restart(f);
	t->call_result = OK;
}

/* The stack for the frame is gone: the task dies of SIGSEGV, handler or not,
 * when that is what was to be delivered; else it may still be caught. */
static void
frame_failed(int number)
{
	struct sig_info info = { .number = SIG_SEGV, .code = SIGC_KERNEL };

	if (number == SIG_SEGV) {
		struct sig_action dfl = { .handler = SIG_HANDLER_DEFAULT };

		err_ignore(signal_action(SIG_SEGV, &dfl, NULL));
	}
	signal_fault(&info);
}

void
lx_deliver(struct thread *t, struct arch_frame *f)
{
	/* Set by each signal_next() that is true. */
	__attribute__((uninitialized)) struct sig_action act;
	__attribute__((uninitialized)) struct sig_info info;

	while (signal_next(&info, &act)) {
		settle_call(t, f, act.flags);
		if (UNLIKELY(!lx_frame_push(f, &info, &act))) {
			frame_failed(info.number);
			continue;
		}
		if (t->alt_stack.flags & (unsigned)LX_SS_AUTODISARM)
			t->alt_stack = (struct sig_stack){ 0 };
		signal_frame_done(info.number, &act);
	}
}

void
lx_fault(struct thread *t, struct arch_frame *f, const struct sig_info *info)
{
	(void)t;
	(void)f;
	signal_fault(info);
}

enum err
lx_restart_syscall(struct thread *t, const struct sysargs *a, long *ret)
{
	enum err (*again)(struct thread *, long *) = t->restart;

	(void)a;
	t->restart = NULL;
	return again != NULL ? again(t, ret) : ERR_INTR;
}
