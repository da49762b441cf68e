/* SPDX-License-Identifier: MIT */
/*
 * Signals: the receiver's side.
 *
 * A thread looks for signals on its way to user mode: abi->deliver() calls
 * signal_next() until it has none, and builds a frame for each that has a
 * handler. Default actions happen here, in the receiver's own context: it
 * stops itself and ends itself.
 *
 * Masks. A wait that has its own mask (ppoll, sigsuspend) sets it and leaves
 * WORK_RESTORE; the first handler's frame saves the old mask (and takes the
 * bit), or signal_work_done() puts it back if no handler ran.
 *
 * Stopping. The thread that takes a stop signal marks the task and pokes the
 * others; each sleeps in stop_here() until CONT or a kill clears the mark.
 */
#include "internal.h"

#include <lib/string.h>

/* ---- questions --------------------------------------------------------- */

static sigset_bits
deliverable(const struct thread *t)
{
	return (t->pending.set | t->task->pending.set) &
	    ~(t->sig_mask & ~SIG_UNBLOCKABLE);
}

static bool
has_work(const struct thread *t, unsigned work)
{
	return (atomic_load_explicit(
	    &t->head.work, memory_order_relaxed) & work) != 0;
}

bool
signal_pending(struct thread *t)
{
	return has_work(t, WORK_KILLED) || t->task->stop_signal != 0 ||
	    deliverable(t) != 0;
}

/* A signal that ends the task sets WORK_KILLED as it is sent. */
bool
signal_fatal_pending(struct thread *t)
{
	return has_work(t, WORK_KILLED);
}

sigset_bits
signal_pending_set(struct thread *t)
{
	return t->pending.set | t->task->pending.set;
}

struct waitq *
signal_waitq(struct task *t)
{
	return &t->sig_waitq;
}

/* ---- taking ------------------------------------------------------------ */

bool
signal_dequeue(struct thread *t, sigset_bits set, struct sig_info *out)
{
	struct task *task = t->task;
	unsigned long flags;
	bool got;

	if ((signal_pending_set(t) & set) == 0)
		return false;
	flags = spin_lock_irq(&task->sig_lock);
	got = sig_take_pending(&t->pending, set, out) ||
	    sig_take_pending(&task->pending, set, out);
	spin_unlock_irq(&task->sig_lock, flags);
	return got;
}

enum err
signal_take(sigset_bits set, struct sig_info *out, ns_t deadline)
{
	struct thread *t = thread_current();
	enum err e;

	set &= ~SIG_UNBLOCKABLE;
	e = wait_until_deadline(&t->task->sig_waitq,
	    signal_dequeue(t, set, out), WAIT_SIGNALS, deadline);
	if (e == ERR_TIMEDOUT)
		return ERR_AGAIN;
	return e == ERR_RESTART ? ERR_INTR : e;
}

/* ---- stopping ---------------------------------------------------------- */

/* By the lock: exec gives a task other actions. */
static bool
wants_stops(struct task *t)
{
	unsigned long flags = spin_lock_irq(&t->sig_lock);
	bool wants = t->actions != NULL &&
	    !(sig_flags(t->actions, SIG_CHLD) & SIGACT_NOCLDSTOP);

	spin_unlock_irq(&t->sig_lock, flags);
	return wants;
}

void
notify_parent_alone(struct task *t, int child_code, int status)
{
	struct task *parent = t->parent;
	struct sig_info info = {
		.number = SIG_CHLD,
		.code = child_code,
		.pid = t->pid,
		.status = status,
	};

	if (parent != NULL && parent != &kernel_task) {
		if (!t->zombie)
			task_child_reports(t);
		if (wants_stops(parent))
			err_ignore(signal_send(parent, &info));
		waitq_wake(&parent->child_waitq, 0);
	}
}

void
notify_parent(struct task *t, int child_code, int status)
{
	unsigned long flags = tree_share(), inner;
	struct task *parent = t->parent;

	if (parent != NULL) {
		inner = spin_lock_irq(&parent->children_lock);
		notify_parent_alone(t, child_code, status);
		spin_unlock_irq(&parent->children_lock, inner);
	}
	tree_unshare(flags);
}

static void
stop_task(struct task *t, int number)
{
	struct thread *th, *self = thread_current();
	unsigned long flags = spin_lock_irq(&t->sig_lock);
	bool first = t->stop_signal == 0 && !atomic_load(&t->exiting);

	if (first) {
		t->stop_signal = (unsigned)number;
		t->stop_report = true;
		t->cont_report = false;
		list_each(th, &t->threads, task_link) {
			if (th != self)
				thread_poke(th, WORK_STOP);
		}
	}
	spin_unlock_irq(&t->sig_lock, flags);
	if (first)
		notify_parent(t, CLD_STOPPED, number);
}

static bool
is_stopped(struct task *t)
{
	return atomic_load(&t->stop_signal) != 0;
}

static void
stop_here(struct task *t)
{
	err_ignore(wait_until(&t->cont_waitq, !is_stopped(t), WAIT_KILLABLE));
}

/* ---- the next one ------------------------------------------------------ */

/* Default actions. May not return. */
static void
act_by_default(struct task *t, const struct sig_info *info)
{
	int n = info->number;

	if (signal_default_ignored(n))
		return;
	if (t == t->container->init && info->code <= 0)
		return; /* from a program */
	if (!signal_is_stop(n))
		task_exit(n);
	if (n != SIG_STOP && task_group_orphaned(t))
		return;
	stop_task(t, n);
}

