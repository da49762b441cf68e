/* SPDX-License-Identifier: MIT */
/*
 * Signals: sending.
 *
 * A signal for a task is put into the shared set, one for a thread into that
 * thread's; then a thread that does not block it is brought to look
 * (thread_poke). Numbers below 32 are pending once; the others queue.
 * Delivery is the receiver's own work (deliver.c).
 *
 * A signal whose default is to terminate, that no handler catches, ends the
 * whole task at once: its threads are told by WORK_KILLED, also where they
 * sleep killably. The container's init is exempt from what it does not catch
 * unless the kernel sends it.
 *
 * sig_lock covers all of it; the lock order is tree lock, sig_lock, wait
 * queue, run queue, so signals can be sent from interrupts and with the tree
 * lock held. Memory for the queue may be missing: then a signal below 32 is
 * still sent, without its details.
 */
#include "internal.h"

#include <kernel/mm.h>
#include <lib/bits.h>
#include <lib/string.h>

static struct slab_cache *queued_cache;

#define SIG_IGNORED_BY_DEFAULT (SIG_BIT(SIG_CHLD) | SIG_BIT(SIG_CONT) | \
    SIG_BIT(SIG_URG) | SIG_BIT(SIG_WINCH))

bool
signal_default_ignored(int number)
{
	return (SIG_IGNORED_BY_DEFAULT >> (number - 1) & 1) != 0;
}

bool
signal_is_stop(int number)
{
	return (SIG_STOPS >> (number - 1) & 1) != 0;
}

/* ---- pending sets ------------------------------------------------------ */

void
sig_pending_init(struct sig_pending *p)
{
	p->set = 0;
	list_init(&p->queue);
}

/* Forgets those of set; sig_lock held or nobody else knows p. */
static void
pending_drop(struct sig_pending *p, sigset_bits set)
{
	struct sig_queued *q, *ahead;

	if ((p->set & set) == 0)
		return;
	p->set &= ~set;
	list_each_safe(q, ahead, &p->queue, link) {
		if (set >> (q->info.number - 1) & 1) {
			list_del(&q->link);
			slab_free(queued_cache, q);
		}
	}
}

void
sig_pending_flush(struct sig_pending *p)
{
	pending_drop(p, ~UINT64_C(0));
}

static enum err
pending_add(struct sig_pending *p, const struct sig_info *info)
{
	sigset_bits bit = SIG_BIT(info->number);
	struct sig_queued *q;

	if (info->number <= SIG_SYS && (p->set & bit))
		return OK;
	q = slab_alloc(queued_cache);
	if (q != NULL) {
		q->info = *info;
		list_add_tail(&p->queue, &q->link);
	} else if (info->number > SIG_SYS && info->code < 0) {
		return ERR_AGAIN;
	}
	p->set |= bit;
	return OK;
}

/* Source of order: lower numbers first, faults before all others. */
bool
sig_take_pending(struct sig_pending *p, sigset_bits set, struct sig_info *out)
{
	const sigset_bits faults = SIG_BIT(SIG_SEGV) | SIG_BIT(SIG_BUS) |
	    SIG_BIT(SIG_ILL) | SIG_BIT(SIG_TRAP) | SIG_BIT(SIG_FPE) |
	    SIG_BIT(SIG_SYS);
	sigset_bits ready = p->set & set;
	struct sig_queued *q, *found = NULL;
	bool more = false;
	int number;

	if (ready == 0)
		return false;
	if (ready & faults)
		ready &= faults;
	number = (int)ffs64(ready);
	list_each(q, &p->queue, link) {
		if (q->info.number != number)
			continue;
		if (found != NULL) {
			more = true;
			break;
		}
		found = q;
	}
	if (found != NULL) {
		*out = found->info;
		list_del(&found->link);
		slab_free(queued_cache, found);
	} else {
		*out = (struct sig_info){
			.number = number, .code = SIGC_KERNEL,
		};
	}
	if (!more)
		p->set &= ~SIG_BIT(number);
	return true;
}

/* ---- bringing a thread to look ----------------------------------------- */

void
thread_poke(struct thread *t, unsigned work)
{
	/* Pairs with wait_once: SLEEPING, barrier, work. */
	atomic_fetch_or_explicit(&t->head.work, work, memory_order_seq_cst);
	if (sched_wake(t, false))
		return;
	/* In user mode on another CPU: it looks on its way back. If it is being
	 * switched to right now, then schedule() has a barrier between RUNNING
	 * and its look at work, and sched_wake() had ours before this one. */
	if (t != thread_current() && atomic_load_explicit(
	    &t->state, memory_order_relaxed) == THREAD_RUNNING &&
	    thread_cpu(t) != cpu_id())
		arch_ipi(UINT64_C(1) << thread_cpu(t));
}

