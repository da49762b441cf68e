/* SPDX-License-Identifier: MIT */
/*
 * New tasks and threads.
 *
 * Everything is built aside first, so a failure gives it back without trace;
 * then, under the tree lock, the child becomes visible all at once.
 */
#include "internal.h"

#include <kernel/abi.h>
#include <kernel/cputime.h>
#include <kernel/user.h>
#include <lib/string.h>

/* The frame of the new thread: the caller's, with result 0. */
static enum err
copy_thread(const struct fork_request *req, struct thread *child)
{
	struct thread *self = thread_current();
	struct arch_frame *f = thread_frame(child);
	enum err e;

	*f = *thread_frame(self);
	arch_frame_return(f, 0);
	if (req->stack != 0)
		arch_frame_set_sp(f, req->stack);
	if (req->flags & FORK_TLS)
		arch_frame_set_tls(f, req->tls);
	arch_context_init(&child->ctx, (vaddr_t)f, thread_user_entry, NULL);
	e = arch_fpu_fork(&child->ctx);
	if (e != OK)
		return e;
	child->sig_mask = self->sig_mask;
	memcpy(child->name, self->name, sizeof(child->name));
	child->se.nice = self->se.nice;
	child->se.class = self->se.class;
	child->se.priority = self->se.priority;
	child->se.weight = self->se.weight;
	child->se.affinity = self->se.affinity;
	atomic_store(&child->head.work,
	    atomic_load(&self->head.work) & WORK_TRACE);
	if (!(req->flags & FORK_SPACE))
		child->alt_stack = self->alt_stack;
	if (req->flags & FORK_CLEAR_TID)
		child->clear_tid = req->child_tid;
	if (req->flags & FORK_CHILD_TID)
		child->set_tid = req->child_tid;
	if (!(req->flags & FORK_THREAD)) {
		child->rseq = self->rseq;
		child->rseq_len = self->rseq_len;
		child->rseq_sig = self->rseq_sig;
	}
	return OK;
}

static enum err
tell_parent_tid(const struct fork_request *req, int tid)
{
	if (!(req->flags & FORK_PARENT_TID))
		return OK;
	return user_store32(req->parent_tid, (uint32_t)tid);
}

/* ---- a thread of the same task ----------------------------------------- */

static enum err
fork_thread(const struct fork_request *req, struct thread **out)
{
	struct task *task = task_current();
	struct thread *t = NULL;
	struct pid *id = NULL;
	enum err e;

	e = pid_alloc(task->container->pids, req->set_pid, &id);
	if (e != OK)
		return e;
	e = thread_create(task, id, &t);
	pid_unref(id); /* the thread has its own */
	if (e != OK)
		return e;
	e = copy_thread(req, t);
	if (e == OK)
		e = tell_parent_tid(req, t->tid);
	if (e == OK)
		e = thread_join_task(t);
	if (e != OK) {
		thread_discard(t);
		return e;
	}
	*out = t;
	return OK;
}

/* ---- a new task -------------------------------------------------------- */

static enum err
copy_space(unsigned flags, struct task *from, struct task *to)
{
	if (from->space == NULL)
		return OK;
	if (flags & FORK_SPACE) {
		to->space = space_ref(from->space);
		return OK;
	}
	return space_clone(from->space, &to->space);
}

/* Another thread of from may give it another one meanwhile (unshare). */
static enum err
copy_ns(unsigned flags, struct task *from, struct task *to)
{
	struct mount_ns *ns = NULL;
	enum err e = OK;

	mutex_lock(&from->lock);
	if (from->ns != NULL)
		ns = task_hooks.ns_ref(from->ns);
	mutex_unlock(&from->lock);
	if (flags & FORK_NEW_NS) {
		e = task_hooks.ns_clone(ns, to->fs, &to->ns);
		task_hooks.ns_unref(ns);
	} else {
		to->ns = ns;
	}
	return e;
}

static enum err
copy_files(unsigned flags, struct task *from, struct task *to)
{
	if (from->handles != NULL) {
		to->handles = flags & FORK_HANDLES ?
		    handle_table_ref(from->handles) :
		    handle_table_clone(from->handles);
		if (to->handles == NULL)
			return ERR_NOMEM;
	}
	if (from->fs != NULL) {
		to->fs = flags & FORK_FS ? task_hooks.fs_ref(from->fs) :
		    task_hooks.fs_clone(from->fs);
		if (to->fs == NULL)
			return ERR_NOMEM;
	}
	return copy_ns(flags, from, to);
}

