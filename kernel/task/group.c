/* SPDX-License-Identifier: MIT */
/*
 * Process groups and sessions.
 *
 * A group is the list of tasks in the record of its id; a session is a
 * record that its members share, with the controlling terminal. All of it is
 * under the tree lock (tree.c). Fork and the end of a task share that lock and
 * change the list under the group's; whoever needs the group, its session and
 * the members' parents to agree holds the tree lock alone.
 *
 * A group is orphaned when no member has a parent outside of the group but
 * in its session: nobody could continue it if it stopped. When an exit or a
 * move makes a group with stopped members orphaned, they get HUP and CONT.
 * Source: POSIX.1-2017, 3.264, and _Exit().
 */
#include "internal.h"

#include <kernel/mm.h>

struct session *
session_create(struct pid *id)
{
	struct session *s = kzalloc(sizeof(*s));

	if (s == NULL)
		return NULL;
	ref_init(&s->refs, 1);
	s->id = pid_ref(id);
	return s;
}

struct session *
session_ref(struct session *s)
{
	ref_inc(&s->refs);
	return s;
}

static void
session_free(struct rcu_head *h)
{
	kfree(container_of(h, struct session, rcu), sizeof(struct session));
}

/* Only the leader's exit or session_drop_tty takes the terminal away, so
 * here it is gone. */
void
session_unref(struct session *s)
{
	if (s == NULL || !ref_dec(&s->refs))
		return;
	task_hooks.tty_unref(s->tty);
	pid_unref(s->id);
	rcu_call(&s->rcu, session_free);
}

/* Others that share the tree lock may see their leader just going. */
static bool
leads_session(const struct task *t)
{
	return t->session != NULL && atomic_load_explicit(
	    &t->session->leader, memory_order_relaxed) == t;
}

void
group_join(struct task *t, struct pid *group, struct session *s)
{
	unsigned long flags;

	if (group != NULL) {
		t->group = pid_ref(group);
		t->pgid = group->number;
		flags = spin_lock_irq(&group->lock);
		group->session = s;
		list_add_tail(&group->members, &t->group_link);
		spin_unlock_irq(&group->lock, flags);
	}
	if (s != NULL)
		rcu_store(&t->session, session_ref(s));
}

/*
 * The task keeps its numbers, which wait still asks for. At its end it only
 * shares the tree lock. Then others that share it may not look at its group
 * (nobody has it as parent any more), and at its session by RCU.
 */
void
group_leave(struct task *t, struct pid **group, struct session **s)
{
	unsigned long flags;

	if (t->group != NULL) {
		flags = spin_lock_irq(&t->group->lock);
		list_del(&t->group_link);
		spin_unlock_irq(&t->group->lock, flags);
	}
	*group = t->group;
	*s = t->session;
	if (leads_session(t))
		atomic_store_explicit(
		    &t->session->leader, NULL, memory_order_relaxed);
	t->group = NULL;
	rcu_store(&t->session, NULL);
}

/* ---- orphaned groups --------------------------------------------------- */

static bool
links_group(const struct task *t)
{
	const struct task *p = t->parent;

	return p != NULL && !t->zombie && p->session == t->session &&
	    p->group != t->group && p->session != NULL;
}

/* except: a member that is leaving, or NULL. */
static bool
orphaned(struct pid *group, const struct task *except)
{
	struct task *t;

	list_each(t, &group->members, group_link) {
		if (t != except && links_group(t))
			return false;
	}
	return true;
}

static bool
has_stopped(struct pid *group)
{
	struct task *t;

	list_each(t, &group->members, group_link) {
		if (t->stop_signal != 0)
			return true;
	}
	return false;
}

static void
signal_members(struct pid *group, int number)
{
	const struct sig_info info = { .number = number, .code = SIGC_KERNEL };
	struct task *t;

	list_each(t, &group->members, group_link)
		err_ignore(signal_send_in_tree(t, &info)); /* plain ones */
}

static void
check_orphan(struct pid *group, const struct task *except)
{
	if (group != NULL && has_stopped(group) && orphaned(group, except)) {
		signal_members(group, SIG_HUP);
		signal_members(group, SIG_CONT);
	}
}

