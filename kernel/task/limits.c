/* SPDX-License-Identifier: MIT */
/*
 * Resource limits. The pair is kept in the task; those that other parts
 * enforce are passed on to the handle table and the space.
 */
#include "internal.h"

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

enum err
task_set_rlimit(struct task *t, enum rlimit_kind kind,
    const struct rlimit_pair *want)
{
	struct rlimit_pair *now = &t->rlimits[kind];
	bool may = capable(CAP_SYS_RESOURCE);
	enum err e = OK;

	if (want->soft > want->hard)
		return ERR_INVAL;
	if (kind == RLIM_NOFILE && want->hard > HANDLES_CEILING)
		return ERR_PERM;
	mutex_lock(&t->lock);
	if (want->hard > now->hard && !may)
		e = ERR_PERM;
	else
		*now = *want;
	if (e == OK && kind == RLIM_NOFILE && t->handles != NULL)
		handle_table_set_limit(t->handles, (unsigned)want->soft);
	else if (e == OK)
		pass_to_space(t->space, kind, want->soft);
	mutex_unlock(&t->lock);
	return e;
}
