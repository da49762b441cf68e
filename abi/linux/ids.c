/*
 * The shortest calls: who am I, who is my parent.
 */
#include "call.h"

enum err
lx_getpid(struct thread *t, const struct sysargs *a, long *ret)
{
	(void)a;
	*ret = t->task->pid;
	return OK;
}

enum err
lx_gettid(struct thread *t, const struct sysargs *a, long *ret)
{
	(void)a;
	*ret = t->tid;
	return OK;
}

/* Tasks are freed after a grace period: the parent that the read section
 * sees stays readable, even when it is reaped meanwhile. */
int
lx_parent_pid(struct task *task)
{
	struct task *parent;
	int pid;

	rcu_read_lock();
	parent = __atomic_load_n(&task->parent, __ATOMIC_RELAXED);
	pid = parent != NULL && parent->container == task->container ?
	    parent->pid : 0;
	rcu_read_unlock();
	return pid;
}

enum err
lx_getppid(struct thread *t, const struct sysargs *a, long *ret)
{
	(void)a;
	*ret = lx_parent_pid(t->task);
	return OK;
}
