/* SPDX-License-Identifier: MIT */
/*
 * Job control: which session a terminal belongs to, and which of its process
 * groups may use it now.
 *
 * The tty knows its session's number, container and foreground group; the
 * session (kernel/task/group.c) knows its tty. Taking a terminal changes the
 * session's side first, since that is where it can be refused.
 *
 * Source: POSIX.1-2017, XBD 11.1.3 and 11.1.4; ioctl_tty(2).
 */
#include "tty_impl.h"

int
tty_foreground(struct tty *t)
{
	return t->foreground;
}

/* Sends to the foreground group. Any context. */
void
tty_signal_foreground(struct tty *t, int number)
{
	struct container *c = NULL;
	unsigned long flags = spin_lock_irq(&t->lock);
	int group = t->foreground;

	if (group != 0)
		c = t->container;
	spin_unlock_irq(&t->lock, flags);
	/* Containers outlive their sessions' ttys by a grace period: the
	 * reference is dropped after the terminal was taken away. */
	if (c != NULL)
		signal_group_in(c, group, number);
}

void
tty_signal_group(struct tty *t, int number)
{
	tty_signal_foreground(t, number);
}

bool
tty_is_mine(struct tty *t)
{
	struct task *self = task_current();

	return t->sid != 0 && t->container == self->container &&
	    t->sid == task_sid(self);
}

/* Whether the running thread would not notice signal number. */
static bool
is_deaf(int number)
{
	struct sig_action act;

	if (signal_mask() & SIG_BIT(number))
		return true;
	return signal_action(number, NULL, &act) == OK &&
	    act.handler == SIG_HANDLER_IGNORE;
}

enum err
tty_job_check(struct tty *t, int number)
{
	struct task *self = task_current();
	int pgid = self->pgid, group = t->foreground;

	if (group == 0 || pgid == group || !tty_is_mine(t))
		return OK;
	if (is_deaf(number))
		return number == SIG_TTIN ? ERR_IO : OK;
	if (task_group_orphaned(self))
		return ERR_IO;
	signal_group_in(self->container, pgid, number);
	return ERR_RESTART;
}

/* ---- taking and losing ------------------------------------------------- */

/* Sets whose terminal t is; sid 0: nobody's. */
static void
set_owner(struct tty *t, struct container *c, int sid, int group)
{
	unsigned long flags = spin_lock_irq(&t->lock);
	struct container *old = t->container;

	t->container = c == NULL ? NULL : container_ref(c);
	t->sid = sid;
	t->foreground = group;
	spin_unlock_irq(&t->lock, flags);
	container_unref(old);
}

enum err
tty_take(struct tty *t, bool steal)
{
	struct task *self = task_current();
	enum err e;

	if (tty_is_mine(t) && t->sid == self->pid)
		return OK;
	if (t->sid != 0 && !(steal && capable(CAP_SYS_ADMIN)))
		return ERR_PERM;
	e = session_set_tty(t, false);
	if (e != OK)
		return e;
	if (t->sid != 0)
		session_take_tty_away(t->container, t->sid, t);
	set_owner(t, self->container, self->pid, self->pgid);
	return OK;
}

/* A session leader without terminal that opens a free one gets it. */
void
tty_open_takes(struct tty *t, const struct file *f)
{
	struct task *self = task_current();
	unsigned flags = file_flags(f);

	if ((flags & FILE_NOCTTY) != 0 || (flags & FILE_READ) == 0 ||
	    t->sid != 0 || self->pid == 0 || task_sid(self) != self->pid)
		return;
	/* It has one already: then this is just a file. */
	err_ignore(tty_take(t, false));
}

enum err
tty_give_up(struct tty *t)
{
	struct task *self = task_current();

	if (!tty_is_mine(t))
		return ERR_NOTTY;
	/* Others of the session keep it; what they do to it is theirs. */
	if (t->sid == self->pid) {
		tty_signal_foreground(t, SIG_HUP);
		tty_signal_foreground(t, SIG_CONT);
		session_drop_tty();
		set_owner(t, NULL, 0, 0);
	}
	return OK;
}

void
tty_session_gone(struct tty *t, int sid)
{
	if (t->sid != sid)
		return;
	tty_signal_foreground(t, SIG_CONT);
	set_owner(t, NULL, 0, 0);
	tty_hangup(t);
}

enum err
tty_set_foreground(struct tty *t, int pgid)
{
	enum err e;

	if (!tty_is_mine(t))
		return ERR_NOTTY;
	e = tty_job_check(t, SIG_TTOU);
	if (e != OK)
		return e;
	if (pgid < 0)
		return ERR_INVAL;
	if (!session_has_group(pgid))
		return ERR_PERM;
	t->foreground = pgid;
	return OK;
}