bool
task_group_orphaned(struct task *t)
{
	unsigned long flags = tree_lock_alone();
	bool is = t->group == NULL || orphaned(t->group, NULL);

	tree_unlock_alone(flags);
	return is;
}

/* The children's groups lose the link through t; t's own loses t. */
static void
orphans_of_exit(struct task *t)
{
	struct task *child;

	list_each(child, &t->children, sibling) {
		if (child->group == t->group ||
		    child->session != t->session || child->group == NULL)
			continue;
		/* As if child had no link: its parent is going. */
		if (has_stopped(child->group) &&
		    orphaned(child->group, child)) {
			signal_members(child->group, SIG_HUP);
			signal_members(child->group, SIG_CONT);
		}
	}
	/* A group that was orphaned before does not become so. */
	if (links_group(t))
		check_orphan(t->group, t);
}

/* True: somebody else notices that t, which ends, leaves. */
static bool
is_missed(struct task *t)
{
	unsigned long flags = tree_share(), inner;
	bool missed = leads_session(t) || task_has_children(t);

	if (!missed && links_group(t)) {
		inner = spin_lock_irq(&t->group->lock);
		missed = has_stopped(t->group);
		spin_unlock_irq(&t->group->lock, inner);
	}
	tree_unshare(flags);
	return missed;
}

void
group_exit(struct task *t)
{
	struct tty *tty = NULL;
	unsigned long flags;
	int sid = 0;

	if (!is_missed(t))
		return;
	flags = tree_lock_alone();
	orphans_of_exit(t);
	if (leads_session(t)) {
		tty = t->session->tty; /* ref moves here */
		t->session->tty = NULL;
		sid = t->session->id->number;
	}
	tree_unlock_alone(flags);
	if (tty == NULL)
		return;
	/* The terminal hangs up its foreground group. */
	err_ignore(signal_group(task_hooks.tty_foreground(tty),
	    &(struct sig_info){ .number = SIG_HUP, .code = SIGC_KERNEL }));
	task_hooks.tty_session_gone(tty, sid);
	task_hooks.tty_unref(tty);
}

/* ---- calls ------------------------------------------------------------- */

int
task_sid(struct task *t)
{
	const struct session *s;
	int sid;

	rcu_read_lock();
	s = rcu_load(&t->session);
	sid = s == NULL ? 0 : s->id->number; /* freed after s at the earliest */
	rcu_read_unlock();
	return sid;
}

enum err
task_setsid(int *out)
{
	struct task *t = task_current();
	struct session *s, *old = NULL;
	struct pid *group = NULL;
	unsigned long flags;
	bool leads, linked;

	s = session_create(t->id);
	if (s == NULL)
		return ERR_NOMEM;
	flags = tree_lock_alone();
	leads = !list_empty(&t->id->members);
	if (!leads) {
		linked = links_group(t);
		group_leave(t, &group, &old);
		atomic_init(&s->leader, t);
		group_join(t, t->id, s);
		if (linked)
			check_orphan(group, NULL);
	}
	tree_unlock_alone(flags);
	pid_unref(group);
	session_unref(old);
	session_unref(s);
	if (leads)
		return ERR_PERM;
	*out = t->pid;
	return OK;
}

/* The target: the caller or a child of it that has not called exec. */
static enum err
setpgid_check(struct task *t, struct task *self)
{
	if (t != self) {
		if (t->parent != self)
			return ERR_NOTASK;
		if (t->session != self->session)
			return ERR_PERM;
		if (t->did_exec)
			return ERR_ACCESS;
	}
	if (t->zombie)
		return ERR_NOTASK;
	return leads_session(t) ? ERR_PERM : OK;
}

/*
 * A group lives until its last member has been waited for, but a task leaves
 * the list when it ends. "true | sleep 1" needs the time in between: the
 * first stage may have ended before the second one is put into its group.
 */
bool
group_is_open(const struct pid *group, const struct session *s)
{
	const struct task *t;

	if (group == NULL)
		return false;
	if (!list_empty(&group->members))
		return group->session == s;
	t = atomic_load(&group->task);
	return t != NULL && t->zombie && t->pgid == group->number &&
	    t->parent == task_current();
}

