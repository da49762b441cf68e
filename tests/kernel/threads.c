/* SPDX-License-Identifier: MIT */
/* Kernel threads and tasks for tests; see threads.h. */
#include "threads.h"

#include "../../kernel/sched/queue.h"
#include "../../kernel/task/internal.h"

static void
crew_member(void *arg)
{
	struct crew *c = arg;

	c->fn(c, atomic_fetch_add(&c->next, 1));
	/* The crew lives on the runner's stack: touch it last under the
	 * queue's lock, which the runner takes before it leaves. */
	if (atomic_fetch_sub(&c->left, 1) == 1)
		waitq_wake(&c->done, 0);
}

void
crew_run(struct crew *c, unsigned count)
{
	unsigned long flags;

	atomic_init(&c->next, 0);
	atomic_init(&c->left, count);
	waitq_init(&c->done);
	for (unsigned i = 0; i < count; i++)
		EXPECT_OK(thread_kernel("crew", crew_member, c));
	err_ignore(wait_until(
	    &c->done, atomic_load(&c->left) == 0, WAIT_DEEP));
	flags = spin_lock_irq(&c->done.lock);
	spin_unlock_irq(&c->done.lock, flags);
	rcu_sync(); /* a waker may still be between its two steps */
}

/* ---- tasks ------------------------------------------------------------- */

static void
task_entry(void *unused UNUSED)
{
	struct thread *t = thread_current();

	switch_finish();
	arch_irq_enable();
	t->kernel_fn(t->kernel_arg);
	task_exit(0);
}

enum err
test_task_start(
    struct task *parent, void (*fn)(void *), void *arg, struct task **out)
{
	struct thread *t = NULL;
	enum err e;

	e = task_spawn(parent, &t);
	if (e != OK)
		return e;
	t->kernel_fn = fn;
	t->kernel_arg = arg;
	arch_context_init(
	    &t->ctx, (vaddr_t)thread_frame(t), task_entry, NULL);
	if (out != NULL)
		*out = task_ref(t->task);
	sched_start(t);
	obj_unref(&t->obj);
	return OK;
}

static void
thread_entry(void *unused UNUSED)
{
	struct thread *t = thread_current();

	switch_finish();
	arch_irq_enable();
	t->kernel_fn(t->kernel_arg);
	thread_exit(0);
}

enum err
test_thread_start(void (*fn)(void *), void *arg)
{
	struct thread *t = NULL;
	enum err e = thread_create(task_current(), NULL, &t);

	if (e != OK)
		return e;
	t->kernel_fn = fn;
	t->kernel_arg = arg;
	arch_context_init(&t->ctx, (vaddr_t)thread_frame(t),
	    thread_entry, NULL);
	e = thread_join_task(t);
	if (e != OK) {
		thread_discard(t);
		return e;
	}
	sched_start(t);
	obj_unref(&t->obj);
	return OK;
}

void
test_task_run(void (*fn)(void *), void *arg)
{
	struct task *t = NULL;
	enum err e = test_task_start(&kernel_task, fn, arg, &t);

	EXPECT_OK(e);
	if (e != OK)
		return;
	err_ignore(wait_until(&t->exit_waitq, t->zombie, WAIT_DEEP));
	task_unref(t);
}
