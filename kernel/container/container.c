/* SPDX-License-Identifier: MIT */
/*
 * Containers: what their tasks can see and use.
 *
 * Limits are a chain: a charge is made in the container and in each one
 * above it, and taken back below if one refuses. used may pass max for a
 * moment while a refused charge is taken back; it never stays there.
 */
#include <kernel/container.h>
#include <kernel/log.h>
#include <kernel/mm.h>
#include <kernel/task.h>
#include <lib/string.h>

#define LIMIT_NONE INT64_MAX

struct container *container_root;

static void
container_destroy(struct obj *o)
{
	struct container *c = container_of(o, struct container, obj);

	task_unref(c->init);
	pid_space_free(c->pids);
	container_unref(c->parent);
	obj_gone(o);
	kfree(c, sizeof(*c));
}

static const struct obj_ops container_ops = { .destroy = container_destroy };

enum err
container_create(struct container *parent, struct container **out)
{
	struct container *c = kzalloc(sizeof(*c));

	if (c == NULL)
		return ERR_NOMEM;
	c->pids = pid_space_create();
	if (c->pids == NULL) {
		kfree(c, sizeof(*c));
		return ERR_NOMEM;
	}
	obj_init(&c->obj, &container_ops, OBJ_CONTAINER);
	mutex_init(&c->lock, RANK_CONTAINER, "container");
	for (unsigned i = 0; i < LIMIT_COUNT; i++)
		atomic_init(&c->max[i], LIMIT_NONE);
	c->allowed_abis = UINT64_MAX;
	c->ceiling = RIGHTS_ALL;
	c->started = time_now();
	strlcpy(c->hostname, "carmine", sizeof(c->hostname));
	strlcpy(c->domainname, "(none)", sizeof(c->domainname));
	if (parent != NULL) {
		c->parent = container_ref(parent);
		c->allowed_abis = parent->allowed_abis;
		c->ceiling = parent->ceiling;
	}
	*out = c;
	return OK;
}

static bool
charge_one(struct container *c, enum limit_kind k, long n)
{
	long used = atomic_fetch_add_explicit(
	    &c->used[k], n, memory_order_relaxed) + n;

	if (n <= 0 || used <= atomic_load_explicit(
	    &c->max[k], memory_order_relaxed))
		return true;
	atomic_fetch_sub_explicit(&c->used[k], n, memory_order_relaxed);
	return false;
}

enum err
container_charge(struct container *c, enum limit_kind k, long n)
{
	struct container *p, *undo;

	for (p = c; p != NULL; p = p->parent) {
		if (LIKELY(charge_one(p, k, n)))
			continue;
		for (undo = c; undo != p; undo = undo->parent)
			atomic_fetch_sub_explicit(
			    &undo->used[k], n, memory_order_relaxed);
		return ERR_QUOTA;
	}
	return OK;
}

void
container_uncharge(struct container *c, enum limit_kind k, long n)
{
	for (; c != NULL; c = c->parent)
		atomic_fetch_sub_explicit(
		    &c->used[k], n, memory_order_relaxed);
}

void
container_init(void)
{
	if (container_create(NULL, &container_root) != OK)
		panic("no memory for the root container");
}