static bool
thread_wants(const struct thread *t, int number)
{
	sigset_bits bit = SIG_BIT(number);

	return (bit & SIG_UNBLOCKABLE) || !(t->sig_mask & bit);
}

static void
wake_one_that_wants(struct task *t, int number)
{
	struct thread *th;

	list_each(th, &t->threads, task_link) {
		if (thread_wants(th, number)) {
			thread_poke(th, WORK_SIGNAL);
			return;
		}
	}
}

/* ---- what sending does besides ----------------------------------------- */

static void
drop_everywhere(struct task *t, sigset_bits set)
{
	struct thread *th;

	pending_drop(&t->pending, set);
	list_each(th, &t->threads, task_link)
		pending_drop(&th->pending, set);
}

/* CONT undoes stops and the other way round. True: the task goes on now. */
static bool
stop_and_continue(struct task *t, int number)
{
	if (signal_is_stop(number)) {
		drop_everywhere(t, SIG_BIT(SIG_CONT));
		return false;
	}
	if (number != SIG_CONT && number != SIG_KILL)
		return false;
	drop_everywhere(t, SIG_STOPS);
	if (t->stop_signal == 0)
		return false;
	t->stop_signal = 0;
	t->stop_report = false;
	t->cont_report = number == SIG_CONT;
	return true;
}

static bool
is_init(const struct task *t)
{
	return t == t->container->init;
}

/* Nobody would notice it. th NULL: any thread. */
static bool
is_ignored(const struct task *t, const struct thread *th,
    const struct sig_info *info)
{
	int n = info->number;
	uintptr_t handler = sig_handler(t->actions, n);
	const struct thread *one;

	/* Blocked ones are kept: the action may change until they are not. */
	if (th != NULL && (th->sig_mask & SIG_BIT(n)) && n != SIG_KILL)
		return false;
	if (th == NULL && n != SIG_KILL) {
		list_each(one, &t->threads, task_link) {
			if (one->sig_mask & SIG_BIT(n))
				return false;
		}
	}
	if (handler == SIG_HANDLER_IGNORE)
		return n != SIG_KILL && n != SIG_STOP;
	if (handler != SIG_HANDLER_DEFAULT)
		return false;
	return signal_default_ignored(n) ||
	    (is_init(t) && info->code <= 0);
}

static bool
is_fatal(const struct task *t, int number)
{
	return sig_handler(t->actions, number) == SIG_HANDLER_DEFAULT &&
	    !signal_default_ignored(number) && !signal_is_stop(number);
}

static void
kill_all(struct task *t, int number)
{
	struct thread *th;

	(void)task_set_status(t, number);
	t->stop_signal = 0;
	list_each(th, &t->threads, task_link)
		thread_poke(th, WORK_KILLED);
}

/* sig_lock held. th NULL: to the task. */
static enum err
send_locked(struct task *t, struct thread *th, const struct sig_info *info)
{
	int n = info->number;
	struct thread *one;
	enum err e;

	if (is_ignored(t, th, info))
		return OK;
	e = pending_add(th != NULL ? &th->pending : &t->pending, info);
	if (e != OK)
		return e;
	if (n == SIG_KILL) {
		kill_all(t, n);
	} else if (th != NULL) {
		if (thread_wants(th, n)) {
			if (is_fatal(t, n))
				kill_all(t, n);
			else
				thread_poke(th, WORK_SIGNAL);
		}
	} else {
		bool wanted = false;

		list_each(one, &t->threads, task_link)
			wanted |= thread_wants(one, n);
		if (wanted && is_fatal(t, n))
			kill_all(t, n);
		else if (wanted)
			wake_one_that_wants(t, n);
	}
	return OK;
}

/* *continued: the parent is to be told. */
static enum err
send(struct task *t, struct thread *th, const struct sig_info *info,
    bool *continued)
{
	unsigned long flags;
	enum err e = OK;

	*continued = false;
	if (info->number < 0 || info->number > SIG_MAX)
		return ERR_INVAL;
	if (info->number == 0 || t == &kernel_task)
		return OK;
	flags = spin_lock_irq(&t->sig_lock);
	*continued = stop_and_continue(t, info->number);
	if (t->actions != NULL && atomic_load(&t->thread_count) > 0)
		e = send_locked(t, th, info);
	spin_unlock_irq(&t->sig_lock, flags);
	waitq_wake(&t->sig_waitq, 0);
	if (*continued)
		waitq_wake(&t->cont_waitq, 0);
	return e;
}

