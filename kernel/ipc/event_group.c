/* SPDX-License-Identifier: MIT */
/*
 * Event groups: a value is broadcast to all queues that subscribed with a
 * matching filter.
 *
 * A group lists its queues by priority, the highest first, and a broadcast
 * serves them in that order: where several threads become runnable, the one
 * of the higher priority was woken first. A queue keeps its values in order.
 * It grows on demand up to QUEUE_MAX values; a queue that is full misses the
 * value, and the sender is told (ERR_NOMEM) after all others got theirs.
 *
 * Group and queue refer to each other through the group's lock (RANK_EVENT);
 * a queue holds a reference to its group, so the group's record outlives its
 * file while queues exist, and they then read the end of file.
 */
#include <kernel/ipc.h>
#include <kernel/mm.h>
#include <lib/fmt.h>
#include <lib/string.h>

#define QUEUE_FIRST 16u
#define QUEUE_MAX   4096u

struct event_group {
	struct ref refs;
	struct mutex lock; /* RANK_EVENT */
	struct list queues; /* [l] by falling priority */
	bool closed; /* [l] its file is gone */
};

struct event_queue {
	struct list link; /* [g] the group's lock */
	struct event_group *group; /* [I] referenced */
	unsigned priority; /* [I] */
	uint64_t mask, value; /* [I] */
	struct waitq wait;
	uint64_t *values; /* [g] ring of cap, a power of two */
	unsigned cap, head, tail; /* [g] */
};

static const struct file_ops group_ops, queue_ops;

static void
group_unref(struct event_group *g)
{
	if (ref_dec(&g->refs))
		kfree(g, sizeof(*g));
}

/* ---- queues ------------------------------------------------------------ */

static enum err
queue_grow(struct event_queue *q)
{
	unsigned cap = q->cap == 0 ? QUEUE_FIRST : q->cap * 2;
	uint64_t *values;

	if (q->cap >= QUEUE_MAX)
		return ERR_NOMEM;
	values = kmalloc(cap * sizeof(*values));
	if (values == NULL)
		return ERR_NOMEM;
	for (unsigned i = 0; i < q->cap; i++)
		values[i] = q->values[(q->head + i) & (q->cap - 1)];
	kfree(q->values, q->cap * sizeof(*values));
	q->values = values;
	q->tail -= q->head;
	q->head = 0;
	q->cap = cap;
	return OK;
}

static enum err
queue_put(struct event_queue *q, uint64_t v)
{
	if (q->tail - q->head == q->cap) {
		enum err e = queue_grow(q);

		if (e != OK)
			return e;
	}
	q->values[q->tail++ & (q->cap - 1)] = v;
	return OK;
}

static bool
queue_ready(const struct event_queue *q)
{
	return q->head != q->tail || q->group->closed;
}

static enum err
queue_wait(struct event_queue *q, bool nonblock) REQUIRES(q->group->lock)
{
	if (queue_ready(q))
		return OK;
	if (nonblock)
		return ERR_AGAIN;
	return wait_until_locked(&q->wait, &q->group->lock, queue_ready(q),
	    WAIT_SIGNALS, NS_NEVER);
}

static enum err
queue_read(struct file *f, struct iter *it, uint64_t *off UNUSED, size_t *done)
{
	struct event_queue *q = f->data;
	size_t n = 0;
	enum err e;

	if (it->left < sizeof(uint64_t))
		return ERR_INVAL;
	mutex_lock(&q->group->lock);
	e = queue_wait(q, (file_flags(f) & FILE_NONBLOCK) != 0);
	while (e == OK && q->head != q->tail && it->left >= sizeof(uint64_t)) {
		struct iter before = *it;
		uint64_t v = q->values[q->head & (q->cap - 1)];

		if (iter_write(it, &v, sizeof(v)) == sizeof(v)) {
			q->head++;
			n += sizeof(v);
			continue;
		}
		*it = before;
		mutex_unlock(&q->group->lock);
		/* A value may cross a page: both have to be there. */
		e = iter_fault_in(it);
		if (e == OK) {
			struct iter last = *it;

			iter_advance(&last, sizeof(v) - 1);
			e = iter_fault_in(&last);
		}
		mutex_lock(&q->group->lock);
	}
	mutex_unlock(&q->group->lock);
	if (e != OK && n == 0)
		return e;
	*done = n;
	return OK;
}

