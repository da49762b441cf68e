/* SPDX-License-Identifier: MIT */
/*
 * Task records: making, finding, releasing.
 *
 * References: the tree holds one from task_link_child until the parent (or
 * nobody) has reaped it, each thread holds one, each child holds one on its
 * parent. What a task owns beside its record goes when its last thread ends
 * (exit.c); the record stays for whoever still holds it.
 */
#include "internal.h"

#include <kernel/cputime.h>
#include <kernel/futex.h>
#include <kernel/mm.h>
#include <lib/string.h>

static struct slab_cache *task_cache;

/* pid 0: what kernel threads belong to. It has no parent and never ends. */
struct task kernel_task = {
	.obj = { .kind = OBJ_TASK, .refs = { 1 } },
	.lock = MUTEX_INIT(kernel_task.lock, RANK_TASK),
	.children_lock = SPIN_INIT(RANK_CHILDREN, "kernel task's children"),
	.sig_lock = SPIN_INIT(RANK_SIGNAL, "kernel task"),
	.threads = LIST_INIT(kernel_task.threads),
	.children = LIST_INIT(kernel_task.children),
	.sibling = LIST_INIT(kernel_task.sibling),
	.group_link = LIST_INIT(kernel_task.group_link),
	.cpu_timers = LIST_INIT(kernel_task.cpu_timers),
	.pending = { .queue = LIST_INIT(kernel_task.pending.queue) },
	.sig_waitq = WAITQ_INIT(kernel_task.sig_waitq),
	.cont_waitq = WAITQ_INIT(kernel_task.cont_waitq),
	.child_waitq = WAITQ_INIT(kernel_task.child_waitq),
	.exit_waitq = WAITQ_INIT(kernel_task.exit_waitq),
	.name = "kernel",
};

static void
task_free(struct rcu_head *h)
{
	slab_free(task_cache, container_of(h, struct task, rcu));
}

static void
task_destroy(struct obj *o)
{
	struct task *t = container_of(o, struct task, obj);
	struct thread *leader;

	/* Who ran has let go of it already. The others nobody found: those who
	 * hold locks here, as procfs does, hold a task that was found. */
	if (t->handles != NULL || t->fs != NULL || t->ns != NULL ||
	    t->space != NULL)
		task_release(t);
	creds_put(atomic_load(&t->creds));
	sig_actions_unref(t->actions);
	sig_pending_flush(&t->pending);
	leader = atomic_load(&t->leader);
	if (leader != NULL) {
		leader->task = &kernel_task; /* it had only borrowed us */
		obj_unref(&leader->obj);
	}
	pid_unref(t->id);
	pid_unref(t->group);
	session_unref(t->session);
	task_unref(t->parent);
	container_unref(t->container);
	obj_gone(o);
	rcu_call(&t->rcu, task_free);
}

static const struct obj_ops task_ops = { .destroy = task_destroy };

static void
real_timer_fired(struct ktimer *kt)
{
	struct task *t = container_of(kt, struct task, real_timer);
	ns_t next = 0;
	unsigned long flags = spin_lock_irq(&t->sig_lock);

	if (t->real_interval != 0 && !atomic_load(&t->exiting)) {
		/* Not from now: a late interrupt must not add up. */
		next = t->real_deadline + t->real_interval;
		next = MAX(next, time_now() + 1);
	}
	t->real_deadline = next;
	spin_unlock_irq(&t->sig_lock, flags);
	if (next != 0)
		ktimer_set(kt, next);
	signal_kernel(t, SIG_ALRM);
}

static void
task_setup(struct task *t)
{
	mutex_init(&t->lock, RANK_TASK, "task");
	spin_init(&t->children_lock, RANK_CHILDREN, "children");
	spin_init(&t->sig_lock, RANK_SIGNAL, "signals");
	list_init(&t->threads);
	list_init(&t->children);
	list_init(&t->sibling);
	list_init(&t->group_link);
	cpu_timers_init(t);
	rb_init(&t->posix_timers);
	sig_pending_init(&t->pending);
	waitq_init(&t->sig_waitq);
	waitq_init(&t->cont_waitq);
	waitq_init(&t->child_waitq);
	waitq_init(&t->exit_waitq);
	ktimer_init(&t->real_timer, real_timer_fired);
	t->start_time = time_now();
	t->dumpable = true;
}

enum err
task_create(struct container *c, int want_pid, struct task **out)
{
	struct task *t;
	enum err e;

	e = container_charge(c, LIMIT_TASKS, 1);
	if (e != OK)
		return e;
	t = slab_alloc_zero(task_cache);
	if (t == NULL) {
		container_uncharge(c, LIMIT_TASKS, 1);
		return ERR_NOMEM;
	}
	obj_init(&t->obj, &task_ops, OBJ_TASK);
	task_setup(t);
	t->container = container_ref(c);
	e = pid_alloc(c->pids, want_pid, &t->id);
	if (e != OK) {
		container_uncharge(c, LIMIT_TASKS, 1);
		task_unref(t);
		return e;
	}
	t->pid = t->id->number;
	atomic_fetch_add_explicit(&c->forks, 1, memory_order_relaxed);
	*out = t;
	return OK;
}

void
task_set_handles(struct task *t, struct handle_table *handles)
{
	unsigned long flags = spin_lock_irq(&t->sig_lock);

	t->handles = handles;
	spin_unlock_irq(&t->sig_lock, flags);
}