enum err
signal_send(struct task *t, const struct sig_info *info)
{
	bool continued;
	enum err e = send(t, NULL, info, &continued);

	if (continued)
		notify_parent(t, CLD_CONTINUED, SIG_CONT);
	return e;
}

enum err
signal_send_in_tree(struct task *t, const struct sig_info *info)
{
	bool continued;
	enum err e = send(t, NULL, info, &continued);

	if (continued)
		notify_parent_alone(t, CLD_CONTINUED, SIG_CONT);
	return e;
}

bool
signal_send_sharing(struct task *t, const struct sig_info *info)
{
	bool continued;

	err_ignore(send(t, NULL, info, &continued)); /* of the kernel's */
	return continued;
}

enum err
signal_send_thread(struct thread *th, const struct sig_info *info)
{
	bool continued;
	enum err e = send(th->task, th, info, &continued);

	if (continued)
		notify_parent(th->task, CLD_CONTINUED, SIG_CONT);
	return e;
}

void
signal_kernel(struct task *t, int number)
{
	const struct sig_info info = { .number = number, .code = SIGC_KERNEL };

	err_ignore(signal_send(t, &info)); /* plain ones cannot fail */
}

/* ---- groups and everybody ---------------------------------------------- */

bool
signal_may(struct task *target, int number)
{
	struct task *self = task_current();
	struct creds *mine, *its;
	bool may;

	if (self == target || self == &kernel_task || capable(CAP_KILL))
		return true;
	mine = creds_get(self);
	its = creds_get(target);
	may = mine->euid == its->suid || mine->euid == its->uid ||
	    mine->uid == its->suid || mine->uid == its->uid;
	creds_put(its);
	creds_put(mine);
	return may ||
	    (number == SIG_CONT && task_sid(self) == task_sid(target));
}

/* Whether the sender is a program and not the kernel: by the code's sign. */
static bool
needs_leave(const struct sig_info *info)
{
	return info->code <= 0;
}

/* Under the tree lock signal_may's own use of it is not possible: the
 * members are collected first, a few at a time. */
#define BATCH 16

struct batch {
	struct task *task[BATCH];
	unsigned count;
	int next; /* pid to go on from */
};

typedef bool batch_wants(const struct task *t, int arg);

static void
batch_fill(struct batch *b, struct container *c, batch_wants *wants, int arg)
{
	struct task *t = NULL;

	b->count = 0;
	while (b->count < BATCH && task_next(c, b->next, &t) == OK) {
		b->next = t->pid + 1;
		if (wants(t, arg))
			b->task[b->count++] = t;
		else
			task_unref(t);
	}
}

static bool
is_other(const struct task *t, int arg UNUSED)
{
	return t != task_current() && !is_init(t) && !t->zombie;
}

enum err
signal_all(const struct sig_info *info)
{
	struct batch b = { .next = 2 };
	bool found = false, sent = false;

	do {
		batch_fill(&b, task_current()->container, is_other, 0);
		for (unsigned i = 0; i < b.count; i++) {
			found = true;
			if (signal_may(b.task[i], info->number) &&
			    signal_send(b.task[i], info) == OK)
				sent = true;
			task_unref(b.task[i]);
		}
	} while (b.count == BATCH);
	if (sent)
		return OK;
	return found ? ERR_PERM : ERR_NOTASK;
}

/* The kernel's own senders (terminals): any context. */
static enum err
group_by_kernel(struct pid *group, const struct sig_info *info)
{
	enum err e = ERR_NOTASK;
	struct task *t;

	list_each(t, &group->members, group_link) {
		if (signal_send_in_tree(t, info) == OK)
			e = OK;
	}
	return e;
}

/* May without the tree lock's part, which is held: same session counts. */
static bool
may_locked(struct task *self, struct task *t, int number)
{
	const struct creds *mine, *its;
	bool may;

	if (self == t || capable(CAP_KILL))
		return true;
	rcu_read_lock();
	mine = atomic_load(&self->creds);
	its = atomic_load(&t->creds);
	may = mine->euid == its->suid || mine->euid == its->uid ||
	    mine->uid == its->suid || mine->uid == its->uid;
	rcu_read_unlock();
	return may || (number == SIG_CONT && self->session == t->session);
}

static enum err
group_by_program(struct pid *group, const struct sig_info *info)
{
	enum err e = ERR_NOTASK;
	struct task *t;

	list_each(t, &group->members, group_link) {
		if (!may_locked(task_current(), t, info->number)) {
			if (e == ERR_NOTASK)
				e = ERR_PERM;
		} else if (signal_send_in_tree(t, info) == OK) {
			e = OK;
		}
	}
	return e;
}

