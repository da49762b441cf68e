/* SPDX-License-Identifier: MIT */
/*
 * Resource limits. The pair is kept in the task; those that other parts
 * enforce are passed on to the handle table and the space.
 */
#include "internal.h"

#include <kernel/cputime.h>

#define HANDLES_CEILING (UINT64_C(1) << 20)

static void
pass_to_space(struct space *s, enum rlimit_kind kind, uint64_t soft)
{
	size_t bytes = (size_t)MIN(soft, (uint64_t)SIZE_MAX);

	if (s == NULL)
		return;
	rw_write_lock(&s->lock);
	if (kind == RLIM_AS)
		s->limit_bytes = bytes;
	else if (kind == RLIM_DATA)
		s->limit_data = bytes;
	else if (kind == RLIM_STACK)
		s->limit_stack = bytes;
	rw_write_unlock(&s->lock);
}

static void
pass_on(struct task *t, enum rlimit_kind kind, uint64_t soft)
{
	if (kind == RLIM_CPU)
		cpu_watch_update(t);
	else if (kind == RLIM_NOFILE && t->handles != NULL)
		handle_table_set_limit(t->handles, (unsigned)soft);
	else
		pass_to_space(t->space, kind, soft);
}

/* Threads, and processes that nobody has waited for, of a real user. */
static uint64_t
tasks_of_user(struct container *c, uint32_t uid)
{
	uint64_t n = 0;
	struct task *t;

	for (int pid = 1; task_next(c, pid, &t) == OK; pid++) {
		rcu_read_lock();
		if (atomic_load_explicit(&t->creds,
		    memory_order_acquire)->uid == uid)
			n += MAX(atomic_load(&t->thread_count), 1u);
		rcu_read_unlock();
		pid = t->pid;
		task_unref(t);
	}
	return n;
}

/* Counting walks all tasks: only who is limited pays for it. */
enum err
task_check_user_limit(struct task *t)
{
	uint64_t most = t->rlimits[RLIM_NPROC].soft;
	struct creds *c;
	uint32_t uid;

	if (LIKELY(most == UINT64_MAX))
		return OK;
	c = creds_get(t);
	uid = c->uid;
	creds_put(c);
	if (uid == 0 || capable(CAP_SYS_RESOURCE) || capable(CAP_SYS_ADMIN))
		return OK;
	return tasks_of_user(t->container, uid) < most ? OK : ERR_AGAIN;
}

static enum err
check(enum rlimit_kind kind, const struct rlimit_pair *now,
    const struct rlimit_pair *want)
{
	if (want->soft > want->hard)
		return ERR_INVAL;
	if (kind == RLIM_NOFILE && want->hard > HANDLES_CEILING)
		return ERR_PERM;
	return want->hard > now->hard && !capable(CAP_SYS_RESOURCE) ?
	    ERR_PERM : OK;
}

enum err
task_rlimit(struct task *t, enum rlimit_kind kind,
    const struct rlimit_pair *want, struct rlimit_pair *old)
{
	struct rlimit_pair *now = &t->rlimits[kind];
	enum err e;

	mutex_lock(&t->lock);
	if (old != NULL)
		*old = *now;
	e = want != NULL ? check(kind, now, want) : OK;
	if (e == OK && want != NULL) {
		*now = *want;
		pass_on(t, kind, want->soft);
	}
	mutex_unlock(&t->lock);
	return e;
}
