/* SPDX-License-Identifier: MIT */
/*
 * Credentials: immutable records that are replaced as a whole, so that a
 * check under rcu_read_lock() sees one consistent set.
 */
#include "internal.h"

#include <kernel/mm.h>
#include <lib/string.h>

/* The head of each allocation; the record follows. */
struct creds_box {
	struct rcu_head rcu;
	size_t bytes;
	struct creds creds;
};

static void
creds_free(struct rcu_head *h)
{
	struct creds_box *b = container_of(h, struct creds_box, rcu);

	kfree(b, b->bytes);
}

struct creds *
creds_alloc(unsigned groups)
{
	size_t bytes = sizeof(struct creds_box) + groups * sizeof(uint32_t);
	struct creds_box *b = kzalloc(bytes);

	if (b == NULL)
		return NULL;
	b->bytes = bytes;
	ref_init(&b->creds.refs, 1);
	b->creds.group_count = groups;
	return &b->creds;
}

struct creds *
creds_copy(unsigned groups)
{
	struct creds *from = creds_get(task_current());
	struct creds *c = creds_alloc(groups);

	if (c != NULL) {
		memcpy((char *)c + offsetof(struct creds, uid),
		    (char *)from + offsetof(struct creds, uid),
		    offsetof(struct creds, groups) -
		    offsetof(struct creds, uid));
		c->group_count = groups;
		memcpy(c->groups, from->groups,
		    MIN(groups, from->group_count) * sizeof(uint32_t));
	}
	creds_put(from);
	return c;
}

struct creds *
creds_get(struct task *t)
{
	struct creds *c;

	rcu_read_lock();
	do {
		c = atomic_load_explicit(&t->creds, memory_order_acquire);
	} while (!ref_inc_unless_zero(&c->refs));
	rcu_read_unlock();
	return c;
}

void
creds_put(struct creds *c)
{
	if (c != NULL && ref_dec(&c->refs))
		rcu_call(&container_of(c, struct creds_box, creds)->rcu,
		    creds_free);
}

enum err
creds_inherit(struct task *from, struct task *to)
{
	enum err e;

	mutex_lock(&from->lock);
	e = task_charge_owner(from);
	if (e == OK) {
		to->owner = from->owner;
		atomic_store(&to->creds, creds_get(from));
	}
	mutex_unlock(&from->lock);
	return e;
}

/* Counts t as one of uid's; lock held. */
static enum err
owner_change(struct task *t, uint32_t uid)
{
	/* The last thread's place is kept until t has been waited for. */
	long n = (long)MAX(atomic_load(&t->thread_count), 1u);
	struct owner *old = t->owner;
	enum err e;

	if (owner_uid(old) == uid)
		return OK;
	e = owner_get(t->container, uid, n, &t->owner);
	if (e != OK)
		return e;
	owner_sub(old, n);
	t->too_many = task_others_are_over(t, n); /* as Linux: without t */
	return OK;
}

enum err
creds_replace(struct task *t, struct creds *c)
{
	enum err e;

	mutex_lock(&t->lock);
	e = owner_change(t, c->uid);
	if (e == OK)
		c = atomic_exchange_explicit(
		    &t->creds, c, memory_order_acq_rel);
	mutex_unlock(&t->lock);
	creds_put(c);
	return e;
}

bool
capable(unsigned cap)
{
	bool has;

	rcu_read_lock();
	has = (atomic_load_explicit(&task_current()->creds,
	    memory_order_acquire)->cap_effective >> cap & 1) != 0;
	rcu_read_unlock();
	return has;
}
