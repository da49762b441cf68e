/* SPDX-License-Identifier: MIT */
/*
 * The end of threads and tasks.
 *
 * A task ends when its status is set (task_begin_exit): its other threads
 * are told by WORK_KILLED and leave on their way to user mode. Every thread
 * takes itself off the list; the last one releases what the task owned,
 * hands the children on, and makes the task a zombie. From then on the
 * parent's wait may take the record, while the last thread is still on its
 * way to sched_exit(): it has its own reference.
 */
#include "internal.h"

#include <kernel/abi.h>
#include <kernel/futex.h>
#include <kernel/trace.h>

/* sig_lock held. */
static void
kill_others(struct task *t)
{
	struct thread *th, *self = thread_current();

	list_each(th, &t->threads, task_link) {
		if (th != self)
			thread_poke(th, WORK_KILLED);
	}
}

bool
task_set_status(struct task *t, int status)
{
	if (atomic_load(&t->exiting))
		return false;
	/* In this order: who sees exiting without the lock sees the status. */
	t->exit_status = status;
	atomic_store(&t->exiting, true);
	return true;
}

void
task_begin_exit(struct task *t, int status)
{
	unsigned long flags = spin_lock_irq(&t->sig_lock);

	if (task_set_status(t, status)) {
		kill_others(t);
		t->stop_signal = 0;
	}
	spin_unlock_irq(&t->sig_lock, flags);
	waitq_wake(&t->cont_waitq, 0);
}

/* Who adopts t's children: the nearest subreaper, else the container's init,
 * else the kernel. Tree lock held alone. */
static struct task *
find_reaper(struct task *t)
{
	struct task *init = t->container->init, *p;

	for (p = t->parent; p != NULL; p = p->parent) {
		if (p->child_subreaper && p->container == t->container &&
		    !atomic_load(&p->exiting))
			return p;
	}
	if (init != NULL && init != t && !atomic_load(&init->exiting))
		return init;
	return &kernel_task;
}

/* True: nobody will wait for the zombie. */
static bool
parent_ignores(struct task *parent, const struct task *child)
{
	unsigned long flags;
	bool ignores;

	if (parent == &kernel_task)
		return true;
	if (child->exit_signal != SIG_CHLD || parent->actions == NULL)
		return false;
	flags = spin_lock_irq(&parent->sig_lock);
	ignores = sig_handler(parent->actions, SIG_CHLD) ==
	    SIG_HANDLER_IGNORE ||
	    (sig_flags(parent->actions, SIG_CHLD) & SIGACT_NOCLDWAIT);
	spin_unlock_irq(&parent->sig_lock, flags);
	return ignores;
}

static void
hand_child_on(struct task *child, struct task *reaper)
{
	struct task *old = child->parent;

	list_move_tail(&reaper->children, &child->sibling);
	rcu_store(&child->parent, task_ref(reaper));
	if (child->reports)
		task_child_reports(child);
	child->exit_signal = SIG_CHLD;
	task_unref(old); /* the exiting task: never the last one */
	if (child->parent_death_signal != 0) {
		const struct sig_info info = {
			.number = child->parent_death_signal,
			.code = SIGC_KERNEL,
		};

		err_ignore(signal_send_in_tree(child, &info));
	}
}

/* Zombies that nobody will wait for go to *dead. Nobody becomes a child of t
 * any more: it runs no fork, and find_reaper passes it by. */
static void
hand_children_on(struct task *t, struct list *dead)
{
	unsigned long flags = tree_lock_alone();
	struct task *reaper = find_reaper(t), *child;
	bool wake = false;

	while ((child = list_first(&t->children, struct task, sibling)) !=
	    NULL) {
		hand_child_on(child, reaper);
		if (!child->zombie)
			continue;
		if (parent_ignores(reaper, child)) {
			task_unlink_child(child);
			list_add_tail(dead, &child->sibling);
		} else {
			wake = true;
		}
	}
	if (wake) {
		signal_kernel(reaper, SIG_CHLD);
		waitq_wake(&reaper->child_waitq, 0);
	}
	tree_unlock_alone(flags);
}

static void
forget_all(struct list *dead)
{
	struct task *t;

	while ((t = list_first(dead, struct task, sibling)) != NULL) {
		list_del(&t->sibling);
		task_forget(t);
	}
}

static void
fill_child_info(struct task *t, struct sig_info *info)
{
	int status = t->exit_status;
	const struct creds *c = atomic_load(&t->creds);

	info->number = t->exit_signal;
	info->pid = t->pid;
	info->uid = c->uid;
	info->utime = atomic_load(&t->utime);
	info->stime = atomic_load(&t->stime);
	if ((status & 0x7f) == 0) {
		info->code = CLD_EXITED;
		info->status = status >> 8 & 0xff;
	} else {
		info->code = status & 0x80 ? CLD_DUMPED : CLD_KILLED;
		info->status = status & 0x7f;
	}
}

