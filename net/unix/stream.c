/* SPDX-License-Identifier: MIT */
/*
 * Streams: pieces of bytes. A piece that carries files, and a change of the
 * sender where credentials are asked for, end a read before them, so that
 * what arrives together was sent together.
 */
#include "unix.h"

#include <lib/string.h>

/* ---- sending ----------------------------------------------------------- */

static bool
has_room(const struct usock *from, const struct usock *to)
{
	return to->bytes < from->s.send_buffer &&
	    (from->s.type == SOCK_STREAM_ || to->count < DGRAM_QUEUE);
}

static bool
is_broken(const struct usock *from, const struct usock *to)
{
	return to->closed || to->shut_read || from->shut_write;
}

enum err
wait_room(struct usock *from, struct usock *to, size_t len,
    const struct sock_message *m)
{
	enum err e;

	(void)len;
	if (is_broken(from, to))
		return ERR_PIPE;
	if (has_room(from, to))
		return OK;
	if (m->flags & MSGF_DONTWAIT)
		return ERR_AGAIN;
	e = wait_until_locked(&to->writers, &to->s.lock,
	    is_broken(from, to) || has_room(from, to), WAIT_SIGNALS,
	    m->deadline == 0 ? NS_NEVER : m->deadline);
	if (e == OK && is_broken(from, to))
		return ERR_PIPE;
	return e;
}

static enum err
send_piece(struct usock *u, struct usock *peer, struct umsg *msg,
    const struct sock_message *m)
{
	size_t len = msg->len; /* it may be gone after the lock */
	enum err e;

	mutex_lock(&peer->s.lock);
	e = wait_room(u, peer, msg->len, m);
	if (e == OK)
		queue_put(peer, msg);
	mutex_unlock(&peer->s.lock);
	if (e == OK)
		waitq_wake(&peer->readers,
		    POLL_IN | POLL_RDNORM | wake_sync_of(len));
	return e;
}

enum err
stream_send(struct socket *s, struct sock_message *m, size_t *done)
{
	struct usock *u = usock_of(s), *peer = usock_peer(u);
	struct iter *it = m->bytes;
	size_t total = 0;
	enum err e = OK;

	if (m->addr != NULL && m->addr->len != 0)
		return peer != NULL ? ERR_ISCONN : ERR_NOTSUP;
	if (peer == NULL)
		return ERR_NOTCONN;
	while (e == OK && it->left > 0) {
		struct iter before = *it;
		size_t len = MIN(it->left, (size_t)STREAM_PIECE);
		struct umsg *msg = NULL;

		e = umsg_create(u, it, len, &msg);
		while (e == ERR_NOMEM && len > PAGE_SIZE) {
			len /= 2; /* memory is in pieces, too */
			e = umsg_create(u, it, len, &msg);
		}
		/* The files go with the first piece. */
		if (e == OK && total == 0)
			e = umsg_take_objs(msg, m);
		if (e == OK)
			e = send_piece(u, peer, msg, m);
		if (e == OK) {
			total += len;
		} else {
			*it = before;
			umsg_unref(msg);
		}
	}
	if (e != OK && total == 0)
		return e;
	*done = total;
	return OK;
}

/* ---- receiving --------------------------------------------------------- */

/* Nothing more will come to u; u's lock held. */
static bool
at_end(const struct usock *u)
{
	const struct usock *peer = atomic_load_explicit(
	    &u->peer, memory_order_relaxed);

	if (u->shut_read)
		return true;
	return u->s.type != SOCK_DGRAM_ && peer != NULL &&
	    (peer->closed || peer->shut_write);
}

enum err
wait_message(struct usock *u, const struct sock_message *m)
{
	if (u->count > 0 || at_end(u))
		return OK;
	if (u->s.type != SOCK_DGRAM_ && u->state != U_CONNECTED)
		return u->s.type == SOCK_STREAM_ ? ERR_INVAL : ERR_NOTCONN;
	if (m->flags & MSGF_DONTWAIT)
		return ERR_AGAIN;
	return wait_until_locked(&u->readers, &u->s.lock,
	    u->count > 0 || at_end(u) || u->s.error != OK, WAIT_SIGNALS,
	    m->deadline == 0 ? NS_NEVER : m->deadline);
}

/* A receive call on its way. */
struct reading {
	struct usock *u;
	struct sock_message *m;
	size_t done;
	bool started; /* something was taken: its sender counts */
	bool ended; /* another reader took what came next */
	int pid; /* whose bytes they are */
	uint32_t uid, gid;
	struct list used; /* pieces to free without the lock */
};

