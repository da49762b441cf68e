/* SPDX-License-Identifier: MIT */
/*
 * Waiting for children.
 *
 * Zombies stand in front of the list of children, so that waiting for any of
 * many takes no search. A look at the list is made under the tree lock; what
 * it found is taken under the same hold, so two waiters cannot get one child.
 */
#include "internal.h"

/* The outcome of a look. */
enum found { FOUND_NOTHING, FOUND_CHILD, FOUND_REPORT };

struct look {
	const struct wait_request *req;
	struct wait_result result;
	struct task *reaped; /* to be forgotten after the lock */
	struct pid *group;
	struct session *session;
};

static bool
is_asked_for(const struct wait_request *req, const struct task *child)
{
	bool clone = child->exit_signal != SIG_CHLD;

	if (req->pid > 0 && child->pid != req->pid)
		return false;
	if (req->pid == 0 && child->pgid != task_current()->pgid)
		return false;
	if (req->pid < -1 && child->pgid != -req->pid)
		return false;
	return (req->flags & WAITF_ALL) ||
	    clone == ((req->flags & WAITF_CLONE) != 0);
}

static void
report(struct look *l, struct task *child, int status)
{
	const struct creds *c = atomic_load(&child->creds);

	l->result.pid = child->pid;
	l->result.status = status;
	l->result.uid = c->uid;
	l->result.utime = atomic_load(&child->utime) +
	    atomic_load(&child->child_utime);
	l->result.stime = atomic_load(&child->stime) +
	    atomic_load(&child->child_stime);
}

static void
reap(struct look *l, struct task *child)
{
	struct task *self = task_current();

	atomic_fetch_add(&self->child_utime, l->result.utime);
	atomic_fetch_add(&self->child_stime, l->result.stime);
	atomic_fetch_add(&self->child_minor,
	    atomic_load(&child->faults_minor) +
	    atomic_load(&child->child_minor));
	atomic_fetch_add(&self->child_major,
	    atomic_load(&child->faults_major) +
	    atomic_load(&child->child_major));
	task_unlink_child(child);
	l->reaped = child;
}

static bool
look_at_stop(struct look *l, struct task *child)
{
	unsigned flags = l->req->flags;
	bool keep = (flags & WAITF_NOWAIT) != 0;
	unsigned long irq = spin_lock_irq(&child->sig_lock);
	bool found = false;

	if ((flags & WAITF_STOPPED) && child->stop_report &&
	    child->stop_signal != 0) {
		report(l, child, (int)child->stop_signal << 8 | 0x7f);
		child->stop_report = keep;
		found = true;
	} else if ((flags & WAITF_CONTINUED) && child->cont_report) {
		report(l, child, 0xffff);
		child->cont_report = keep;
		found = true;
	}
	spin_unlock_irq(&child->sig_lock, irq);
	return found;
}

static enum found
look_at(struct look *l, struct task *child)
{
	if (!is_asked_for(l->req, child))
		return FOUND_NOTHING;
	if (child->zombie) {
		if (!(l->req->flags & WAITF_EXITED))
			return FOUND_NOTHING;
		report(l, child, child->exit_status);
		if (!(l->req->flags & WAITF_NOWAIT))
			reap(l, child);
		return FOUND_REPORT;
	}
	return look_at_stop(l, child) ? FOUND_REPORT : FOUND_CHILD;
}

/* Behind a live child that will do there are no zombies: who waits for any
 * exit need not look further. */
static bool
is_settled(const struct wait_request *req, enum found now)
{
	return now == FOUND_REPORT || (now == FOUND_CHILD &&
	    !(req->flags & (WAITF_STOPPED | WAITF_CONTINUED)));
}

static enum found
look(struct look *l)
{
	struct task *self = task_current(), *child;
	enum found best = FOUND_NOTHING;
	unsigned long flags = spin_lock_irq(&task_tree_lock);

	list_each(child, &self->children, sibling) {
		enum found now = look_at(l, child);

		best = MAX(best, now);
		if (is_settled(l->req, now))
			break;
	}
	spin_unlock_irq(&task_tree_lock, flags);
	return best;
}

enum err
task_wait(const struct wait_request *req, struct wait_result *out)
{
	struct look l = { .req = req };
	enum found found = FOUND_NOTHING;
	enum err e = OK;

	found = look(&l);
	if (found == FOUND_CHILD && !(req->flags & WAITF_NOHANG))
		e = wait_until(&task_current()->child_waitq,
		    (found = look(&l)) != FOUND_CHILD, WAIT_SIGNALS);
	if (found == FOUND_REPORT)
		e = OK;
	else if (e == OK && found == FOUND_NOTHING)
		e = ERR_NOCHILD;
	if (l.reaped != NULL)
		task_forget(l.reaped);
	if (e == OK)
		*out = l.result;
	return e;
}
