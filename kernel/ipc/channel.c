/* SPDX-License-Identifier: MIT */
/*
 * Channels: two ends, messages of bytes and handles, in order.
 *
 * A message is made, with its bytes, before the channel is locked, so no
 * fault is met under the lock and a message is there as a whole or not at
 * all. Queues hold up to QUEUE_BYTES or QUEUE_MESSAGES; then senders wait.
 * A receiver whose buffers are too small leaves the message in its place.
 *
 * Locks: channel.lock (RANK_PORT).
 */
#include <kernel/ipc.h>
#include <kernel/mm.h>
#include <lib/fmt.h>
#include <lib/string.h>

#define MESSAGE_MAX    65536u
#define MESSAGE_OBJS   64u
#define QUEUE_BYTES    (256u * 1024)
#define QUEUE_MESSAGES 256u

struct message {
	struct list link;
	size_t len;
	unsigned obj_count;
	struct obj *objs[MESSAGE_OBJS];
	rights_t rights[MESSAGE_OBJS];
	uint8_t bytes[];
};

struct channel;

/* What one end receives. */
struct end {
	struct channel *channel; /* [I] */
	struct carrier carrier;
	struct list queue; /* [l] */
	size_t bytes; /* [l] */
	unsigned count; /* [l] */
	bool closed; /* [l] nobody receives here any more */
	struct waitq readers; /* wait for messages to this end */
	struct waitq writers; /* wait for room in this end's queue */
};

struct channel {
	struct ref refs;
	struct mutex lock; /* RANK_PORT */
	struct end ends[2];
};

static const struct file_ops channel_ops;

static struct end *
other(struct end *e)
{
	return &e->channel->ends[e == &e->channel->ends[0]];
}

static void
channel_unref(struct channel *c)
{
	if (ref_dec(&c->refs))
		kfree(c, sizeof(*c));
}

/* ---- messages ---------------------------------------------------------- */

static void
message_free(struct message *m)
{
	kfree(m, sizeof(*m) + m->len);
}

static enum err
message_make(const struct channel_message *from, struct message **out)
{
	size_t len = from->bytes->left, n = 0;
	struct message *m;
	enum err e = OK;

	if (len > MESSAGE_MAX || from->obj_count > MESSAGE_OBJS)
		return ERR_MSGSIZE;
	m = kmalloc(sizeof(*m) + len);
	if (m == NULL)
		return ERR_NOMEM;
	m->len = len;
	m->obj_count = from->obj_count;
	for (unsigned i = 0; i < from->obj_count; i++) {
		m->objs[i] = from->objs[i];
		m->rights[i] = from->rights[i];
	}
	while (n < len && e == OK) {
		n += iter_read(from->bytes, m->bytes + n, len - n);
		if (n < len)
			e = iter_fault_in(from->bytes);
	}
	if (e != OK)
		message_free(m);
	else
		*out = m;
	return e;
}

/* ---- sending ----------------------------------------------------------- */

static bool
has_room(const struct end *to, size_t len)
{
	return to->count == 0 || (to->count < QUEUE_MESSAGES &&
	    to->bytes + len <= QUEUE_BYTES);
}

/* Queues m when there is room; its handles are closed in the same moment. */
static enum err
enqueue(struct end *to, struct message *m, const struct channel_message *cm,
    bool wait)
{
	struct channel *c = to->channel;
	enum err e = OK;

	mutex_lock(&c->lock);
	if (!to->closed && !has_room(to, m->len))
		e = !wait ? ERR_AGAIN : wait_until_locked(&to->writers,
		    &c->lock, to->closed || has_room(to, m->len),
		    WAIT_SIGNALS, NS_NEVER);
	if (e == OK && to->closed)
		e = ERR_PIPE;
	if (e == OK && cm->table != NULL)
		e = handle_take(
		    cm->table, cm->handles, cm->objs, cm->obj_count);
	if (e == OK) {
		list_add_tail(&to->queue, &m->link);
		to->bytes += m->len;
		to->count++;
	}
	mutex_unlock(&c->lock);
	return e;
}