static enum err
copy_rest(unsigned flags, struct task *from, struct task *to)
{
	if (flags & FORK_ACTIONS) {
		to->actions = from->actions;
		ref_inc(&to->actions->refs);
	} else {
		to->actions = sig_actions_clone(from);
	}
	if (to->actions == NULL)
		return ERR_NOMEM;
	mutex_lock(&from->lock);
	memcpy(to->rlimits, from->rlimits, sizeof(to->rlimits));
	cpu_watch_update(to);
	memcpy(to->name, from->name, sizeof(to->name));
	to->no_new_privs = from->no_new_privs;
	to->dumpable = from->dumpable;
	to->personality = from->personality;
	to->abi = from->abi;
	mutex_unlock(&from->lock);
	return OK;
}

/*
 * Shows the child to the world, in the group of the task that made it. Where
 * the caller was killed meanwhile, perhaps with its whole group, which the
 * child was not in yet, the child dies, too: otherwise a group that forks
 * faster than it is killed lives for ever.
 */
static void
link_task(struct task *maker, struct task *parent, struct task *child)
{
	const struct sig_info kill = { .number = SIG_KILL,
		.code = SIGC_KERNEL };

	group_join(child, maker->group, maker->session);
	task_link_child(parent, child);
	if (atomic_load(&arch_current()->work) & WORK_KILLED)
		(void)signal_send_sharing(child, &kill); /* it never stopped */
}

static void
link_fork(const struct fork_request *req, struct task *child)
{
	struct task *self = task_current(), *parent = self;
	unsigned long flags = tree_share();

	if ((req->flags & FORK_PARENT) && self->parent != NULL) {
		parent = self->parent;
		/* Who is told did not choose the signal. */
		child->exit_signal = self->exit_signal;
	}
	link_task(self, parent, child);
	tree_unshare(flags);
}

static enum err
add_leader(struct task *t, struct thread **out)
{
	enum err e = thread_create(t, t->id, out);

	if (e == OK) {
		obj_ref(&(*out)->obj);
		atomic_store(&t->leader, *out);
	}
	return e;
}

static enum err
build_task(const struct fork_request *req, struct task *child,
    struct thread **out)
{
	struct task *self = task_current();
	enum err e;

	child->exit_signal = req->exit_signal;
	e = copy_space(req->flags, self, child);
	if (e == OK)
		e = copy_files(req->flags, self, child);
	if (e == OK)
		e = copy_rest(req->flags, self, child);
	if (e == OK)
		e = add_leader(child, out);
	if (e == OK)
		e = copy_thread(req, *out);
	if (e == OK)
		e = tell_parent_tid(req, child->pid);
	if (e == OK && self->abi != NULL && self->abi->fork != NULL)
		e = self->abi->fork(child, self);
	if (e == OK)
		e = thread_join_task(*out);
	return e;
}

static void
drop_leader(struct task *t)
{
	struct thread *leader = atomic_exchange(&t->leader, NULL);

	if (leader != NULL)
		obj_unref(&leader->obj);
}

static enum err
fork_task(const struct fork_request *req, struct thread **out)
{
	struct task *child = NULL;
	struct thread *t = NULL;
	enum err e;

	e = task_create(task_current()->container, req->set_pid, &child);
	if (e != OK)
		return e;
	e = creds_inherit(task_current(), child);
	if (e == OK)
		e = build_task(req, child, &t);
	if (e != OK) {
		drop_leader(child);
		if (t != NULL)
			thread_discard(t);
		task_discard(child);
		return e;
	}
	child->vforked = (req->flags & FORK_VFORK) != 0;
	link_fork(req, child);
	task_unref(child); /* the tree and the thread have theirs */
	*out = t;
	return OK;
}

static bool
vfork_waits(struct task *child)
{
	return *(volatile bool *)&child->vforked;
}