/* Tree lock held. *old: references to drop afterwards. */
static enum err
setpgid_locked(struct task *t, int pgid, struct pid **old,
    struct session **old_session)
{
	struct session *s = t->session;
	bool linked = links_group(t);
	struct pid *group;
	enum err e;

	e = setpgid_check(t, task_current());
	if (e != OK || t->pgid == pgid)
		return e;
	if (pgid == t->pid) {
		group = t->id;
	} else {
		rcu_read_lock();
		group = pid_find(t->container->pids, pgid);
		rcu_read_unlock();
		/* Members keep it from going while we hold the lock. */
		if (!group_is_open(group, s))
			return ERR_PERM;
	}
	group_leave(t, old, old_session);
	group_join(t, group, s);
	if (linked)
		check_orphan(*old, NULL);
	return OK;
}

enum err
task_setpgid(int pid, int pgid)
{
	struct task *t = NULL;
	struct pid *old = NULL;
	struct session *old_session = NULL;
	unsigned long flags;
	enum err e;

	if (pid < 0 || pgid < 0)
		return ERR_INVAL;
	if (pid == 0)
		pid = task_current()->pid;
	if (pgid == 0)
		pgid = pid;
	e = task_find(pid, &t);
	if (e != OK)
		return e;
	flags = tree_lock_alone();
	e = setpgid_locked(t, pgid, &old, &old_session);
	tree_unlock_alone(flags);
	pid_unref(old);
	session_unref(old_session);
	task_unref(t);
	return e;
}

bool
session_has_group(int pgid)
{
	struct task *self = task_current();
	unsigned long flags = tree_lock_alone();
	struct pid *group;
	bool has;

	rcu_read_lock();
	group = pid_find(self->container->pids, pgid);
	has = group_is_open(group, self->session);
	rcu_read_unlock();
	tree_unlock_alone(flags);
	return has;
}

/* ---- the controlling terminal ------------------------------------------ */

struct tty *
task_tty(struct task *t)
{
	unsigned long flags = tree_share();
	const struct session *s = rcu_load(&t->session);
	struct tty *tty = s == NULL ? NULL : s->tty;

	if (tty != NULL)
		tty = task_hooks.tty_ref(tty);
	tree_unshare(flags);
	return tty;
}

/*
 * The terminal knows its session itself (kernel/tty) and asks here only for
 * the session's side; with steal it has told the other session before.
 */
enum err
session_set_tty(struct tty *tty, bool steal)
{
	struct task *self = task_current();
	struct session *s;
	unsigned long flags = tree_lock_alone();
	enum err e = OK;

	s = self->session;
	if (!leads_session(self))
		e = ERR_PERM;
	else if (s->tty == tty)
		e = OK;
	else if (s->tty != NULL && !steal)
		e = ERR_PERM;
	else if (s->tty == NULL)
		s->tty = task_hooks.tty_ref(tty);
	else
		e = ERR_BUSY;
	tree_unlock_alone(flags);
	return e;
}

void
session_take_tty_away(struct container *c, int sid, struct tty *tty)
{
	unsigned long flags = tree_lock_alone();
	struct pid *id;
	struct task *leader;
	bool taken = false;

	rcu_read_lock();
	id = pid_find(c->pids, sid);
	leader = id == NULL ? NULL : atomic_load(&id->task);
	if (leader != NULL && leader->session != NULL &&
	    leader->session->tty == tty) {
		leader->session->tty = NULL;
		taken = true;
	}
	rcu_read_unlock();
	tree_unlock_alone(flags);
	if (taken)
		task_hooks.tty_unref(tty);
}

void
session_drop_tty(void)
{
	struct task *self = task_current();
	struct tty *tty = NULL;
	unsigned long flags = tree_lock_alone();

	if (self->session != NULL) {
		tty = self->session->tty;
		self->session->tty = NULL;
	}
	tree_unlock_alone(flags);
	if (tty != NULL)
		task_hooks.tty_unref(tty);
}