void
task_release(struct task *t)
{
	struct handle_table *handles = t->handles;
	struct space *space = t->space;
	struct fs_state *fs = t->fs;
	struct mount_ns *ns = t->ns;

	/* Others look at a dying task, too (procfs): what they find under a
	 * lock they may reference, so it goes before its reference does. */
	mutex_lock(&t->lock);
	task_set_handles(t, NULL);
	t->fs = NULL;
	t->ns = NULL;
	mutex_unlock(&t->lock);
	handle_table_unref(handles);
	task_hooks.fs_unref(fs);
	task_hooks.ns_unref(ns);
	/* From here on the last thread is like a kernel thread; its CPU may
	 * leave the page tables at any switch. */
	mutex_lock(&t->lock);
	t->space = NULL;
	mutex_unlock(&t->lock);
	space_unref(space);
}

/* No thread of it ran and it is not in the tree. */
void
task_discard(struct task *t)
{
	if (t->id != NULL)
		atomic_store(&t->id->task, NULL);
	container_uncharge(t->container, LIMIT_TASKS, 1);
	owner_sub(t->owner, 1);
	task_release(t);
	task_unref(t);
}

/* ---- looking up -------------------------------------------------------- */

struct thread *
task_leader_get(struct task *t)
{
	struct thread *th;

	rcu_read_lock();
	do
		th = atomic_load(&t->leader);
	while (th != NULL && !ref_inc_unless_zero(&th->obj.refs));
	rcu_read_unlock();
	return th;
}

enum err
task_find(int pid, struct task **out)
{
	enum err e = ERR_NOTASK;
	struct pid *p;
	struct task *t;

	rcu_read_lock();
	p = pid_find(task_current()->container->pids, pid);
	t = p == NULL ? NULL : atomic_load(&p->task);
	if (t != NULL && ref_inc_unless_zero(&t->obj.refs)) {
		*out = t;
		e = OK;
	}
	rcu_read_unlock();
	return e;
}

enum err
thread_find(int tid, struct thread **out)
{
	enum err e = ERR_NOTASK;
	struct pid *p;
	struct thread *t;

	rcu_read_lock();
	p = pid_find(task_current()->container->pids, tid);
	t = p == NULL ? NULL : atomic_load(&p->thread);
	if (t != NULL && ref_inc_unless_zero(&t->obj.refs)) {
		*out = t;
		e = OK;
	}
	rcu_read_unlock();
	return e;
}

enum err
task_next(struct container *c, int from, struct task **out)
{
	enum err e = ERR_NOENT;
	struct pid *p;

	rcu_read_lock();
	while (e != OK && (p = pid_next(c->pids, &from)) != NULL) {
		struct task *t = atomic_load(&p->task);

		if (t != NULL && ref_inc_unless_zero(&t->obj.refs)) {
			*out = t;
			e = OK;
		}
		from++;
	}
	rcu_read_unlock();
	return e;
}

/* ---- times ------------------------------------------------------------- */

void
task_times_locked(struct task *t, ns_t *utime, ns_t *stime)
{
	ns_t user = 0, system = 0, u, s;
	struct thread *th;

	list_each(th, &t->threads, task_link) {
		sched_times(th, &u, &s);
		user += u;
		system += s;
	}
	*utime = atomic_load(&t->utime) + user;
	*stime = atomic_load(&t->stime) + system;
}

void
task_times(struct task *t, ns_t *utime, ns_t *stime)
{
	mutex_lock(&t->lock);
	task_times_locked(t, utime, stime);
	mutex_unlock(&t->lock);
}

ns_t
task_runtime(struct task *t)
{
	ns_t sum = 0;
	struct thread *th;

	mutex_lock(&t->lock);
	list_each(th, &t->threads, task_link)
		sum += sched_runtime(th);
	sum += atomic_load(&t->utime) + atomic_load(&t->stime);
	mutex_unlock(&t->lock);
	return sum;
}

/* What a task has whose parents set nothing. */
static void
default_limits(struct rlimit_pair *of)
{
	for (unsigned i = 0; i < RLIM_COUNT; i++)
		of[i] = (struct rlimit_pair){ UINT64_MAX, UINT64_MAX };
	of[RLIM_STACK].soft = MIB(8);
	of[RLIM_NOFILE] = (struct rlimit_pair){ 1024, 1 << 20 };
	of[RLIM_CORE].soft = 0;
	of[RLIM_NICE] = (struct rlimit_pair){ 0, 0 };
	of[RLIM_RTPRIO] = (struct rlimit_pair){ 0, 0 };
}

void
task_init(void)
{
	task_cache = slab_cache_create("task", sizeof(struct task), 64);
	pid_init();
	owner_init();
	thread_init();
	signal_init();
	kernel_task.container = container_ref(container_root);
	kernel_task.actions = sig_actions_create();
	atomic_store(&kernel_task.creds, creds_alloc(0));
	if (kernel_task.actions == NULL ||
	    atomic_load(&kernel_task.creds) == NULL)
		panic("no memory for the kernel's task");
	atomic_load(&kernel_task.creds)->cap_permitted = CAP_ALL;
	atomic_load(&kernel_task.creds)->cap_effective = CAP_ALL;
	atomic_load(&kernel_task.creds)->cap_bounding = CAP_ALL;
	default_limits(kernel_task.rlimits);
	rcu_start();
}
