/* SPDX-License-Identifier: MIT */
/*
 * Unix sockets.
 *
 * Three types: streams are queues of pieces of bytes, sequenced packets and
 * datagrams queues of messages. A message waits in the receiver's queue, so
 * sending takes the receiver's lock only, and two sockets' locks are held
 * together nowhere.
 *
 * struct usock is the socket with its file, and outlives the file as long as
 * a peer, a lookup or a message between two steps refers to it. Two
 * connected sockets refer to each other; each drops its reference when its
 * own file ends. A stream's peer is set once and kept, so senders read it
 * without a lock; a datagram socket may change its peer.
 *
 *	FREE -> CONNECTING -> CONNECTED		stream, seqpacket
 *	FREE -> LISTENING
 *	FREE					datagram, with or without peer
 *
 * When a file ends, its socket is closed: its queue is thrown away, its peer
 * reads the end of the stream (or ERR_CONNRESET, when it had not yet been
 * read), and senders get ERR_PIPE.
 *
 * Source: man-pages 6.03, unix(7).
 * Differs: a datagram holds at most 126 KiB; SO_PEERSEC is absent.
 */
#include "unix.h"

#include <kernel/ioctl.h>
#include <kernel/user.h>
#include <lib/string.h>

#define SOL_SOCKET    1
#define SO_PEERCRED   17
#define SO_ACCEPTCONN 30

static const struct sock_ops stream_ops, packet_ops, dgram_ops;

/* ---- life -------------------------------------------------------------- */

static const struct sock_ops *
ops_for(int type)
{
	switch (type) {
	case SOCK_STREAM_:
		return &stream_ops;
	case SOCK_SEQPACKET_:
		return &packet_ops;
	case SOCK_DGRAM_:
		return &dgram_ops;
	default:
		return NULL;
	}
}

enum err
usock_create(int type, struct usock **out)
{
	const struct sock_ops *ops = ops_for(type);
	struct usock *u;

	if (ops == NULL)
		return ERR_SOCKTNOSUPPORT;
	u = kzalloc(sizeof(*u));
	if (u == NULL)
		return ERR_NOMEM;
	socket_init(&u->s, ops, AF_UNIX_, type, 0);
	ref_init(&u->refs, 1);
	carrier_init(&u->carrier, &u->s.file, &unix_carrier);
	list_init(&u->queue);
	list_init(&u->pending);
	list_init(&u->pending_link);
	waitq_init(&u->readers);
	waitq_init(&u->writers);
	waitq_init(&u->sendable);
	spin_init(&u->sendable.lock, RANK_SENDABLE, "sendable");
	*out = u;
	return OK;
}

static void
usock_free(struct rcu_head *h)
{
	struct file *f = container_of(h, struct file, rcu);

	kfree(container_of(f, struct usock, s.file), sizeof(struct usock));
}

void
usock_unref(struct usock *u)
{
	if (u == NULL || !ref_dec(&u->refs))
		return;
	uname_unref(u->name);
	rcu_call(&u->s.file.rcu, usock_free);
}

struct usock *
usock_dgram_peer(struct usock *u)
{
	struct usock *p;

	mutex_lock(&u->s.lock);
	p = usock_peer(u);
	if (p != NULL)
		usock_ref(p);
	mutex_unlock(&u->s.lock);
	return p;
}

void
usock_note_creds(struct usock *u)
{
	struct task *self = task_current();
	const struct creds *c;

	u->peer_pid = self->pid;
	rcu_read_lock();
	c = atomic_load_explicit(&self->creds, memory_order_acquire);
	u->peer_uid = c->euid;
	u->peer_gid = c->egid;
	rcu_read_unlock();
	u->has_peer_creds = true;
}

/* The other end learns that u is gone. unread: it lost something. */
static void
tell_peer(struct usock *u, struct usock *peer, bool unread)
{
	if (unread && u->s.type != SOCK_DGRAM_) {
		mutex_lock(&peer->s.lock);
		peer->s.error = ERR_CONNRESET;
		mutex_unlock(&peer->s.lock);
	}
	waitq_wake(&peer->readers, POLL_IN | POLL_HUP | POLL_RDHUP);
	waitq_wake(&peer->sendable, POLL_OUT | POLL_HUP);
}

static void
drop_pending(struct usock *u)
{
	struct list all = LIST_INIT(all), *l;

	mutex_lock(&u->s.lock);
	list_splice_tail(&all, &u->pending);
	u->pending_count = 0;
	mutex_unlock(&u->s.lock);
	while ((l = list_take_first(&all)) != NULL) {
		struct usock *p = list_entry(l, struct usock, pending_link);
		struct usock *client = usock_peer(p);

		mutex_lock(&client->s.lock);
		client->s.error = ERR_CONNRESET;
		mutex_unlock(&client->s.lock);
		file_unref(&p->s.file);
	}
}