enum err
channel_send(struct file *f, struct channel_message *cm, bool wait)
{
	struct end *end = f->data, *to;
	struct message *m = NULL;
	enum err e;

	if (f->ops != &channel_ops)
		return ERR_TYPE;
	to = other(end);
	e = message_make(cm, &m);
	if (e != OK)
		return e;
	inflight_add(m->objs, m->obj_count);
	e = enqueue(to, m, cm, wait && (file_flags(f) & FILE_NONBLOCK) == 0);
	if (e != OK) {
		inflight_remove(m->objs, m->obj_count);
		message_free(m);
		return e;
	}
	waitq_wake(&to->readers, POLL_IN | POLL_RDNORM | WAKE_SYNC);
	/* The slots' references keep the objects until here. */
	for (unsigned i = 0; cm->table != NULL && i < cm->obj_count; i++)
		handle_closed(cm->table, cm->objs[i]);
	return OK;
}

/* ---- receiving --------------------------------------------------------- */

static bool
readable(struct end *end)
{
	return end->count > 0 || other(end)->closed;
}

/* Takes the first message when it fits; c->lock held. */
static enum err
dequeue(struct end *end, const struct channel_message *room,
    struct message **out)
{
	struct message *m = list_first(&end->queue, struct message, link);

	if (m == NULL)
		return ERR_PIPE;
	if (m->len > room->bytes->left || m->obj_count > room->obj_count)
		return ERR_MSGSIZE;
	list_del(&m->link);
	end->bytes -= m->len;
	end->count--;
	*out = m;
	return OK;
}

static enum err
receive(struct end *end, const struct channel_message *room, bool wait,
    struct message **out)
{
	struct channel *c = end->channel;
	enum err e = OK;

	mutex_lock(&c->lock);
	if (!readable(end))
		e = !wait ? ERR_AGAIN : wait_until_locked(&end->readers,
		    &c->lock, readable(end), WAIT_SIGNALS, NS_NEVER);
	if (e == OK)
		e = dequeue(end, room, out);
	mutex_unlock(&c->lock);
	return e;
}

/* A message that cannot be copied out is first again. */
static void
requeue(struct end *end, struct message *m)
{
	mutex_lock(&end->channel->lock);
	list_add(&end->queue, &m->link);
	end->bytes += m->len;
	end->count++;
	mutex_unlock(&end->channel->lock);
}

enum err
channel_receive(struct file *f, struct channel_message *cm, bool wait,
    size_t *len)
{
	struct end *end = f->data;
	struct message *m = NULL;
	size_t n = 0;
	enum err e;

	if (f->ops != &channel_ops)
		return ERR_TYPE;
	e = receive(end, cm, wait && (file_flags(f) & FILE_NONBLOCK) == 0, &m);
	while (e == OK && n < m->len) {
		n += iter_write(cm->bytes, m->bytes + n, m->len - n);
		if (n < m->len)
			e = iter_fault_in(cm->bytes);
	}
	if (m == NULL)
		return e;
	if (e != OK) {
		requeue(end, m);
		return e;
	}
	inflight_remove(m->objs, m->obj_count);
	for (unsigned i = 0; i < m->obj_count; i++) {
		cm->objs[i] = m->objs[i];
		cm->rights[i] = m->rights[i];
	}
	cm->obj_count = m->obj_count;
	*len = m->len;
	message_free(m);
	waitq_wake(&end->writers, POLL_OUT | POLL_WRNORM);
	return OK;
}

/* ---- file -------------------------------------------------------------- */

static unsigned
channel_poll(struct file *f, struct poll_request *r)
{
	struct end *end = f->data, *to = other(end);
	unsigned events = 0;

	poll_wait(r, &end->readers);
	poll_wait(r, &to->writers);
	mutex_lock(&end->channel->lock);
	if (end->count > 0)
		events |= POLL_IN | POLL_RDNORM;
	if (to->closed)
		events |= POLL_HUP | POLL_IN;
	else if (has_room(to, 1))
		events |= POLL_OUT | POLL_WRNORM;
	mutex_unlock(&end->channel->lock);
	return events;
}