/*
 * The last change of state; the tree lock is shared. Gives the parent,
 * referenced, where the signal that the child chose for its end makes it go on
 * after a stop: the parent's parent is to be told. Else NULL.
 */
static struct task *
tell_end(struct task *t, struct list *dead)
{
	struct sig_info info = { 0 };
	struct task *parent = t->parent;
	unsigned long flags = spin_lock_irq(&parent->children_lock);
	bool goes_on = false;

	t->zombie = true;
	fill_child_info(t, &info);
	if (parent_ignores(parent, t)) {
		task_unlink_child(t);
		list_add_tail(dead, &t->sibling);
	} else {
		task_child_reports(t);
	}
	if (t->exit_signal != 0 && parent != &kernel_task)
		goes_on = signal_send_sharing(parent, &info);
	waitq_wake(&parent->child_waitq, 0);
	spin_unlock_irq(&parent->children_lock, flags);
	return goes_on ? task_ref(parent) : NULL;
}

/* After the tree lock is dropped, t may be reaped. */
static void
become_zombie(struct task *t)
{
	struct list dead = LIST_INIT(dead);
	struct session *session = NULL;
	struct pid *group = NULL;
	struct task *goes_on;
	unsigned long flags;

	if (task_has_children(t))
		hand_children_on(t, &dead);
	flags = tree_share();
	group_leave(t, &group, &session);
	goes_on = tell_end(t, &dead);
	tree_unshare(flags);
	if (goes_on != NULL)
		notify_parent(goes_on, CLD_CONTINUED, SIG_CONT);
	task_unref(goes_on);
	waitq_wake(&t->exit_waitq, 0);
	pid_unref(group);
	session_unref(session);
	forget_all(&dead);
}

static void
add_times(struct thread *th)
{
	struct task *t = th->task;
	ns_t user, system;

	sched_times(th, &user, &system);
	atomic_fetch_add(&t->utime, user);
	atomic_fetch_add(&t->stime, system);
}

static void
last_thread_gone(struct task *t)
{
	if (t == t->container->init && t->container == container_root)
		panic("init ended with status %x", (unsigned)t->exit_status);
	ktimer_cancel_sync(&t->real_timer);
	if (t->abi != NULL && t->abi->exit != NULL)
		t->abi->exit(t);
	task_release(t);
	task_vfork_done(t);
	group_exit(t);
	become_zombie(t);
}

/*
 * The last thread releases the task's space while others that have left the
 * list are still on their way to sched_exit(). Switching to one of those would
 * load the space (switch_to) that is just being freed, so they are not
 * switched away any more: preemption stays off from the moment they are not
 * counted.
 */
static NORETURN void
thread_leave(int status)
{
	struct thread *t = thread_current();
	struct task *task = t->task;
	unsigned long flags;
	bool last;

	futex_thread_exit(t);
	mutex_lock(&task->lock);
	add_times(t);
	preempt_disable();
	flags = spin_lock_irq(&task->sig_lock);
	list_del(&t->task_link);
	last = atomic_fetch_sub(&task->thread_count, 1) == 1;
	/* Nobody may join any more; the task ends with this status unless it
	 * has one. */
	if (last)
		(void)task_set_status(task, status);
	spin_unlock_irq(&task->sig_lock, flags);
	if (!last)
		owner_sub(task->owner, 1);
	mutex_unlock(&task->lock);
	if (t->id != NULL)
		thread_give_id(t, t->id);
	if (last) {
		preempt_enable();
		last_thread_gone(task);
		sched_exit();
	}
	waitq_wake(&task->exit_waitq, 0);
	arch_irq_disable();
	preempt_enable_no_check();
	sched_exit();
}

NORETURN void
task_exit(int status)
{
	trace_event("exit", (uintptr_t)task_current()->pid,
	    (uintptr_t)status);
	task_begin_exit(task_current(), status);
	thread_leave(status);
}

NORETURN void
thread_exit(int status)
{
	thread_leave(status);
}

enum err
task_single_thread(void)
{
	struct task *t = task_current();
	unsigned long flags;
	bool lost;

	if (atomic_load(&t->thread_count) == 1)
		return OK;
	/* Of two threads that exec at once, the first one here wins. */
	flags = spin_lock_irq(&t->sig_lock);
	lost = (atomic_load(&arch_current()->work) & WORK_KILLED) != 0;
	if (!lost)
		kill_others(t);
	spin_unlock_irq(&t->sig_lock, flags);
	return lost ? ERR_INTR : wait_until(&t->exit_waitq,
	    atomic_load(&t->thread_count) == 1, WAIT_KILLABLE);
}
