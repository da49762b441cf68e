/* SPDX-License-Identifier: MIT */
/*
 * Datagrams and sequenced packets: whole messages. A read takes one, and what
 * does not fit of it is lost (MSG_TRUNC tells).
 */
#include "unix.h"

/* ---- sending ----------------------------------------------------------- */

/* Who gets the message, referenced. */
static enum err
find_target(struct usock *u, const struct sock_message *m, struct usock **out)
{
	bool connects = u->s.type == SOCK_SEQPACKET_;
	struct usock *to = NULL, *its;
	enum err e = OK;

	if (m->addr != NULL && m->addr->len != 0 && !connects) {
		e = unix_lookup(m->addr, &to);
		if (e != OK)
			return e;
		its = usock_dgram_peer(to);
		if (to->s.type != SOCK_DGRAM_)
			e = ERR_PROTOTYPE;
		else if (its != NULL && its != u)
			e = ERR_PERM;
		usock_unref(its);
		if (e != OK) {
			usock_unref(to);
			return e;
		}
	} else {
		to = usock_dgram_peer(u);
		if (to == NULL)
			return ERR_NOTCONN;
	}
	*out = to;
	return OK;
}

static enum err
queue_packet(struct usock *u, struct usock *to, struct umsg *msg,
    const struct sock_message *m)
{
	enum err e;

	mutex_lock(&to->s.lock);
	e = wait_room(u, to, msg->len, m);
	if (e == OK)
		queue_put(to, msg);
	/* Nobody is there to receive a datagram any more. */
	if (e == ERR_PIPE && u->s.type == SOCK_DGRAM_ && to->closed)
		e = ERR_CONNREFUSED;
	mutex_unlock(&to->s.lock);
	if (e == OK)
		waitq_wake(&to->readers, POLL_IN | POLL_RDNORM | WAKE_SYNC);
	return e;
}

/* Pollers that are told of changes only do not look again before one comes:
 * a send that finds no room asks for it in their place. */
static void
found_full(struct usock *u, const struct usock *to)
{
	bool room;

	mutex_lock(&u->s.lock);
	room = usock_peer(u) == to && usock_may_send(u, usock_peer(u));
	mutex_unlock(&u->s.lock);
	if (room)
		waitq_wake(&u->sendable, POLL_OUT | POLL_WRNORM);
}

enum err
packet_send(struct socket *s, struct sock_message *m, size_t *done)
{
	struct usock *u = usock_of(s), *to = NULL;
	size_t len = m->bytes->left;
	struct umsg *msg = NULL;
	enum err e;

	if (len > UMSG_MAX || len > s->send_buffer)
		return ERR_MSGSIZE;
	if (u->shut_write)
		return ERR_PIPE;
	e = find_target(u, m, &to);
	if (e == OK)
		e = umsg_create(u, m->bytes, len, &msg);
	if (e == OK)
		e = umsg_take_objs(msg, m);
	if (e == OK)
		e = queue_packet(u, to, msg, m);
	if (e == ERR_AGAIN)
		found_full(u, to);
	if (e != OK)
		umsg_unref(msg);
	else
		*done = len;
	usock_unref(to);
	return e;
}

/* ---- receiving --------------------------------------------------------- */

/* The next message, off the queue unless it is peeked at; NULL: the end. */
static enum err
next_message(struct usock *u, const struct sock_message *m,
    struct umsg **out)
{
	enum err e;

	mutex_lock(&u->s.lock);
	e = wait_message(u, m);
	if (e == OK && u->s.error != OK && u->count == 0) {
		e = u->s.error;
		u->s.error = OK;
	}
	if (e == OK && (m->flags & MSGF_PEEK) != 0) {
		*out = list_first(&u->queue, struct umsg, link);
		if (*out != NULL)
			ref_inc(&(*out)->refs);
	} else if (e == OK) {
		*out = queue_take(u);
	}
	mutex_unlock(&u->s.lock);
	return e;
}

static enum err
copy_out(const struct umsg *msg, struct iter *it, size_t len)
{
	size_t n = 0;

	while (n < len) {
		enum err e;

		n += iter_write(it, msg->bytes + n, len - n);
		if (n == len)
			break;
		e = iter_fault_in(it);
		if (e != OK)
			return e;
	}
	return OK;
}

enum err
packet_receive(struct socket *s, struct sock_message *m, size_t *done)
{
	struct usock *u = usock_of(s);
	unsigned in = m->flags;
	struct umsg *msg = NULL;
	size_t len;
	enum err e;

	m->obj_count = 0;
	e = next_message(u, m, &msg);
	if (e != OK)
		return e;
	m->flags = s->type == SOCK_SEQPACKET_ ? MSGF_EOR : 0;
	if (msg == NULL) {
		m->flags = 0;
		if (m->addr != NULL)
			m->addr->len = 0;
		*done = 0;
		return OK;
	}
	len = MIN(msg->len, m->bytes->left);
	e = copy_out(msg, m->bytes, len);
	if (e == OK) {
		if (len < msg->len)
			m->flags |= MSGF_TRUNC;
		umsg_give_sender(u, msg, m);
		umsg_give_objs(msg, m);
		/* MSG_TRUNC asks for the real length. */
		*done = (in & MSGF_TRUNC) ? msg->len : len;
	}
	umsg_unref(msg);
	if ((in & MSGF_PEEK) == 0)
		usock_tell_room(u, 0);
	return e;
}