static void
purge(struct end *end)
{
	struct list all = LIST_INIT(all);
	struct list *l;

	mutex_lock(&end->channel->lock);
	list_splice_tail(&all, &end->queue);
	end->bytes = 0;
	end->count = 0;
	mutex_unlock(&end->channel->lock);
	while ((l = list_take_first(&all)) != NULL) {
		struct message *m = list_entry(l, struct message, link);

		inflight_drop(m->objs, m->obj_count);
		message_free(m);
	}
}

static void
carrier_purge(struct carrier *c)
{
	purge(container_of(c, struct end, carrier));
}

static void
carrier_each(
    struct carrier *c, void (*fn)(struct obj *o, void *arg), void *arg)
{
	struct end *end = container_of(c, struct end, carrier);
	struct message *m;

	mutex_lock(&end->channel->lock);
	list_each(m, &end->queue, link)
		for (unsigned i = 0; i < m->obj_count; i++)
			fn(m->objs[i], arg);
	mutex_unlock(&end->channel->lock);
}

static const struct carrier_ops channel_carrier = {
	.each = carrier_each,
	.purge = carrier_purge,
};

static void
channel_close(struct file *f UNUSED)
{
	inflight_check();
}

static void
channel_release(struct file *f)
{
	struct end *end = f->data, *to = other(end);

	mutex_lock(&end->channel->lock);
	end->closed = true;
	mutex_unlock(&end->channel->lock);
	waitq_wake(&to->readers, POLL_IN | POLL_HUP);
	waitq_wake(&end->writers, POLL_OUT | POLL_HUP);
	purge(end);
	channel_unref(end->channel);
	inflight_check();
}

static enum err
channel_stat(struct file *f UNUSED, struct file_stat *st)
{
	*st = (struct file_stat){
		.dev = 13, .ino = 7, .mode = 0600, .nlink = 1,
		.block_size = PAGE_SIZE,
	};
	return OK;
}

static size_t
channel_describe(struct file *f UNUSED, char *buf, size_t len)
{
	return (size_t)snprintf(buf, len, "channel:");
}

static const struct file_ops channel_ops = {
	.poll = channel_poll,
	.stat = channel_stat,
	.close = channel_close,
	.release = channel_release,
	.describe = channel_describe,
};

static struct channel *
channel_alloc(void)
{
	struct channel *c = kzalloc(sizeof(*c));

	if (c == NULL)
		return NULL;
	ref_init(&c->refs, 1);
	mutex_init(&c->lock, RANK_PORT, "channel");
	for (unsigned i = 0; i < 2; i++) {
		c->ends[i].channel = c;
		list_init(&c->ends[i].queue);
		waitq_init(&c->ends[i].readers);
		waitq_init(&c->ends[i].writers);
	}
	return c;
}

static enum err
end_create(struct channel *c, unsigned i, struct file **out)
{
	enum err e = file_create(&channel_ops, OBJ_CHANNEL,
	    FILE_READ | FILE_WRITE | FILE_STREAM, &c->ends[i], out);

	if (e == OK) {
		ref_inc(&c->refs);
		carrier_init(&c->ends[i].carrier, *out, &channel_carrier);
	}
	return e;
}

enum err
channel_create(struct file **a, struct file **b)
{
	struct channel *c = channel_alloc();
	struct file *x = NULL, *y = NULL;
	enum err e;

	if (c == NULL)
		return ERR_NOMEM;
	e = end_create(c, 0, &x);
	if (e == OK)
		e = end_create(c, 1, &y);
	channel_unref(c);
	if (e != OK) {
		file_unref(x);
		return e;
	}
	*a = x;
	*b = y;
	return OK;
}
