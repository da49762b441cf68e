/* SPDX-License-Identifier: MIT */
/*
 * What a successful exec means for the task beside its new image.
 */
#include <kernel/trace.h>

#include <lib/string.h>

#include "internal.h"

/*
 * POSIX and Linux: after exec the one thread has the task's id, whichever it
 * was. The thread that had it has left the task's list; perhaps it is on its
 * way out still. Its id's record stays the task's, ours goes.
 */
void
task_lead(void)
{
	struct thread *th = thread_current(), *old;
	struct task *t = th->task;
	struct pid *own = th->id;
	unsigned long flags;

	if (atomic_load(&t->leader) == th)
		return;
	obj_ref(&th->obj); /* the task's */
	flags = spin_lock_irq(&t->sig_lock);
	old = atomic_exchange(&t->leader, th);
	if (old->borrows_task) {
		old->borrows_task = false;
		task_ref(t);
	}
	spin_unlock_irq(&t->sig_lock, flags);
	th->id = pid_ref(t->id);
	th->tid = t->pid;
	atomic_store(&t->id->thread, th);
	thread_give_id(th, own);
	pid_unref(own);
	obj_unref(&old->obj);
}

void
task_exec_done(struct task *t, const char *name)
{
	struct thread *th = atomic_load(&t->leader);

	mutex_lock(&t->lock);
	strlcpy(t->name, name, sizeof(t->name));
	t->did_exec = true;
	t->dumpable = true;
	mutex_unlock(&t->lock);
	if (th != NULL) {
		strlcpy(th->name, name, sizeof(th->name));
		th->clear_tid = 0;
		th->robust_list = 0;
		th->robust_len = 0;
		th->rseq = 0;
		th->call_result = OK;
	}
	trace_event("exec", (uintptr_t)t->pid, 0);
	task_vfork_done(t);
}