static unsigned
queue_poll(struct file *f, struct poll_request *r)
{
	struct event_queue *q = f->data;
	unsigned events = 0;

	poll_wait(r, &q->wait);
	mutex_lock(&q->group->lock);
	if (queue_ready(q))
		events = POLL_IN | POLL_RDNORM;
	if (q->group->closed)
		events |= POLL_HUP;
	mutex_unlock(&q->group->lock);
	return events;
}

static void
queue_release(struct file *f)
{
	struct event_queue *q = f->data;
	struct event_group *g = q->group;

	mutex_lock(&g->lock);
	list_del(&q->link);
	mutex_unlock(&g->lock);
	kfree(q->values, q->cap * sizeof(*q->values));
	kfree(q, sizeof(*q));
	group_unref(g);
}

static enum err
any_stat(struct file *f UNUSED, struct file_stat *st)
{
	*st = (struct file_stat){
		.dev = 13, .ino = 2, .mode = 0600, .nlink = 1,
		.block_size = PAGE_SIZE,
	};
	return OK;
}

static size_t
queue_describe(struct file *f UNUSED, char *buf, size_t len)
{
	return (size_t)snprintf(buf, len, "event:[queue]");
}

static const struct file_ops queue_ops = {
	.read = queue_read,
	.poll = queue_poll,
	.stat = any_stat,
	.release = queue_release,
	.describe = queue_describe,
};

/* ---- groups ------------------------------------------------------------ */

static void
group_release(struct file *f)
{
	struct event_group *g = f->data;
	struct event_queue *q;

	mutex_lock(&g->lock);
	g->closed = true;
	list_each(q, &g->queues, link)
		waitq_wake(&q->wait, POLL_IN | POLL_HUP);
	mutex_unlock(&g->lock);
	group_unref(g);
}

static size_t
group_describe(struct file *f UNUSED, char *buf, size_t len)
{
	return (size_t)snprintf(buf, len, "event:[group]");
}

static const struct file_ops group_ops = {
	.stat = any_stat,
	.release = group_release,
	.describe = group_describe,
};

enum err
event_group_create(struct file **out)
{
	struct event_group *g = kzalloc(sizeof(*g));
	enum err e;

	if (g == NULL)
		return ERR_NOMEM;
	ref_init(&g->refs, 1);
	mutex_init(&g->lock, RANK_EVENT, "event group");
	list_init(&g->queues);
	e = file_create(&group_ops, OBJ_EVENT,
	    FILE_READ | FILE_WRITE | FILE_STREAM, g, out);
	if (e != OK)
		kfree(g, sizeof(*g));
	return e;
}

static void
group_insert(struct event_group *g, struct event_queue *q)
{
	struct event_queue *at;

	list_each(at, &g->queues, link) {
		if (at->priority < q->priority)
			break;
	}
	/* Before at, which is the head itself when none is lower. */
	list_add_tail(LIST_LINK_(at, link), &q->link);
}

enum err
event_subscribe(struct file *group, unsigned priority, uint64_t mask,
    uint64_t value, struct file **queue)
{
	struct event_group *g = group->data;
	struct event_queue *q;
	enum err e;

	if (group->ops != &group_ops)
		return ERR_NOTSUP;
	q = kzalloc(sizeof(*q));
	if (q == NULL)
		return ERR_NOMEM;
	waitq_init(&q->wait);
	q->group = g;
	q->priority = priority;
	q->mask = mask;
	q->value = value;
	e = file_create(
	    &queue_ops, OBJ_EVENT, FILE_READ | FILE_STREAM, q, queue);
	if (e != OK) {
		kfree(q, sizeof(*q));
		return e;
	}
	ref_inc(&g->refs);
	mutex_lock(&g->lock);
	group_insert(g, q);
	mutex_unlock(&g->lock);
	return OK;
}

enum err
event_broadcast(struct file *group, uint64_t value)
{
	struct event_group *g = group->data;
	struct event_queue *q;
	enum err result = OK;

	if (group->ops != &group_ops)
		return ERR_NOTSUP;
	mutex_lock(&g->lock);
	list_each(q, &g->queues, link) {
		enum err e;

		if ((value & q->mask) != q->value)
			continue;
		e = queue_put(q, value);
		if (e == OK)
			waitq_wake(&q->wait, POLL_IN | POLL_RDNORM);
		else
			result = e;
	}
	mutex_unlock(&g->lock);
	return result;
}