static bool
may_join(const struct reading *r, const struct umsg *msg)
{
	if (!r->started)
		return true;
	if (msg->off == 0 && msg->obj_count > 0)
		return false;
	return !r->u->s.pass_creds || (msg->pid == r->pid &&
	    msg->uid == r->uid && msg->gid == r->gid);
}

/* The first bytes of a read bring the sender and the files along. */
static void
begin_piece(struct reading *r, struct umsg *msg)
{
	if (!r->started) {
		umsg_give_sender(r->u, msg, r->m);
		r->started = true;
		r->pid = msg->pid;
		r->uid = msg->uid;
		r->gid = msg->gid;
	}
	if (msg->obj_count > 0 && msg->off == 0)
		umsg_give_objs(msg, r->m);
}

/* All of msg, with what faults bring; less: the user has no such memory. */
static size_t
copy_long(struct iter *it, const struct umsg *msg, size_t len)
{
	size_t done = iter_write(it, msg->bytes + msg->off, len);

	while (done < len) {
		struct iter fault = *it;

		if (iter_fault_in(&fault) != OK)
			break;
		done += iter_write(it, msg->bytes + msg->off + done,
		    len - done);
	}
	return done;
}

/*
 * Takes a long piece, all of it, and copies it without the lock, so that its
 * sender can queue the next one meanwhile. False: what the user has no memory
 * for is in the queue again.
 */
static bool
take_long(struct reading *r, struct umsg *msg, size_t want)
    REQUIRES(r->u->s.lock)
{
	struct usock *u = r->u;
	unsigned takes = ++u->takes;
	size_t got;

	list_del(&msg->link);
	u->count--;
	u->bytes -= want;
	mutex_unlock(&r->u->s.lock);
	got = copy_long(r->m->bytes, msg, want);
	mutex_lock(&r->u->s.lock);
	if (got > 0)
		begin_piece(r, msg);
	msg->off += got;
	r->done += got;
	r->ended = r->done > 0 && takes != u->takes;
	if (got < want) {
		list_add(&u->queue, &msg->link);
		u->count++;
		u->bytes += want - got;
		return false;
	}
	list_add_tail(&r->used, &msg->link);
	return true;
}

/* Takes bytes off the queue; false: a page of the user is absent. */
static bool
take_bytes(struct reading *r) REQUIRES(r->u->s.lock)
{
	struct usock *u = r->u;
	struct iter *it = r->m->bytes;
	struct umsg *msg;

	while (it->left > 0 && !r->ended &&
	    (msg = list_first(&u->queue, struct umsg, link)) != NULL &&
	    may_join(r, msg)) {
		size_t want = MIN(it->left, msg->len - msg->off), got;

		if (want > PAGE_SIZE && msg->off + want == msg->len &&
		    msg->obj_count == 0) {
			if (!take_long(r, msg, want))
				return false;
			continue;
		}
		got = iter_write(it, msg->bytes + msg->off, want);
		if (got == 0)
			return false;
		u->takes++;
		begin_piece(r, msg);
		msg->off += got;
		u->bytes -= got;
		r->done += got;
		if (msg->off == msg->len) {
			u->count--;
			list_move_tail(&r->used, &msg->link);
		}
		if (got < want)
			return false;
	}
	return true;
}

/* Copies without taking, in one go; false: absent, begin again. */
static bool
peek_bytes(struct reading *r)
{
	struct iter *it = r->m->bytes;
	struct umsg *msg;

	r->done = 0;
	r->started = false;
	list_each(msg, &r->u->queue, link) {
		size_t want = MIN(it->left, msg->len - msg->off);

		if (want == 0 || !may_join(r, msg))
			break;
		if (iter_write(it, msg->bytes + msg->off, want) < want)
			return false;
		if (!r->started) {
			umsg_give_sender(r->u, msg, r->m);
			r->started = true;
			r->pid = msg->pid;
			r->uid = msg->uid;
			r->gid = msg->gid;
		}
		r->done += want;
	}
	return true;
}

/* Takes or peeks under the lock, faulting in without it. */
static enum err
move_bytes(struct reading *r) REQUIRES(r->u->s.lock)
{
	struct iter *it = r->m->bytes;
	bool peek = (r->m->flags & MSGF_PEEK) != 0;
	struct iter before = *it, fault;
	enum err e = OK;

	while (!(peek ? peek_bytes(r) : take_bytes(r))) {
		unsigned takes = r->u->takes;

		fault = *it;
		mutex_unlock(&r->u->s.lock);
		e = iter_fault_in(&fault);
		mutex_lock(&r->u->s.lock);
		r->ended = !peek && r->done > 0 && takes != r->u->takes;
		if (peek)
			*it = before;
		if (e != OK)
			break;
	}
	return e;
}

