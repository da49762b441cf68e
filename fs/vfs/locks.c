/*
 * Advisory locks: byte ranges (POSIX by task, OFD by file) and flock.
 *
 * A vnode's locks are a list of non-overlapping ranges per owner and family,
 * changed under one lock for all vnodes: waits between owners form a graph
 * that has to be looked at as a whole for deadlocks, and advisory locks are
 * rare. A waiter sleeps on one queue per vnode hash and looks again.
 *
 * Setting a range splits and merges what the owner has there. Everything a
 * change may need is allocated before the lock is taken.
 */
#include "internal.h"

#include <lib/hash.h>

#define QUEUES 16u

struct held {
	struct list link; /* [locks.lock] in vnode.locks */
	struct file_lock l;
};

struct waiting { /* on a sleeper's stack */
	struct list link; /* [locks.lock] */
	void *owner, *blocker;
};

static struct {
	struct mutex lock;
	struct list waiters; /* [lock] */
	struct waitq queues[QUEUES];
} locks;

static struct waitq *
queue_of(const struct vnode *v)
{
	return &locks.queues[hash_ptr(v) % QUEUES];
}

static bool
overlap(const struct file_lock *a, const struct file_lock *b)
{
	return a->start <= b->end && b->start <= a->end;
}

static bool
same_owner(const struct file_lock *a, const struct file_lock *b)
{
	return a->owner == b->owner && a->flock == b->flock;
}

static struct held *
find_conflict(struct vnode *v, const struct file_lock *l)
{
	struct held *h;

	list_each(h, &v->locks, link) {
		if (h->l.flock == l->flock && h->l.owner != l->owner &&
		    overlap(&h->l, l) && (h->l.exclusive || l->exclusive))
			return h;
	}
	return NULL;
}

/* Would owner wait, in the end, for itself? Each owner waits once a thread;
 * the bound ends walks over cycles that others made. */
static bool
would_deadlock(void *owner, void *blocker)
{
	struct waiting *w;

	for (int hops = 0; hops < 64 && blocker != NULL; hops++) {
		void *next = NULL;

		if (blocker == owner)
			return true;
		list_each(w, &locks.waiters, link) {
			if (w->owner == blocker)
				next = w->blocker;
		}
		blocker = next;
	}
	return false;
}

/* Takes l's range away from its owner; split: room for a second half. */
static void
range_clear(struct vnode *v, const struct file_lock *l, struct held **split,
    struct list *freed)
{
	struct held *h, *ahead;

	list_each_safe(h, ahead, &v->locks, link) {
		if (!same_owner(&h->l, l) || !overlap(&h->l, l))
			continue;
		if (h->l.start < l->start && h->l.end > l->end) {
			(*split)->l = h->l;
			(*split)->l.start = l->end + 1;
			list_add(&h->link, &(*split)->link);
			*split = NULL;
			h->l.end = l->start - 1;
			return; /* ranges of one owner do not overlap */
		}
		if (h->l.start < l->start)
			h->l.end = l->start - 1;
		else if (h->l.end > l->end)
			h->l.start = l->end + 1;
		else
			list_move_tail(freed, &h->link);
	}
}

static void
held_free(struct held *h)
{
	kfree(h, sizeof(*h));
}

static void
held_free_all(struct list *l)
{
	struct list *link;

	while ((link = list_take_first(l)) != NULL)
		held_free(list_entry(link, struct held, link));
}

static enum err
lock_try(struct vnode *v, const struct file_lock *l, struct held **new,
    struct held **split, struct waiting *w)
{
	struct list freed = LIST_INIT(freed);
	struct held *other = find_conflict(v, l);

	if (other != NULL) {
		w->owner = l->owner;
		w->blocker = other->l.owner;
		return ERR_AGAIN;
	}
	range_clear(v, l, split, &freed);
	(*new)->l = *l;
	list_add_tail(&v->locks, &(*new)->link);
	*new = NULL;
	held_free_all(&freed);
	return OK;
}

/* Waits until the conflict changed. A wake between the test and the sleep is
 * not lost: the generation is read under the lock. */
static atomic_uint generation;

static enum err
lock_wait(struct vnode *v, struct waiting *w) REQUIRES(locks.lock)
{
	unsigned was = atomic_load(&generation);
	enum err e;

	if (would_deadlock(w->owner, w->blocker))
		return ERR_DEADLOCK;
	list_add_tail(&locks.waiters, &w->link);
	mutex_unlock(&locks.lock);
	e = wait_until(queue_of(v), atomic_load(&generation) != was,
	    WAIT_SIGNALS);
	mutex_lock(&locks.lock);
	list_del(&w->link);
	return e;
}

enum err
vfs_lock(struct file *f, const struct file_lock *l, bool wait)
{
	struct vnode *v = f->vnode;
	struct held *new, *split;
	struct waiting w = { .owner = NULL };
	enum err e;

	if (v == NULL)
		return ERR_INVAL;
	new = kmalloc(sizeof(*new));
	split = kmalloc(sizeof(*split));
	e = ERR_NOMEM;
	if (new == NULL || split == NULL)
		goto out;
	list_init(&new->link);
	list_init(&split->link);
	mutex_lock(&locks.lock);
	do {
		e = lock_try(v, l, &new, &split, &w);
		if (e != ERR_AGAIN || !wait)
			break;
		e = lock_wait(v, &w);
	} while (e == OK);
	if (e == OK)
		atomic_fetch_add(&generation, 1); /* maybe a downgrade */
	mutex_unlock(&locks.lock);
	if (e == OK)
		waitq_wake(queue_of(v), 0);
out:
	held_free(new);
	held_free(split);
	return e;
}

enum err
vfs_unlock(struct file *f, const struct file_lock *l)
{
	struct list freed = LIST_INIT(freed);
	struct vnode *v = f->vnode;
	struct held *split;

	if (v == NULL)
		return ERR_INVAL;
	split = kmalloc(sizeof(*split));
	if (split == NULL)
		return ERR_NOMEM;
	list_init(&split->link);
	mutex_lock(&locks.lock);
	range_clear(v, l, &split, &freed);
	atomic_fetch_add(&generation, 1);
	mutex_unlock(&locks.lock);
	waitq_wake(queue_of(v), 0);
	held_free_all(&freed);
	held_free(split);
	return OK;
}

enum err
vfs_lock_test(struct file *f, struct file_lock *l, bool *conflict)
{
	struct held *h;

	if (f->vnode == NULL)
		return ERR_INVAL;
	mutex_lock(&locks.lock);
	h = find_conflict(f->vnode, l);
	if (h != NULL)
		*l = h->l;
	*conflict = h != NULL;
	mutex_unlock(&locks.lock);
	return OK;
}

void
vfs_locks_drop(struct file *f, void *owner)
{
	struct list freed = LIST_INIT(freed);
	struct vnode *v = f->vnode;
	struct held *h, *ahead;

	if (v == NULL || list_empty(&v->locks))
		return;
	mutex_lock(&locks.lock);
	list_each_safe(h, ahead, &v->locks, link) {
		if (h->l.owner == owner)
			list_move_tail(&freed, &h->link);
	}
	atomic_fetch_add(&generation, 1);
	mutex_unlock(&locks.lock);
	waitq_wake(queue_of(v), 0);
	held_free_all(&freed);
}

void
locks_init(void)
{
	mutex_init(&locks.lock, RANK_SPACE, "file locks");
	list_init(&locks.waiters);
	for (unsigned i = 0; i < QUEUES; i++)
		waitq_init(&locks.queues[i]);
}
