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

static bool
is_over(const struct task *t, long count)
{
	uint64_t most = t->rlimits[RLIM_NPROC].soft;

	return t->owner != NULL && count > 0 && (uint64_t)count > most;
}

enum err
task_charge_owner(struct task *t)
{
	if (LIKELY(!is_over(t, owner_add(t->owner, 1))) ||
	    capable(CAP_SYS_RESOURCE) || capable(CAP_SYS_ADMIN))
		return OK;
	owner_sub(t->owner, 1);
	return ERR_AGAIN;
}

bool
task_others_are_over(const struct task *t, long own)
{
	return is_over(t, owner_count(t->owner) - own);
}

/* Source: execve(2), EAGAIN: setuid succeeds, so that programs that do not look
 * at its answer do not run on as root; exec then fails. */
enum err
task_check_nproc(void)
{
	struct task *t = task_current();
	bool over;

	mutex_lock(&t->lock);
	over = t->too_many && task_others_are_over(t, 0);
	t->too_many = over;
	mutex_unlock(&t->lock);
	return over ? ERR_AGAIN : OK;
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
