/* SPDX-License-Identifier: MIT */
/*
 * Messages and queues of Unix sockets.
 *
 * The bytes of a message are copied in before any lock is taken, so a fault
 * never meets one, and a message is queued as a whole.
 */
#include "unix.h"

#include <lib/string.h>

static size_t
objs_size(unsigned n)
{
	return n * (sizeof(struct obj *) + sizeof(rights_t));
}

/* Credentials as the receiver will be told them. */
static void
note_sender(struct umsg *msg, struct usock *from)
{
	struct task *self = task_current();
	const struct creds *c;

	msg->pid = self->pid;
	rcu_read_lock();
	c = atomic_load_explicit(&self->creds, memory_order_acquire);
	msg->uid = c->euid;
	msg->gid = c->egid;
	rcu_read_unlock();
	if (from->name != NULL) {
		msg->from = from->name;
		ref_inc(&msg->from->refs);
	}
}

enum err
umsg_create(struct usock *from, struct iter *it, size_t len,
    struct umsg **out)
{
	struct umsg *m = kmalloc(sizeof(*m) + len);
	size_t n = 0;
	enum err e = OK;

	if (m == NULL)
		return ERR_NOMEM;
	memset(m, 0, sizeof(*m));
	ref_init(&m->refs, 1);
	m->len = len;
	while (n < len) {
		n += iter_read(it, m->bytes + n, len - n);
		if (LIKELY(n == len))
			break;
		e = iter_fault_in(it);
		if (e != OK) {
			kfree(m, sizeof(*m) + len);
			return e;
		}
	}
	note_sender(m, from);
	*out = m;
	return OK;
}

enum err
umsg_take_objs(struct umsg *msg, struct sock_message *m)
{
	unsigned n = m->obj_count;

	if (n == 0)
		return OK;
	msg->objs = kmalloc(objs_size(n));
	if (msg->objs == NULL)
		return ERR_NOMEM;
	msg->rights = (rights_t *)(msg->objs + n);
	memcpy(msg->objs, m->objs, n * sizeof(*m->objs));
	memcpy(msg->rights, m->rights, n * sizeof(*m->rights));
	for (unsigned i = 0; i < n; i++)
		obj_ref(msg->objs[i]); /* the caller keeps its own */
	msg->obj_count = n;
	inflight_add(msg->objs, n);
	return OK;
}

void
umsg_unref(struct umsg *m)
{
	if (m == NULL || !ref_dec(&m->refs))
		return;
	if (m->objs != NULL) {
		inflight_drop(m->objs, m->obj_count);
		kfree(m->objs, objs_size(m->obj_count));
	}
	uname_unref(m->from);
	kfree(m, sizeof(*m) + m->len);
}

void
umsg_give_objs(const struct umsg *msg, struct sock_message *m)
{
	unsigned n = MIN(msg->obj_count, m->obj_max);

	for (unsigned i = 0; i < n; i++) {
		m->objs[i] = obj_ref(msg->objs[i]);
		m->rights[i] = msg->rights[i];
	}
	m->obj_count = n;
	if (n < msg->obj_count)
		m->flags |= MSGF_CTRUNC;
}

void
umsg_give_sender(
    struct usock *to, const struct umsg *msg, struct sock_message *m)
{
	m->has_creds = to->s.pass_creds;
	if (m->has_creds) {
		m->pid = msg->pid;
		m->uid = msg->uid;
		m->gid = msg->gid;
	}
	if (m->addr != NULL)
		uname_out(msg->from, m->addr);
}

/* ---- queues ------------------------------------------------------------ */

void
queue_put(struct usock *to, struct umsg *msg)
{
	list_add_tail(&to->queue, &msg->link);
	to->bytes += msg->len;
	to->count++;
}

struct umsg *
queue_take(struct usock *u)
{
	struct umsg *m = list_first(&u->queue, struct umsg, link);

	if (m != NULL) {
		list_del(&m->link);
		u->bytes -= m->len - m->off;
		u->count--;
	}
	return m;
}

void
queue_purge(struct usock *u)
{
	struct list all = LIST_INIT(all), *l;

	mutex_lock(&u->s.lock);
	list_splice_tail(&all, &u->queue);
	u->bytes = 0;
	u->count = 0;
	mutex_unlock(&u->s.lock);
	while ((l = list_take_first(&all)) != NULL)
		umsg_unref(list_entry(l, struct umsg, link));
}

/* ---- files in flight --------------------------------------------------- */

static void
each_in_queue(
    struct usock *u, void (*fn)(struct obj *o, void *arg), void *arg)
{
	struct umsg *m;

	list_each(m, &u->queue, link)
		for (unsigned i = 0; i < m->obj_count; i++)
			fn(m->objs[i], arg);
}

/* The nth connection that nobody has accepted, referenced; NULL: none. */
static struct usock *
nth_pending(struct usock *u, unsigned n)
{
	struct usock *p, *found = NULL;

	mutex_lock(&u->s.lock);
	list_each(p, &u->pending, pending_link) {
		if (n-- == 0) {
			found = usock_ref(p);
			break;
		}
	}
	mutex_unlock(&u->s.lock);
	return found;
}

/* Also what was sent to pending connections. Two sockets' locks are never
 * held together here. */
static void
unix_each(struct carrier *c, void (*fn)(struct obj *o, void *arg), void *arg)
{
	struct usock *u = container_of(c, struct usock, carrier), *p;

	mutex_lock(&u->s.lock);
	each_in_queue(u, fn, arg);
	mutex_unlock(&u->s.lock);
	for (unsigned i = 0; (p = nth_pending(u, i)) != NULL; i++) {
		mutex_lock(&p->s.lock);
		each_in_queue(p, fn, arg);
		mutex_unlock(&p->s.lock);
		usock_unref(p);
	}
}

static void
unix_purge(struct carrier *c)
{
	struct usock *u = container_of(c, struct usock, carrier);
	struct list all = LIST_INIT(all), *l;

	queue_purge(u);
	mutex_lock(&u->s.lock);
	list_splice_tail(&all, &u->pending);
	u->pending_count = 0;
	mutex_unlock(&u->s.lock);
	while ((l = list_take_first(&all)) != NULL)
		file_unref(
		    &list_entry(l, struct usock, pending_link)->s.file);
}

const struct carrier_ops unix_carrier = {
	.each = unix_each,
	.purge = unix_purge,
};
