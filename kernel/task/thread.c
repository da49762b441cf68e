/* SPDX-License-Identifier: MIT */
/*
 * Threads: records, stacks, kernel threads, the first and the last moment.
 *
 * References: one for the thread's life, dropped a grace period after it ran
 * for the last time (so that RCU readers that found it may try to count it),
 * one in task.leader for the first thread, and those of lookups. The stack
 * goes as soon as the next thread runs on that CPU (thread_finish).
 *
 * A thread holds its task, and the task holds its leader. The circle is cut
 * when the leader's life ends: from then on it borrows its task, and when the
 * task is destroyed first, it belongs to kernel_task. So whoever holds a
 * leader but not its task looks at leader->task under rcu_read_lock().
 *
 * exec in another thread makes that one the leader (task_lead). The old one
 * has ended or is about to; if it already borrows its task, it gets a
 * reference back, since nobody holds it for the task's sake any more. Which of
 * the two comes first is decided under sig_lock.
 */
#include "internal.h"

#include <kernel/futex.h>
#include <kernel/mm.h>
#include <kernel/trace.h>
#include <kernel/user.h>
#include <lib/string.h>

#include "../sched/queue.h"

static struct slab_cache *thread_cache;
static COUNTER(calls_counter, "calls_of_ended_threads");

static void
thread_free(struct rcu_head *h)
{
	slab_free(thread_cache, container_of(h, struct thread, rcu));
}

static void
thread_destroy(struct obj *o)
{
	struct thread *t = container_of(o, struct thread, obj);

	counter_add(&calls_counter, t->calls);
	arch_context_free(&t->ctx);
	sig_pending_flush(&t->pending);
	pid_unref(t->id);
	if (!t->borrows_task)
		task_unref(t->task);
	obj_gone(o);
	rcu_call(&t->rcu, thread_free);
}

static const struct obj_ops thread_ops = { .destroy = thread_destroy };

static void
thread_setup(struct thread *t, struct task *task)
{
	t->task = task;
	atomic_init(&t->state, THREAD_NEW);
	rbnode_init(&t->se.node);
	list_init(&t->se.rt_link);
	t->se.class = SCHED_FAIR;
	t->se.weight = WEIGHT_NICE_0;
	t->se.affinity = UINT64_MAX;
	list_init(&t->task_link);
	sig_pending_init(&t->pending);
}

void
thread_idle_init(struct thread *t, unsigned cpu)
{
	thread_setup(t, &kernel_task);
	t->head.cpu = &cpus[cpu];
	atomic_init(&t->se.cpu, cpu);
	t->se.affinity = UINT64_C(1) << cpu;
	ref_init(&t->obj.refs, 1);
	strlcpy(t->name, "idle", sizeof(t->name));
	thread_set_state(t, THREAD_RUNNING);
}

enum err
thread_create(struct task *task, struct pid *id, struct thread **out)
{
	struct thread *t = slab_alloc_zero(thread_cache);

	if (t == NULL)
		return ERR_NOMEM;
	t->head.kstack_top = kstack_alloc();
	if (t->head.kstack_top == 0) {
		slab_free(thread_cache, t);
		return ERR_NOMEM;
	}
	obj_init(&t->obj, &thread_ops, OBJ_THREAD);
	obj_ref(&t->obj);
	thread_setup(t, task_ref(task));
	t->head.alloc_fails = arch_current()->alloc_fails;
	if (id != NULL) {
		t->id = pid_ref(id);
		t->tid = id->number;
		atomic_store_explicit(&id->thread, t, memory_order_release);
	}
	*out = t;
	return OK;
}

enum err
thread_join_task(struct thread *t)
{
	struct task *task = t->task;
	unsigned long flags;
	bool beside;
	enum err e = OK;

	mutex_lock(&task->lock);
	/* The first one is counted with the task. */
	beside = atomic_load(&task->thread_count) != 0;
	if (beside)
		e = task_charge_owner(task);
	if (e != OK)
		goto out;
	flags = spin_lock_irq(&task->sig_lock);
	/* A thread that exec is killing must not leave one behind that nobody
	 * has told: exec would wait for it. */
	if (atomic_load(&task->exiting) || (task == task_current() &&
	    (atomic_load(&arch_current()->work) & WORK_KILLED))) {
		e = ERR_AGAIN;
	} else {
		list_add_tail(&task->threads, &t->task_link);
		atomic_fetch_add(&task->thread_count, 1);
		/* A stop that was decided meanwhile stops this one, too. */
		if (task->stop_signal != 0)
			atomic_fetch_or(&t->head.work, WORK_STOP);
	}
	spin_unlock_irq(&task->sig_lock, flags);
	if (e != OK && beside)
		owner_sub(task->owner, 1);
out:
	mutex_unlock(&task->lock);
	return e;
}

static void
drop_life(struct rcu_head *h)
{
	struct thread *t = container_of(h, struct thread, rcu);
	struct task *task = t->task;
	unsigned long flags = spin_lock_irq(&task->sig_lock);
	bool leads = atomic_load(&task->leader) == t;

	if (leads)
		t->borrows_task = true;
	spin_unlock_irq(&task->sig_lock, flags);
	if (leads)
		task_unref(task); /* may set t->task */
	obj_unref(&t->obj);
}

/* id is t's no more, unless another thread bears it already (exec). */
void
thread_give_id(struct thread *t, struct pid *id)
{
	struct thread *me = t;

	(void)atomic_compare_exchange_strong(&id->thread, &me, NULL);
}

void
thread_finish(struct thread *t)
{
	kstack_free(t->head.kstack_top);
	t->head.kstack_top = 0;
	rcu_call(&t->rcu, drop_life);
}

void
thread_discard(struct thread *t)
{
	if (t->id != NULL)
		thread_give_id(t, t->id);
	thread_set_state(t, THREAD_DEAD);
	thread_finish(t);
	obj_unref(&t->obj);
}

/* ---- entries ----------------------------------------------------------- */

void
thread_user_entry(void *arg UNUSED)
{
	struct thread *t = thread_current();

	switch_finish();
	arch_irq_enable();
	/* A page that cannot be written is the program's business. */
	if (t->set_tid != 0)
		err_ignore(user_store32(t->set_tid, (uint32_t)t->tid));
	arch_irq_disable();
	arch_user_enter(thread_frame(t));
}

static void
thread_kernel_entry(void *arg UNUSED)
{
	struct thread *t = thread_current();

	switch_finish();
	arch_irq_enable();
	t->kernel_fn(t->kernel_arg);
	sched_exit();
}

enum err
thread_kernel(const char *name, void (*fn)(void *), void *arg)
{
	struct thread *t = NULL;
	enum err e;

	e = thread_create(&kernel_task, NULL, &t);
	if (e != OK)
		return e;
	strlcpy(t->name, name, sizeof(t->name));
	t->kernel_fn = fn;
	t->kernel_arg = arg;
	arch_context_init(
	    &t->ctx, t->head.kstack_top, thread_kernel_entry, NULL);
	sched_start(t);
	obj_unref(&t->obj);
	return OK;
}

void
thread_init(void)
{
	thread_cache = slab_cache_create(
	    "thread", sizeof(struct thread), 64);
}
