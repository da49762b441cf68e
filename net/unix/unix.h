/* SPDX-License-Identifier: MIT */
/* The inside of Unix sockets; unix.c tells the theory. */
#pragma once

#include <kernel/container.h>
#include <kernel/ipc.h>
#include <kernel/mm.h>
#include <kernel/socket.h>
#include <kernel/task.h>
#include <kernel/vfs.h>

/* One message, or a piece of a stream. */
struct umsg {
	struct list link; /* [q] the receiver's lock */
	struct ref refs; /* the queue's, and readers that peek */
	size_t len, off; /* [q] bytes; those a stream reader took */
	struct uname *from; /* [I] the sender's name, referenced; or NULL */
	int pid; /* [I] the sender's credentials */
	uint32_t uid, gid; /* [I] */
	unsigned obj_count; /* [q] files that come with the first byte */
	struct obj **objs; /* [q] owned, with rights behind them */
	rights_t *rights; /* [q] */
	uint8_t bytes[];
};

/* A name that sockets share: the one bound and those accepted from it. */
struct uname {
	struct ref refs;
	struct sock_addr addr; /* [I] */
	struct path path; /* [I] of a path name, referenced; or NULLs */
	struct container *container; /* [I] abstract names: their scope */
	struct list link; /* [n] hash chain of abstract names; names lock */
	struct usock *owner; /* [n] abstract: who is found by it */
};

enum ustate { U_FREE, U_CONNECTING, U_CONNECTED, U_LISTENING };

struct usock {
	struct socket s; /* first; s.lock is [l] */
	struct ref refs; /* the file's, peers', lookups' */
	struct carrier carrier;
	enum ustate state; /* [l] */
	bool closed; /* [l] the file is gone */
	bool shut_read, shut_write; /* [l] */
	bool binding; /* [l] bind() runs */
	/* Stream and seqpacket: set once when connected, with release order,
	 * and kept. Datagram: [l]. Referenced. */
	_Atomic(struct usock *) peer;
	struct uname *name; /* [l] referenced; NULL: unbound */
	struct list queue; /* [l] struct umsg */
	size_t bytes; /* [l] in queue */
	unsigned count; /* [l] messages in queue */
	unsigned takes; /* [l] how often a stream's reader took bytes */
	struct waitq readers; /* wait for messages, connections */
	struct waitq writers; /* wait for room in our queues */
	struct waitq sendable; /* pollers: wait until we may send */
	struct wait_entry relay; /* datagram: among the peer's writers */
	/* listening */
	struct list pending; /* [l] usock.pending_link */
	unsigned pending_count, backlog; /* [l] */
	struct list pending_link; /* the listener's lock */
	int peer_pid; /* [l] SO_PEERCRED */
	uint32_t peer_uid, peer_gid; /* [l] */
	bool has_peer_creds; /* [l] */
};

#define UMSG_MAX     (126u * 1024) /* bytes of one datagram */
#define STREAM_PIECE (32u * 1024 - (unsigned)sizeof(struct umsg))
#define DGRAM_QUEUE  256u /* messages */

static inline struct usock *
usock_of(struct socket *s)
{
	return container_of(s, struct usock, s);
}

static inline struct usock *
usock_ref(struct usock *u)
{
	ref_inc(&u->refs);
	return u;
}

static inline struct usock *
usock_peer(struct usock *u)
{
	return atomic_load_explicit(&u->peer, memory_order_acquire);
}

void usock_unref(struct usock *u); /* NULL is fine */
/* Room came in u's queue. sync: WAKE_SYNC or 0. */
void usock_tell_room(struct usock *u, unsigned sync);
/* Whether sending to peer would not wait; if it would, pollers of u are woken
 * once it does not. u's lock held. peer: u's, or NULL. */
bool usock_may_send(struct usock *u, struct usock *peer)
    REQUIRES(u->s.lock);
/* u's peer becomes another: no more wake-ups by it. u's lock held. */
void usock_forget_room(struct usock *u) REQUIRES(u->s.lock);
enum err usock_create(int type, struct usock **out); /* file ref 1 */
/* The peer of a datagram socket, referenced; NULL: none. */
struct usock *usock_dgram_peer(struct usock *u);
/* Notes who is at the other end now: the running task. */
void usock_note_creds(struct usock *u);

/* name.c */
void uname_unref(struct uname *n); /* NULL is fine */
enum err unix_bind(struct socket *s, const struct sock_addr *a);
/* The socket a name leads to, referenced. ERR_CONNREFUSED, ERR_NOENT ... */
enum err unix_lookup(const struct sock_addr *a, struct usock **out);
void unix_unbind(struct usock *u); /* its file is gone */
void uname_out(const struct uname *n, struct sock_addr *out);

/* connect.c */
enum err unix_connect(struct socket *s, const struct sock_addr *a);
enum err unix_listen(struct socket *s, unsigned backlog);
enum err unix_accept(struct socket *s, unsigned flags, struct file **out);
enum err unix_shutdown(struct socket *s, bool reading, bool writing);
enum err unix_name(struct socket *s, bool peer, struct sock_addr *out);
void unix_link(struct usock *a, struct usock *b); /* both not yet shared */

/* message.c */
enum err umsg_create(struct usock *from, struct iter *it, size_t len,
    struct umsg **out);
/* Puts m's files into msg, with references of its own; they are in flight
 * from now on. ERR_NOMEM. */
enum err umsg_take_objs(struct umsg *msg, struct sock_message *m);
void umsg_unref(struct umsg *m); /* NULL is fine */
/* The files of msg to the receiver, referenced anew, as many as it has room
 * for. */
void umsg_give_objs(const struct umsg *msg, struct sock_message *m);
void umsg_give_sender(
    struct usock *to, const struct umsg *msg, struct sock_message *m);
/* Appends; to's lock held. */
void queue_put(struct usock *to, struct umsg *msg);
struct umsg *queue_take(struct usock *u); /* lock held; NULL: empty */
void queue_purge(struct usock *u);
extern const struct carrier_ops unix_carrier;

/* stream.c, dgram.c */
enum err stream_send(struct socket *s, struct sock_message *m, size_t *done);
enum err stream_receive(
    struct socket *s, struct sock_message *m, size_t *done);
enum err packet_send(struct socket *s, struct sock_message *m, size_t *done);
enum err packet_receive(
    struct socket *s, struct sock_message *m, size_t *done);
unsigned unix_poll(struct socket *s, struct poll_request *r);
/* Waits until u has a message; u's lock held. ERR_AGAIN, ERR_TIMEDOUT; OK
 * with an empty queue: nothing will come. */
enum err wait_message(struct usock *u, const struct sock_message *m)
    REQUIRES(u->s.lock);
/* Waits until to takes len more bytes of from; to's lock held. ERR_PIPE. */
enum err wait_room(struct usock *from, struct usock *to, size_t len,
    const struct sock_message *m) REQUIRES(to->s.lock);