/* Takes one; copies its action and resets it if the action says so. */
static bool
take_with_action(struct thread *t, struct sig_info *info,
    struct sig_action *act)
{
	struct task *task = t->task;
	sigset_bits set = ~(t->sig_mask & ~SIG_UNBLOCKABLE);
	unsigned long flags = spin_lock_irq(&task->sig_lock);
	struct sig_action *a;
	bool got;

	got = sig_take_pending(&t->pending, set, info) ||
	    sig_take_pending(&task->pending, set, info);
	if (got) {
		a = &task->actions->act[info->number];
		*act = *a;
		if (act->handler > SIG_HANDLER_IGNORE &&
		    (act->flags & SIGACT_RESETHAND))
			__atomic_store_n(&a->handler, SIG_HANDLER_DEFAULT,
			    __ATOMIC_RELAXED);
	}
	spin_unlock_irq(&task->sig_lock, flags);
	return got;
}

bool
signal_next(struct sig_info *info, struct sig_action *act)
{
	struct thread *t = thread_current();
	struct task *task = t->task;

	for (;;) {
		if (has_work(t, WORK_KILLED)) {
			if (atomic_load(&task->exiting))
				task_exit(task->exit_status);
			thread_exit(0); /* exec in another thread */
		}
		if (is_stopped(task)) {
			stop_here(task);
			continue;
		}
		/* A signal sent after this look sets WORK_SIGNAL again. */
		if (deliverable(t) == 0 || !take_with_action(t, info, act))
			return false;
		if (act->handler == SIG_HANDLER_IGNORE)
			continue;
		if (act->handler != SIG_HANDLER_DEFAULT)
			return true;
		act_by_default(task, info);
	}
}

void
signal_fault(const struct sig_info *info)
{
	struct thread *t = thread_current();
	struct task *task = t->task;
	sigset_bits bit = SIG_BIT(info->number);
	unsigned long flags = spin_lock_irq(&task->sig_lock);
	struct sig_action *act = &task->actions->act[info->number];
	struct sig_info forced = *info;

	/* Nobody may look away from a fault. */
	if ((t->sig_mask & bit) || act->handler == SIG_HANDLER_IGNORE) {
		__atomic_store_n(&act->handler, SIG_HANDLER_DEFAULT,
		    __ATOMIC_RELAXED);
		t->sig_mask &= ~bit;
	}
	/* Code above 0 or KERNEL: also init dies of it. */
	if (forced.code <= 0)
		forced.code = SIGC_KERNEL;
	spin_unlock_irq(&task->sig_lock, flags);
	err_ignore(signal_send_thread(t, &forced));
}

/* ---- masks ------------------------------------------------------------- */

/* Shared signals that we no longer take may suit another thread. */
static void
hand_over(struct thread *t, sigset_bits blocked)
{
	struct task *task = t->task;
	sigset_bits left = task->pending.set & blocked;
	struct thread *th;

	if (left == 0)
		return;
	list_each(th, &task->threads, task_link) {
		if (th != t && (left & ~th->sig_mask))
			thread_poke(th, WORK_SIGNAL);
	}
}

static void
set_mask(struct thread *t, sigset_bits mask)
{
	struct task *task = t->task;
	sigset_bits old = t->sig_mask;
	unsigned long flags;

	mask &= ~SIG_UNBLOCKABLE;
	if (mask == old)
		return;
	flags = spin_lock_irq(&task->sig_lock);
	t->sig_mask = mask;
	hand_over(t, mask & ~old);
	if (deliverable(t) != 0)
		atomic_fetch_or(&t->head.work, WORK_SIGNAL);
	spin_unlock_irq(&task->sig_lock, flags);
}

void
signal_mask_set(sigset_bits mask)
{
	set_mask(thread_current(), mask);
}

sigset_bits
signal_mask(void)
{
	return thread_current()->sig_mask;
}

void
signal_mask_for_wait(sigset_bits mask)
{
	struct thread *t = thread_current();

	if (!has_work(t, WORK_RESTORE)) {
		t->sig_saved_mask = t->sig_mask;
		atomic_fetch_or(&t->head.work, WORK_RESTORE);
	}
	set_mask(t, mask);
}

sigset_bits
signal_mask_to_save(void)
{
	struct thread *t = thread_current();

	if (!has_work(t, WORK_RESTORE))
		return t->sig_mask;
	atomic_fetch_and(&t->head.work, ~WORK_RESTORE);
	return t->sig_saved_mask;
}

void
signal_frame_done(int number, const struct sig_action *act)
{
	struct thread *t = thread_current();
	sigset_bits mask = t->sig_mask | act->mask;

	if (!(act->flags & SIGACT_NODEFER))
		mask |= SIG_BIT(number);
	set_mask(t, mask);
}

void
signal_work_done(struct thread *t)
{
	if (has_work(t, WORK_RESTORE)) {
		atomic_fetch_and(&t->head.work, ~WORK_RESTORE);
		set_mask(t, t->sig_saved_mask);
	}
	/* Clear, then look: who sends after the look sets the bit again. */
	atomic_fetch_and_explicit(&t->head.work,
	    ~(WORK_SIGNAL | WORK_STOP), memory_order_seq_cst);
	if (deliverable(t) != 0 || is_stopped(t->task))
		atomic_fetch_or(&t->head.work, WORK_SIGNAL);
}

void
call_restart_fixup(struct thread *t, struct arch_frame *f,
    const struct sig_action *act)
{
	enum err e = t->call_result;

	t->call_result = OK;
	if (e == ERR_RESTART && (act->flags & SIGACT_RESTART))
		arch_frame_restart(f);
}
