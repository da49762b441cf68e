/* SPDX-License-Identifier: MIT */
/*
 * Connecting.
 *
 * connect() makes the server's end itself, ties the two together and puts
 * the new end into the listener's queue: both may send from then on, and
 * accept() only hands it out. CONNECTING keeps a second connect() of the
 * same socket away meanwhile.
 */
#include "unix.h"

#include <lib/string.h>

void
unix_link(struct usock *a, struct usock *b)
{
	a->state = b->state = U_CONNECTED;
	atomic_store_explicit(&b->peer, usock_ref(a), memory_order_release);
	atomic_store_explicit(&a->peer, usock_ref(b), memory_order_release);
}

/* ---- listening --------------------------------------------------------- */

enum err
unix_listen(struct socket *s, unsigned backlog)
{
	struct usock *u = usock_of(s);
	enum err e = OK;

	mutex_lock(&s->lock);
	if (u->name == NULL || (u->state != U_FREE && u->state != U_LISTENING))
		e = ERR_INVAL;
	if (e == OK) {
		u->state = U_LISTENING;
		u->backlog = backlog;
		usock_note_creds(u);
	}
	mutex_unlock(&s->lock);
	if (e == OK)
		waitq_wake(&u->writers, 0); /* the backlog may be longer */
	return e;
}

static ns_t
deadline_after(ns_t timeout)
{
	return timeout == 0 ? NS_NEVER : time_now() + timeout;
}

static enum err
wait_pending(struct usock *u) REQUIRES(u->s.lock)
{
	bool nonblock = (file_flags(&u->s.file) & FILE_NONBLOCK) != 0;
	enum err e;

	if (u->state != U_LISTENING)
		return ERR_INVAL;
	if (!list_empty(&u->pending))
		return OK;
	if (u->shut_read)
		return ERR_INVAL;
	if (nonblock)
		return ERR_AGAIN;
	e = wait_until_locked(&u->readers, &u->s.lock,
	    !list_empty(&u->pending) || u->shut_read, WAIT_SIGNALS,
	    deadline_after(u->s.receive_timeout));
	if (e == ERR_TIMEDOUT)
		return ERR_AGAIN;
	return e == OK && list_empty(&u->pending) ? ERR_INVAL : e;
}

enum err
unix_accept(struct socket *s, unsigned flags, struct file **out)
{
	struct usock *u = usock_of(s), *p = NULL;
	enum err e;

	mutex_lock(&u->s.lock);
	e = wait_pending(u);
	if (e == OK) {
		p = list_first(&u->pending, struct usock, pending_link);
		list_del(&p->pending_link);
		u->pending_count--;
	}
	mutex_unlock(&u->s.lock);
	if (e != OK)
		return e;
	waitq_wake(&u->writers, POLL_OUT); /* one more may connect */
	atomic_fetch_or(&p->s.file.flags, flags);
	*out = &p->s.file; /* the queue's reference */
	return OK;
}

/* ---- connecting -------------------------------------------------------- */

/* Waits for a place in l's queue; l's lock held. */
static enum err
wait_backlog(struct usock *u, struct usock *l) REQUIRES(l->s.lock)
{
	bool nonblock = (file_flags(&u->s.file) & FILE_NONBLOCK) != 0;
	enum err e = OK;

	if (l->closed || l->state != U_LISTENING || l->shut_read)
		return ERR_CONNREFUSED;
	if (l->pending_count > l->backlog)
		e = nonblock ? ERR_AGAIN : wait_until_locked(&l->writers,
		    &l->s.lock, l->closed || l->shut_read ||
		    l->pending_count <= l->backlog, WAIT_SIGNALS,
		    deadline_after(u->s.send_timeout));
	if (e == ERR_TIMEDOUT)
		return ERR_AGAIN;
	return e == OK && (l->closed || l->shut_read) ? ERR_CONNREFUSED : e;
}

/* Ties u to fresh, the server's end, and queues that at l. */
static enum err
join(struct usock *u, struct usock *l, struct usock *fresh)
{
	enum err e;

	usock_note_creds(fresh);
	mutex_lock(&l->s.lock);
	e = wait_backlog(u, l);
	if (e == OK) {
		fresh->name = l->name;
		if (l->name != NULL)
			ref_inc(&l->name->refs);
		fresh->s.pass_creds = l->s.pass_creds;
		u->peer_pid = l->peer_pid;
		u->peer_uid = l->peer_uid;
		u->peer_gid = l->peer_gid;
		u->has_peer_creds = true;
		/* u is CONNECTING: nobody else changes it. */
		unix_link(u, fresh);
		list_add_tail(&l->pending, &fresh->pending_link);
		l->pending_count++;
	}
	mutex_unlock(&l->s.lock);
	if (e == OK)
		waitq_wake_some(&l->readers, POLL_IN | POLL_RDNORM, 1);
	return e;
}

