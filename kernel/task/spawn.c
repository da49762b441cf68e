/* SPDX-License-Identifier: MIT */
/*
 * What a spawned task gets between task_spawn() and its start, and how one is
 * given back whose program could not be loaded. The task is in the tree but
 * has not run: only its creator and whoever walks the tree see it.
 */
#include "internal.h"

static enum err
join_group(struct task *t, int number, struct pid **old,
    struct session **old_session)
{
	struct session *s = t->session;
	struct pid *group = t->id;

	if (number != 0 && number != t->pid) {
		rcu_read_lock();
		group = pid_find(t->container->pids, number);
		rcu_read_unlock();
		/* Members keep it from going while the lock is held. */
		if (!group_is_open(group, s))
			return ERR_PERM;
	}
	group_leave(t, old, old_session);
	group_join(t, group, s);
	return OK;
}

static enum err
setup_tree(struct task *t, const struct spawn_setup *s)
{
	struct session *fresh = NULL, *old_session = NULL;
	struct pid *old = NULL;
	unsigned long flags;
	enum err e = OK;

	if (s->new_session) {
		fresh = session_create(t->id);
		if (fresh == NULL)
			return ERR_NOMEM;
	}
	if (!s->new_session && !s->set_group)
		return OK;
	flags = tree_lock_alone();
	if (fresh != NULL) {
		group_leave(t, &old, &old_session);
		fresh->leader = t;
		group_join(t, t->id, fresh);
	} else if (s->set_group) {
		e = join_group(t, s->group, &old, &old_session);
	}
	tree_unlock_alone(flags);
	pid_unref(old);
	session_unref(old_session);
	session_unref(fresh); /* the task has its own */
	return e;
}

static void
setup_signals(struct thread *th, const struct spawn_setup *s)
{
	struct task *self = task_current();
	sigset_bits ignored = 0;
	unsigned long flags;

	flags = spin_lock_irq(&self->sig_lock);
	for (int i = 1; i <= SIG_MAX; i++)
		if (self->actions->act[i].handler == SIG_HANDLER_IGNORE)
			ignored |= SIG_BIT(i);
	spin_unlock_irq(&self->sig_lock, flags);
	ignored &= ~s->defaults;
	flags = spin_lock_irq(&th->task->sig_lock);
	for (int i = 1; i <= SIG_MAX; i++)
		if (ignored & SIG_BIT(i))
			th->task->actions->act[i].handler =
			    SIG_HANDLER_IGNORE;
	th->sig_mask = s->mask & ~SIG_UNBLOCKABLE;
	spin_unlock_irq(&th->task->sig_lock, flags);
}

enum err
task_spawn_setup(struct thread *th, const struct spawn_setup *s)
{
	const struct thread *self = thread_current();

	setup_signals(th, s);
	th->se.nice = self->se.nice;
	th->se.class = self->se.class;
	th->se.priority = self->se.priority;
	th->se.weight = self->se.weight;
	th->se.affinity = self->se.affinity;
	return setup_tree(th->task, s);
}

void
task_spawn_abandon(struct thread *th)
{
	struct task *t = task_ref(th->task);
	struct session *session = NULL;
	struct pid *group = NULL;
	unsigned long flags;

	mutex_lock(&t->lock);
	flags = spin_lock_irq(&t->sig_lock);
	list_del(&th->task_link);
	atomic_store(&t->thread_count, 0);
	atomic_store(&t->exiting, true);
	spin_unlock_irq(&t->sig_lock, flags);
	mutex_unlock(&t->lock);
	task_release(t);
	flags = tree_lock_alone();
	group_leave(t, &group, &session);
	task_unlink_child(t);
	t->zombie = true;
	tree_unlock_alone(flags);
	pid_unref(group);
	session_unref(session);
	thread_discard(th);
	task_forget(t);
	task_unref(t);
}
