/*
 * Containers: one object decides what its tasks can see and use.
 */
#pragma once

#include <kernel/obj.h>
#include <lib/rbtree.h>

struct mount_ns;
struct task;

enum limit_kind {
	LIMIT_TASKS, LIMIT_PAGES, LIMIT_HANDLES, LIMIT_MOUNTS, LIMIT_COUNT
};

struct container {
	struct obj obj; /* OBJ_CONTAINER */
	struct container *parent; /* [I] referenced; NULL: the root one */
	struct mutex lock; /* RANK_CONTAINER */
	char hostname[65]; /* [l] */
	char domainname[65]; /* [l] */
	atomic_long used[LIMIT_COUNT]; /* [A] */
	atomic_long max[LIMIT_COUNT]; /* [A] LONG_MAX: unlimited */
	uint64_t allowed_abis; /* [I] bit per ABI index */
	rights_t ceiling; /* [I] rights no handle exceeds */
	struct pid_space *pids; /* [I] ids of its tasks */
	struct task *init; /* [l] who adopts orphans */
	atomic_ullong forks; /* [A] tasks ever made */
	ns_t started; /* [I] */
};

struct pid_space *pid_space_create(void); /* kernel/task; NULL: memory */
void pid_space_free(struct pid_space *ps);

extern struct container *container_root;
void container_init(void);
enum err container_create(struct container *parent, struct container **out);

static inline struct container *
container_ref(struct container *c)
{
	obj_ref(&c->obj);
	return c;
}

static inline void
container_unref(struct container *c)
{
	if (c != NULL)
		obj_unref(&c->obj);
}

/* Charges this container and its parents; all or nothing: ERR_QUOTA. */
enum err container_charge(struct container *c, enum limit_kind k, long n);
void container_uncharge(struct container *c, enum limit_kind k, long n);