static enum err
begin_connect(struct usock *u)
{
	enum err e = OK;

	mutex_lock(&u->s.lock);
	if (u->state == U_CONNECTED)
		e = ERR_ISCONN;
	else if (u->state == U_CONNECTING)
		e = ERR_ALREADY;
	else if (u->state == U_LISTENING)
		e = ERR_INVAL;
	else
		u->state = U_CONNECTING;
	mutex_unlock(&u->s.lock);
	return e;
}

static enum err
connect_stream(struct usock *u, const struct sock_addr *a)
{
	struct usock *l = NULL, *fresh = NULL;
	enum err e = begin_connect(u);

	if (e != OK)
		return e;
	e = unix_lookup(a, &l);
	if (e == OK && l->s.type != u->s.type)
		e = ERR_PROTOTYPE;
	if (e == OK)
		e = usock_create(u->s.type, &fresh);
	if (e == OK)
		e = join(u, l, fresh);
	if (e != OK) {
		mutex_lock(&u->s.lock);
		u->state = U_FREE;
		mutex_unlock(&u->s.lock);
		if (fresh != NULL)
			file_unref(&fresh->s.file);
	}
	usock_unref(l);
	return e;
}

/* Takes peer; NULL: no peer any more. */
static void
set_dgram_peer(struct usock *u, struct usock *peer)
{
	struct usock *old;

	mutex_lock(&u->s.lock);
	usock_forget_room(u);
	old = usock_peer(u);
	atomic_store_explicit(&u->peer, peer, memory_order_release);
	mutex_unlock(&u->s.lock);
	waitq_wake(&u->sendable, POLL_OUT | POLL_WRNORM);
	usock_unref(old);
}

static enum err
connect_dgram(struct usock *u, const struct sock_addr *a)
{
	struct usock *peer = NULL, *its;
	enum err e;

	if (a->family == 0) { /* AF_UNSPEC: dissolves the connection */
		set_dgram_peer(u, NULL);
		return OK;
	}
	e = unix_lookup(a, &peer);
	if (e != OK)
		return e;
	its = usock_dgram_peer(peer);
	if (peer->s.type != SOCK_DGRAM_)
		e = ERR_PROTOTYPE;
	else if (its != NULL && its != u)
		e = ERR_PERM; /* it talks to another only */
	usock_unref(its);
	if (e != OK)
		usock_unref(peer);
	else
		set_dgram_peer(u, peer);
	return e;
}

enum err
unix_connect(struct socket *s, const struct sock_addr *a)
{
	return s->type == SOCK_DGRAM_ ? connect_dgram(usock_of(s), a) :
	    connect_stream(usock_of(s), a);
}

/* ---- shutting down, names ---------------------------------------------- */

enum err
unix_shutdown(struct socket *s, bool reading, bool writing)
{
	struct usock *u = usock_of(s), *peer;
	enum err e = OK;

	mutex_lock(&s->lock);
	peer = usock_peer(u);
	if (peer != NULL)
		usock_ref(peer);
	else if (s->type != SOCK_DGRAM_ && u->state != U_LISTENING)
		e = ERR_NOTCONN;
	if (e == OK) {
		u->shut_read = u->shut_read || reading;
		u->shut_write = u->shut_write || writing;
	}
	mutex_unlock(&s->lock);
	if (e != OK)
		return e;
	waitq_wake(&u->readers, POLL_IN | POLL_RDHUP | POLL_HUP);
	waitq_wake(&u->writers, POLL_OUT | POLL_HUP);
	waitq_wake(&u->sendable, POLL_OUT | POLL_HUP);
	if (peer != NULL) {
		waitq_wake(&peer->readers, POLL_IN | POLL_RDHUP | POLL_HUP);
		waitq_wake(&peer->writers, POLL_OUT | POLL_HUP);
		waitq_wake(&peer->sendable, POLL_OUT | POLL_HUP);
		usock_unref(peer);
	}
	return OK;
}

enum err
unix_name(struct socket *s, bool peer, struct sock_addr *out)
{
	struct usock *u = usock_of(s), *p = NULL;

	if (peer) {
		p = usock_dgram_peer(u);
		if (p == NULL)
			return ERR_NOTCONN;
		u = p;
	}
	mutex_lock(&u->s.lock);
	uname_out(u->name, out);
	mutex_unlock(&u->s.lock);
	usock_unref(p);
	return OK;
}