enum err
signal_group(int pgid, const struct sig_info *info)
{
	struct container *c = task_current()->container;
	enum err e = ERR_NOTASK;
	struct pid *group;
	unsigned long flags;

	flags = tree_lock_alone();
	rcu_read_lock();
	group = pid_find(c->pids, pgid);
	rcu_read_unlock();
	if (group != NULL && !list_empty(&group->members))
		e = needs_leave(info) ? group_by_program(group, info) :
		    group_by_kernel(group, info);
	tree_unlock_alone(flags);
	return e;
}

void
signal_group_in(struct container *c, int pgid, int number)
{
	const struct sig_info info = { .number = number, .code = SIGC_KERNEL };
	unsigned long flags = tree_lock_alone();
	struct pid *group;

	rcu_read_lock();
	group = pid_find(c->pids, pgid);
	rcu_read_unlock();
	/* Members keep it from going while we hold the lock. */
	if (group != NULL && !list_empty(&group->members))
		err_ignore(group_by_kernel(group, &info));
	tree_unlock_alone(flags);
}

/* ---- actions ----------------------------------------------------------- */

struct sig_actions *
sig_actions_create(void)
{
	struct sig_actions *a = kzalloc(sizeof(*a));

	if (a != NULL)
		ref_init(&a->refs, 1);
	return a;
}

struct sig_actions *
sig_actions_clone(struct task *t)
{
	struct sig_actions *a = kmalloc(sizeof(*a));
	unsigned long flags;

	if (a == NULL)
		return NULL;
	flags = spin_lock_irq(&t->sig_lock);
	memcpy(a->act, t->actions->act, sizeof(a->act));
	spin_unlock_irq(&t->sig_lock, flags);
	ref_init(&a->refs, 1);
	return a;
}

void
sig_actions_unref(struct sig_actions *a)
{
	if (a != NULL && ref_dec(&a->refs))
		kfree(a, sizeof(*a));
}

/* A signal that nobody will look at is not kept. */
static NOINLINE void
drop_ignored(struct task *t, int number, uintptr_t handler)
    REQUIRES(t->sig_lock)
{
	if (handler == SIG_HANDLER_IGNORE || signal_default_ignored(number))
		drop_everywhere(t, SIG_BIT(number));
}

struct sig_action *
signal_own_action(int number)
{
	struct task *t = task_current();

	if (UNLIKELY((unsigned)number - 1 >= SIG_MAX ||
	    (SIG_UNBLOCKABLE >> (number - 1) & 1)))
		return NULL;
	/* Nobody else changes what one thread has alone. */
	if (UNLIKELY(atomic_load_explicit(&t->actions->refs.count,
	    memory_order_relaxed) != 1 || atomic_load_explicit(
	    &t->thread_count, memory_order_relaxed) != 1))
		return NULL;
	return &t->actions->act[number];
}

enum err
signal_action(int number, const struct sig_action *set, struct sig_action *old)
{
	struct task *t = task_current();
	struct sig_action *act;
	unsigned long flags;

	if (number < 1 || number > SIG_MAX ||
	    (set != NULL && (SIG_UNBLOCKABLE >> (number - 1) & 1)))
		return ERR_INVAL;
	act = &t->actions->act[number];
	flags = spin_lock_irq(&t->sig_lock);
	if (old != NULL)
		*old = *act;
	if (set != NULL) {
		sig_action_set(act, set);
		if (set->handler <= SIG_HANDLER_IGNORE)
			drop_ignored(t, number, set->handler);
	}
	spin_unlock_irq(&t->sig_lock, flags);
	return OK;
}

enum err
signal_exec(struct task *t)
{
	struct sig_actions *mine, *old;
	unsigned long flags;

	/* exec must not change the actions of those who share them. */
	mine = sig_actions_clone(t);
	if (mine == NULL)
		return ERR_NOMEM;
	for (unsigned i = 1; i <= SIG_MAX; i++) {
		uintptr_t handler = mine->act[i].handler;

		mine->act[i] = (struct sig_action){
			.handler = handler == SIG_HANDLER_IGNORE ?
			    SIG_HANDLER_IGNORE : SIG_HANDLER_DEFAULT,
		};
	}
	flags = spin_lock_irq(&t->sig_lock);
	old = t->actions;
	t->actions = mine;
	spin_unlock_irq(&t->sig_lock, flags);
	sig_actions_unref(old);
	thread_current()->alt_stack = (struct sig_stack){ 0 };
	return OK;
}

void
signal_init(void)
{
	queued_cache = slab_cache_create(
	    "signal", sizeof(struct sig_queued), 0);
}
