/* SPDX-License-Identifier: MIT */
/*
 * Files in flight.
 *
 * A message may carry files, among them the very sockets and channel ends in
 * whose queues messages wait. Such files can come to hold only each other:
 * no handle leads to them any more, and no count becomes 0. This is a mark
 * and sweep over the carriers that are in flight at all, which are few.
 *
 *	candidate: all references to it are in-flight ones, so no handle and
 *	    no thread holds it
 *	inside:    those of them that wait in the queues of candidates
 *	live:      more in flight than inside, so some live queue (or a
 *	    message between the steps of a send or receive) holds it; and
 *	    whatever waits in the queues of a live one
 *
 * Candidates that are not live are garbage: their queues are thrown away,
 * which drops the references that kept them.
 *
 * Why counts cannot move meanwhile: a file gets into flight (inflight_add)
 * and out of it (inflight_remove) under flight.lock. Between those calls and
 * the queue, the file is counted as in flight but in no queue, hence live. A
 * candidate has no handle, so nobody can receive from it, send it, or close
 * it but through a live queue.
 *
 * Locks: flight.lock (RANK_FILE), then the queues' own.
 */
#include <kernel/ipc.h>

static struct {
	struct mutex lock;
	struct list flying; /* [lock] carriers with inflight > 0 */
	atomic_uint count; /* [A] of them */
	atomic_flag scheduled;
	struct rcu_head work;
} flight = {
	.lock = MUTEX_INIT(flight.lock, RANK_FILE),
	.flying = LIST_INIT(flight.flying),
	.scheduled = ATOMIC_FLAG_INIT,
};

void
carrier_init(struct carrier *c, struct file *f, const struct carrier_ops *ops)
{
	*c = (struct carrier){ .file = f, .ops = ops };
	list_init(&c->link);
	f->carrier = c;
}

static struct carrier *
carrier_of(struct obj *o)
{
	return (o->kind & OBJ_ANY_FILE) != 0 ? file_of(o)->carrier : NULL;
}

static bool
any_carrier(struct obj *const *objs, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (carrier_of(objs[i]) != NULL)
			return true;
	return false;
}

void
inflight_add(struct obj *const *objs, unsigned n)
{
	if (!any_carrier(objs, n))
		return;
	mutex_lock(&flight.lock);
	for (unsigned i = 0; i < n; i++) {
		struct carrier *c = carrier_of(objs[i]);

		if (c != NULL && c->inflight++ == 0) {
			list_add_tail(&flight.flying, &c->link);
			atomic_fetch_add(&flight.count, 1);
		}
	}
	mutex_unlock(&flight.lock);
}

void
inflight_remove(struct obj *const *objs, unsigned n)
{
	if (!any_carrier(objs, n))
		return;
	mutex_lock(&flight.lock);
	for (unsigned i = 0; i < n; i++) {
		struct carrier *c = carrier_of(objs[i]);

		if (c != NULL && --c->inflight == 0) {
			list_del(&c->link);
			atomic_fetch_sub(&flight.count, 1);
		}
	}
	mutex_unlock(&flight.lock);
}

void
inflight_drop(struct obj *const *objs, unsigned n)
{
	inflight_remove(objs, n);
	for (unsigned i = 0; i < n; i++)
		obj_unref(objs[i]);
}

/* ---- the collector ----------------------------------------------------- */

static void
count_inside(struct obj *o, void *arg UNUSED)
{
	struct carrier *c = carrier_of(o);

	if (c != NULL && c->candidate)
		c->inside++;
}

/* Moves what a live queue holds to the list of those to look into. */
static void
mark_live(struct obj *o, void *arg)
{
	struct carrier *c = carrier_of(o);

	if (c != NULL && c->candidate && !c->live) {
		c->live = true;
		list_move_tail(arg, &c->link);
	}
}

static void
find_candidates(void)
{
	struct carrier *c;

	list_each(c, &flight.flying, link) {
		c->inside = 0;
		c->live = false;
		c->candidate = atomic_load(&c->file->obj.refs.count) ==
		    c->inflight;
	}
	list_each(c, &flight.flying, link)
		if (c->candidate)
			c->ops->each(c, count_inside, NULL);
}

/* Leaves the garbage on flight.flying; the rest goes to *kept. */
static void
sift(struct list *kept)
{
	struct list todo = LIST_INIT(todo);
	struct carrier *c, *ahead;

	list_each_safe(c, ahead, &flight.flying, link) {
		if (!c->candidate) {
			list_move_tail(kept, &c->link);
		} else if (c->inflight > c->inside) {
			c->live = true;
			list_move_tail(&todo, &c->link);
		}
	}
	while ((c = list_first(&todo, struct carrier, link)) != NULL) {
		list_move_tail(kept, &c->link);
		c->ops->each(c, mark_live, &todo);
	}
}

static void
collect(struct rcu_head *h UNUSED)
{
	struct list kept = LIST_INIT(kept), garbage = LIST_INIT(garbage);
	struct carrier *c;

	atomic_flag_clear(&flight.scheduled);
	mutex_lock(&flight.lock);
	find_candidates();
	sift(&kept);
	list_splice_tail(&garbage, &flight.flying);
	list_splice_tail(&flight.flying, &kept);
	/* A reference keeps each while its queue is thrown away, which takes
	 * flight.lock itself. */
	while ((c = list_first(&garbage, struct carrier, link)) != NULL) {
		struct file *f = file_ref(c->file);

		list_move_tail(&flight.flying, &c->link);
		mutex_unlock(&flight.lock);
		c->ops->purge(c);
		file_unref(f);
		mutex_lock(&flight.lock);
	}
	mutex_unlock(&flight.lock);
}

void
inflight_check(void)
{
	if (atomic_load_explicit(&flight.count, memory_order_relaxed) == 0)
		return;
	if (!atomic_flag_test_and_set(&flight.scheduled))
		rcu_call(&flight.work, collect);
}