static void
unix_release(struct socket *s)
{
	struct usock *u = usock_of(s), *peer;
	bool unread;

	unix_unbind(u);
	mutex_lock(&u->s.lock);
	u->closed = true;
	unread = u->count > 0;
	peer = usock_peer(u);
	if (s->type == SOCK_DGRAM_) {
		usock_forget_room(u);
		atomic_store(&u->peer, NULL);
	}
	mutex_unlock(&u->s.lock);
	/* Senders that wait for room look again and see us closed. */
	waitq_wake(&u->writers, POLL_OUT | POLL_HUP);
	waitq_wake(&u->readers, POLL_IN | POLL_HUP);
	drop_pending(u);
	if (peer != NULL)
		tell_peer(u, peer, unread);
	queue_purge(u);
	usock_unref(peer);
	usock_unref(u);
}

/* ---- options, control -------------------------------------------------- */

struct ucred { /* as SO_PEERCRED tells it */
	int32_t pid;
	uint32_t uid, gid;
};

static enum err
unix_option_get(struct socket *s, int level, int option, void *buf,
    size_t *len)
{
	struct usock *u = usock_of(s);
	struct ucred cred = { 0, UINT32_MAX, UINT32_MAX };
	int listening;

	if (level != SOL_SOCKET)
		return ERR_NOPROTOOPT;
	switch (option) {
	case SO_PEERCRED:
		if (u->has_peer_creds)
			cred = (struct ucred){
				u->peer_pid, u->peer_uid, u->peer_gid };
		*len = MIN(*len, sizeof(cred));
		memcpy(buf, &cred, *len);
		return OK;
	case SO_ACCEPTCONN:
		listening = u->state == U_LISTENING;
		*len = MIN(*len, sizeof(listening));
		memcpy(buf, &listening, *len);
		return OK;
	default:
		return ERR_NOPROTOOPT;
	}
}

static size_t
bytes_queued(struct usock *u)
{
	const struct umsg *first;
	size_t n;

	mutex_lock(&u->s.lock);
	first = list_first(&u->queue, const struct umsg, link);
	n = u->s.type == SOCK_STREAM_ ? u->bytes :
	    first == NULL ? 0 : first->len;
	mutex_unlock(&u->s.lock);
	return n;
}

static enum err
unix_control(struct socket *s, unsigned cmd, uintptr_t arg, long *ret UNUSED)
{
	struct usock *u = usock_of(s), *peer;
	size_t n = 0;

	switch (cmd) {
	case CTL_FIONREAD: /* SIOCINQ */
		if (u->state == U_LISTENING)
			return ERR_INVAL;
		return user_store32(arg, (uint32_t)bytes_queued(u));
	case CTL_TIOCOUTQ: /* SIOCOUTQ: not yet read by the peer */
		peer = usock_dgram_peer(u);
		if (peer != NULL) {
			mutex_lock(&peer->s.lock);
			n = peer->bytes;
			mutex_unlock(&peer->s.lock);
			usock_unref(peer);
		}
		return user_store32(arg, (uint32_t)n);
	case CTL_SIOCATMARK:
		return user_store32(arg, 0);
	default:
		return ERR_NOTTY;
	}
}

/* ---- the family -------------------------------------------------------- */

static enum err
unix_create(int type, int protocol, struct socket **out)
{
	struct usock *u;
	enum err e;

	if (protocol != 0 && protocol != AF_UNIX_)
		return ERR_PROTONOSUPPORT;
	e = usock_create(type, &u);
	if (e == OK)
		*out = &u->s;
	return e;
}

static enum err
unix_pair(int type, int protocol, struct socket **a, struct socket **b)
{
	struct socket *x = NULL, *y = NULL;
	enum err e = unix_create(type, protocol, &x);

	if (e == OK)
		e = unix_create(type, protocol, &y);
	if (e != OK) {
		if (x != NULL)
			file_unref(&x->file);
		return e;
	}
	unix_link(usock_of(x), usock_of(y));
	usock_note_creds(usock_of(x));
	usock_note_creds(usock_of(y));
	*a = x;
	*b = y;
	return OK;
}

static const struct sock_ops stream_ops = {
	.bind = unix_bind,
	.connect = unix_connect,
	.listen = unix_listen,
	.accept = unix_accept,
	.send = stream_send,
	.receive = stream_receive,
	.shutdown = unix_shutdown,
	.name = unix_name,
	.option_get = unix_option_get,
	.poll = unix_poll,
	.control = unix_control,
	.release = unix_release,
};

static const struct sock_ops packet_ops = {
	.bind = unix_bind,
	.connect = unix_connect,
	.listen = unix_listen,
	.accept = unix_accept,
	.send = packet_send,
	.receive = packet_receive,
	.shutdown = unix_shutdown,
	.name = unix_name,
	.option_get = unix_option_get,
	.poll = unix_poll,
	.control = unix_control,
	.release = unix_release,
};

static const struct sock_ops dgram_ops = {
	.bind = unix_bind,
	.connect = unix_connect,
	.send = packet_send,
	.receive = packet_receive,
	.shutdown = unix_shutdown,
	.name = unix_name,
	.option_get = unix_option_get,
	.poll = unix_poll,
	.control = unix_control,
	.release = unix_release,
};

static const struct sock_family unix_family = {
	.family = AF_UNIX_,
	.create = unix_create,
	.pair = unix_pair,
};
SOCK_FAMILY(unix_family);