enum err
task_fork(const struct fork_request *req, struct thread **out)
{
	struct thread *t = NULL;
	enum err e;

	if (!arch_frame_is_whole())
		return ERR_WHOLEFRAME;
	if (req->flags & FORK_THREAD)
		e = fork_thread(req, &t);
	else
		e = fork_task(req, &t);
	if (e != OK)
		return e;
	if (!req->hold)
		sched_start(t);
	/* A killed parent does not wait; the child then shares no stack with
	 * anybody who runs. */
	if (req->flags & FORK_VFORK)
		err_ignore(wait_until(&t->task->exit_waitq,
		    !vfork_waits(t->task), WAIT_KILLABLE));
	*out = t;
	return OK;
}

void
task_vfork_done(struct task *t)
{
	unsigned long flags;

	if (!vfork_waits(t))
		return;
	flags = spin_lock_irq(&t->sig_lock);
	t->vforked = false;
	spin_unlock_irq(&t->sig_lock, flags);
	waitq_wake(&t->exit_waitq, 0);
}

/* ---- spawn ------------------------------------------------------------- */

static enum err
build_spawned(struct task *parent, struct task *t, struct thread **out)
{
	enum err e;

	e = creds_inherit(parent, t);
	if (e == OK)
		e = space_create(t->container, &t->space);
	if (e != OK)
		return e;
	if (t->fs == NULL && parent->fs != NULL) {
		t->fs = task_hooks.fs_clone(parent->fs);
		if (t->fs == NULL)
			return ERR_NOMEM;
	}
	if (t->ns == NULL && parent->ns != NULL)
		t->ns = task_hooks.ns_ref(parent->ns);
	t->actions = sig_actions_create();
	t->handles = handle_table_create(
	    (unsigned)MIN(t->rlimits[RLIM_NOFILE].soft, 1u << 20));
	if (t->actions == NULL || t->handles == NULL)
		return ERR_NOMEM;
	t->abi = parent->abi;
	t->exit_signal = SIG_CHLD;
	e = add_leader(t, out);
	if (e != OK)
		return e;
	memset(thread_frame(*out), 0, sizeof(struct arch_frame));
	arch_context_init(&(*out)->ctx, (vaddr_t)thread_frame(*out),
	    thread_user_entry, NULL);
	return thread_join_task(*out);
}

/* Takes t; on success it is linked below parent. */
static enum err
spawn_into(struct task *parent, struct task *t, struct thread **out)
{
	struct thread *th = NULL;
	unsigned long flags;
	enum err e;

	e = build_spawned(parent, t, &th);
	if (e != OK) {
		drop_leader(t);
		if (th != NULL)
			thread_discard(th);
		task_discard(t);
		return e;
	}
	flags = tree_share();
	link_task(parent, parent, t);
	tree_unshare(flags);
	task_unref(t);
	*out = th;
	return OK;
}

static void
inherit_limits(struct task *t, struct task *parent)
{
	mutex_lock(&parent->lock);
	memcpy(t->rlimits, parent->rlimits, sizeof(t->rlimits));
	cpu_watch_update(t);
	mutex_unlock(&parent->lock);
}

enum err
task_spawn(struct task *parent, struct thread **out)
{
	struct task *t = NULL;
	enum err e = task_create(parent->container, 0, &t);

	if (e != OK)
		return e;
	inherit_limits(t, parent);
	return spawn_into(parent, t, out);
}

enum err
task_spawn_first(
    struct fs_state *fs, struct mount_ns *ns, struct thread **out)
{
	struct container *c = container_root;
	struct session *s = NULL;
	struct task *t = NULL;
	unsigned long flags;
	enum err e;

	e = task_create(c, 1, &t);
	if (e != OK) {
		task_hooks.fs_unref(fs);
		task_hooks.ns_unref(ns);
		return e;
	}
	inherit_limits(t, &kernel_task);
	t->fs = fs;
	t->ns = ns;
	e = spawn_into(&kernel_task, t, out);
	if (e != OK)
		return e;
	t = (*out)->task;
	s = session_create(t->id);
	if (s == NULL)
		return ERR_NOMEM; /* boot panics */
	flags = tree_lock_alone();
	atomic_init(&s->leader, t);
	group_join(t, t->id, s);
	tree_unlock_alone(flags);
	session_unref(s); /* the task has its own */
	mutex_lock(&c->lock);
	c->init = task_ref(t);
	mutex_unlock(&c->lock);
	return OK;
}
