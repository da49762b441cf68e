/* SPDX-License-Identifier: MIT */
/*
 * Waiting for children.
 *
 * Children that have something to report (task.reports) stand in front of the
 * list, so that waiting for any of many takes no search; a child that is
 * asked for by its id is found by that. A look at the children is made with
 * the tree lock shared and under the parent's children_lock; what it found is
 * taken under the same hold, so two waiters cannot get one child.
 */
#include "internal.h"

#include <kernel/trace.h>

STEP_COUNTER(wait_steps, "wait: children looked at");

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
	if (found && !keep) {
		child->reports = false;
		list_move_tail(&task_current()->children, &child->sibling);
	}
	return found;
}

static enum found
look_at(struct look *l, struct task *child)
{
	STEP(wait_steps);
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

static enum found
look_at_one(struct look *l)
{
	struct task *self = task_current(), *child = NULL;
	struct pid *id;

	rcu_read_lock();
	id = pid_find(self->container->pids, l->req->pid);
	if (id != NULL)
		child = atomic_load(&id->task);
	if (child != NULL && rcu_load(&child->parent) != self)
		child = NULL;
	rcu_read_unlock();
	/* In the tree until somebody takes it out, which needs our locks. */
	return child == NULL ? FOUND_NOTHING : look_at(l, child);
}

static enum found
look_at_all(struct look *l)
{
	struct task *child;
	enum found best = FOUND_NOTHING;

	list_each(child, &task_current()->children, sibling) {
		enum found now;

		/* From here on only whether there is one matters. */
		if (!child->reports && best == FOUND_CHILD)
			break;
		now = look_at(l, child);
		best = MAX(best, now);
		if (now == FOUND_REPORT)
			break;
	}
	return best;
}

static enum found
look(struct look *l)
{
	struct task *self = task_current();
	unsigned long flags = tree_share();
	unsigned long inner = spin_lock_irq(&self->children_lock);
	enum found found = l->req->pid > 0 ? look_at_one(l) : look_at_all(l);

	spin_unlock_irq(&self->children_lock, inner);
	tree_unshare(flags);
	return found;
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