/* Whether the call should wait for more: MSG_WAITALL, or nothing yet. */
static bool
wants_more(const struct reading *r)
{
	if (r->done == 0)
		return true;
	return (r->m->flags & (MSGF_WAITALL | MSGF_PEEK)) == MSGF_WAITALL &&
	    r->m->bytes->left > 0 && list_empty(&r->u->queue);
}

static enum err
read_stream(struct reading *r) REQUIRES(r->u->s.lock)
{
	struct usock *u = r->u;
	enum err e = OK;

	while (e == OK && r->m->bytes->left > 0 && !r->ended &&
	    wants_more(r)) {
		e = wait_message(r->u, r->m);
		if (e == OK && u->s.error != OK && u->count == 0) {
			e = u->s.error;
			u->s.error = OK;
		}
		if (e != OK || u->count == 0)
			break;
		e = move_bytes(r);
	}
	return e;
}

enum err
stream_receive(struct socket *s, struct sock_message *m, size_t *done)
{
	struct reading r = { .u = usock_of(s), .m = m };
	struct list *l;
	enum err e;

	list_init(&r.used);
	m->obj_count = 0;
	if (m->addr != NULL)
		m->addr->len = 0;
	mutex_lock(&r.u->s.lock);
	e = read_stream(&r);
	mutex_unlock(&r.u->s.lock);
	if (r.done > 0 && (m->flags & MSGF_PEEK) == 0)
		usock_tell_room(r.u, wake_sync_of(r.done));
	while ((l = list_take_first(&r.used)) != NULL)
		umsg_unref(list_entry(l, struct umsg, link));
	m->flags &= MSGF_CTRUNC;
	if (e != OK && r.done == 0)
		return e;
	*done = r.done;
	return OK;
}

/* ---- polling ----------------------------------------------------------- */

static unsigned
poll_listener(struct usock *u, struct poll_request *r)
{
	poll_wait(r, &u->readers);
	return list_empty(&u->pending) ? 0 : POLL_IN | POLL_RDNORM;
}

/*
 * Who polls waits on the socket's own queues: the peer may be another
 * meanwhile, or gone. The one peer of a connection wakes them itself. A
 * datagram socket may have many senders, of which those that found it full
 * are among its writers, with their relay, until it wakes them.
 */
void
usock_tell_room(struct usock *u, unsigned sync)
{
	struct usock *peer = usock_peer(u);
	unsigned key = POLL_OUT | POLL_WRNORM | sync;

	waitq_wake(&u->writers, key);
	if (u->s.type != SOCK_DGRAM_ && peer != NULL)
		waitq_wake(&peer->sendable, key);
}

static bool
relay_wake(struct wait_entry *w, unsigned key)
{
	struct usock *u = container_of(w, struct usock, relay);

	list_del(&w->link);
	waitq_wake(&u->sendable, key);
	return false;
}

bool
usock_may_send(struct usock *u, struct usock *peer)
{
	if (peer == NULL || is_broken(u, peer) || has_room(u, peer))
		return true;
	if (u->s.type != SOCK_DGRAM_)
		return false;
	waitq_remove(&peer->writers, &u->relay);
	u->relay.wake = relay_wake;
	waitq_add(&peer->writers, &u->relay);
	return is_broken(u, peer) || has_room(u, peer);
}

void
usock_forget_room(struct usock *u)
{
	struct usock *peer = usock_peer(u);

	if (peer != NULL)
		waitq_remove(&peer->writers, &u->relay);
}

unsigned
unix_poll(struct socket *s, struct poll_request *r)
{
	struct usock *u = usock_of(s), *peer;
	bool connects = s->type != SOCK_DGRAM_;
	unsigned events = 0;

	if (u->state == U_LISTENING)
		return poll_listener(u, r);
	poll_wait(r, &u->readers);
	poll_wait(r, &u->sendable);
	mutex_lock(&u->s.lock);
	peer = usock_peer(u);
	if (u->count > 0)
		events |= POLL_IN | POLL_RDNORM;
	if (u->shut_read || (connects && peer != NULL &&
	    (peer->closed || peer->shut_write)))
		events |= POLL_IN | POLL_RDNORM | POLL_RDHUP;
	if (connects && ((peer == NULL) || peer->closed ||
	    (u->shut_read && u->shut_write)))
		events |= POLL_HUP;
	if (usock_may_send(u, peer))
		events |= POLL_OUT | POLL_WRNORM;
	mutex_unlock(&u->s.lock);
	return events;
}
