/*
 * Sending and receiving on sockets, with descriptors and credentials.
 *
 * Control data is decoded into referenced objects before anything is sent;
 * the socket takes the references when it takes the message. Received objects
 * become descriptors one by one: those that do not fit in the buffer or the
 * table are dropped and MSG_CTRUNC says so.
 *
 * Source: man-pages 6.05 send(2), recv(2), cmsg(3), unix(7).
 */
#include "call.h"

#include "sock.h"

#include <kernel/mm.h>
#include <kernel/time.h>

#define SCM_MAX         253 /* descriptors a message can carry */
#define CONTROL_MAX     8192
#define LX_SOL_SOCKET   1
#define SCM_RIGHTS      1
#define SCM_CREDENTIALS 2
#define MSG_CMSG_CLOEXEC 0x40000000u
#define MSG_WAITFORONE  0x10000u
/* What the neutral layer knows; the rest is ignored or refused below. */
#define MSG_PASSED \
	(MSGF_PEEK | MSGF_TRUNC | MSGF_DONTWAIT | MSGF_EOR | MSGF_WAITALL | \
	    MSGF_NOSIGNAL)
#define MSG_OOB 1u

struct passed {
	struct obj *objs[SCM_MAX];
	rights_t rights[SCM_MAX];
};

/* One call's worth of message. */
struct message {
	struct sock_message m;
	struct sock_addr addr;
	struct lx_iov v;
	struct passed *passed; /* NULL: no descriptors */
	uint8_t *control;
	size_t control_len;
};

/* ---- control data, in -------------------------------------------------- */

static enum err
passed_alloc(struct message *x)
{
	if (x->passed == NULL)
		x->passed = kmalloc(sizeof(*x->passed));
	if (x->passed == NULL)
		return ERR_NOMEM;
	x->m.objs = x->passed->objs;
	x->m.rights = x->passed->rights;
	x->m.obj_max = SCM_MAX;
	return OK;
}

static enum err
rights_in(struct thread *t, struct message *x, const uint8_t *fds, size_t n)
{
	enum err e = passed_alloc(x);

	if (e == OK && n > SCM_MAX - x->m.obj_count)
		e = ERR_INVAL;
	for (size_t i = 0; e == OK && i < n; i++) {
		unsigned at = x->m.obj_count;
		int32_t fd;

		memcpy(&fd, fds + i * sizeof(fd), sizeof(fd));
		e = handle_get(t->task->handles, (uint32_t)fd, OBJ_ANY_FILE,
		    RIGHT_TRANSFER, &x->passed->objs[at]);
		if (e != OK)
			break;
		e = handle_rights(t->task->handles, (uint32_t)fd,
		    &x->passed->rights[at]);
		if (e == OK)
			x->m.obj_count++;
		else
			obj_unref(x->passed->objs[at]);
	}
	return e;
}

/* Claimed credentials must be one's own, or one must be privileged. */
static enum err
creds_in(struct thread *t, struct message *x, const uint8_t *p)
{
	struct creds *c = creds_get(t->task);
	struct lx_ucred u;
	enum err e = OK;

	memcpy(&u, p, sizeof(u));
	if (u.pid != t->task->pid && !capable(CAP_SYS_ADMIN))
		e = ERR_PERM;
	if (u.uid != c->uid && u.uid != c->euid && u.uid != c->suid &&
	    !capable(CAP_SETUID))
		e = ERR_PERM;
	if (u.gid != c->gid && u.gid != c->egid && u.gid != c->sgid &&
	    !capable(CAP_SETGID))
		e = ERR_PERM;
	creds_put(c);
	x->m.has_creds = true;
	x->m.pid = u.pid;
	x->m.uid = u.uid;
	x->m.gid = u.gid;
	return e;
}

static enum err
control_parse(struct thread *t, struct message *x)
{
	size_t at = 0;

	while (x->control_len - at >= sizeof(struct lx_cmsghdr)) {
		const uint8_t *data = x->control + at + 16;
		struct lx_cmsghdr h;
		enum err e = ERR_INVAL;

		memcpy(&h, x->control + at, sizeof(h));
		if (h.len < sizeof(h) || h.len > x->control_len - at)
			return ERR_INVAL;
		if (h.level == LX_SOL_SOCKET && h.type == SCM_RIGHTS)
			e = rights_in(t, x, data, (h.len - sizeof(h)) / 4);
		else if (h.level == LX_SOL_SOCKET &&
		    h.type == SCM_CREDENTIALS &&
		    h.len - sizeof(h) == sizeof(struct lx_ucred))
			e = creds_in(t, x, data);
		if (e != OK)
			return e;
		at += ALIGN_UP(h.len, (size_t)8);
		if (at > x->control_len)
			break;
	}
	return OK;
}

static enum err
control_in(struct thread *t, struct message *x, const struct lx_msghdr *h)
{
	enum err e;

	if (h->control_len == 0)
		return OK;
	if (h->control_len > CONTROL_MAX)
		return ERR_NOBUFS;
	x->control_len = h->control_len;
	x->control = kmalloc(x->control_len);
	if (x->control == NULL)
		return ERR_NOMEM;
	e = user_copy_in(x->control, h->control, x->control_len);
	return e == OK ? control_parse(t, x) : e;
}

static void
message_end(struct message *x)
{
	for (unsigned i = 0; i < x->m.obj_count; i++)
		obj_unref(x->passed->objs[i]);
	kfree(x->passed, sizeof(*x->passed));
	kfree(x->control, x->control_len);
}

/* ---- sending ---------------------------------------------------------- */

static ns_t
deadline_of(ns_t timeout)
{
	return timeout != 0 ? lx_deadline(timeout) : NS_NEVER;
}

/* x->m.bytes is set. */
static enum err
send_message(struct thread *t, struct lx_sock *s, struct message *x,
    unsigned flags, long *ret)
{
	size_t done = 0;
	enum err e;

	if (flags & MSG_OOB)
		return ERR_NOTSUP;
	x->m.flags = flags & MSG_PASSED;
	x->m.deadline = deadline_of(s->sock->send_timeout);
	e = socket_send(s->sock, &x->m, &done);
	*ret = (long)done;
	if ((flags & MSGF_NOSIGNAL) == 0)
		e = lx_write_result(t, e);
	return e == ERR_TIMEDOUT ? ERR_AGAIN : e;
}

enum err
lx_sendto(struct thread *t, const struct sysargs *a, long *ret)
{
	struct message x = { 0 };
	struct lx_sock s;
	struct iter it;
	enum err e = lx_sock_get(t, a->v[0], &s);

	if (e != OK)
		return e;
	e = iter_user(&it, a->v[1], MIN(a->v[2], LX_RW_MAX), false);
	if (e == OK && a->v[4] != 0) {
		e = lx_sockaddr_in(a->v[4], (uint32_t)a->v[5], &x.addr);
		x.m.addr = &x.addr;
	}
	x.m.bytes = &it;
	if (e == OK)
		e = send_message(t, &s, &x, (unsigned)a->v[3], ret);
	lx_fd_put(&s.fd);
	return e;
}

static enum err
send_header(struct thread *t, struct lx_sock *s, const struct lx_msghdr *h,
    unsigned flags, long *ret)
{
	struct message *x = kzalloc(sizeof(*x));
	enum err e = OK;

	if (x == NULL)
		return ERR_NOMEM;
	if (h->name != 0 && h->name_len != 0) {
		e = lx_sockaddr_in(h->name, h->name_len, &x->addr);
		x->m.addr = &x->addr;
	}
	if (e == OK)
		e = control_in(t, x, h);
	if (e == OK)
		e = h->iov_len > LX_IOV_MAX ? ERR_MSGSIZE :
		    lx_iov_get(&x->v, h->iov, h->iov_len, false);
	if (e == OK) {
		x->m.bytes = &x->v.it;
		e = send_message(t, s, x, flags, ret);
		lx_iov_put(&x->v);
	}
	message_end(x);
	kfree(x, sizeof(*x));
	return e;
}

enum err
lx_sendmsg(struct thread *t, const struct sysargs *a, long *ret)
{
	struct lx_msghdr h;
	struct lx_sock s;
	enum err e = user_copy_in(&h, a->v[1], sizeof(h));

	if (e == OK)
		e = lx_sock_get(t, a->v[0], &s);
	if (e != OK)
		return e;
	e = send_header(t, &s, &h, (unsigned)a->v[2], ret);
	lx_fd_put(&s.fd);
	return e;
}

/* An error after the first message is told by the next call. */
enum err
lx_sendmmsg(struct thread *t, const struct sysargs *a, long *ret)
{
	unsigned n = (unsigned)MIN(a->v[2], (uintptr_t)LX_IOV_MAX), i;
	struct lx_mmsghdr h;
	struct lx_sock s;
	long sent = 0;
	enum err e = lx_sock_get(t, a->v[0], &s);

	if (e != OK)
		return e;
	for (i = 0; i < n; i++) {
		uintptr_t user = a->v[1] + i * sizeof(h);

		e = user_copy_in(&h, user, sizeof(h));
		if (e == OK)
			e = send_header(
			    t, &s, &h.hdr, (unsigned)a->v[3], &sent);
		h.len = (uint32_t)sent;
		if (e == OK)
			e = user_copy_out(
			    user + offsetof(struct lx_mmsghdr, len), &h.len,
			    sizeof(h.len));
		if (e != OK)
			break;
	}
	lx_fd_put(&s.fd);
	*ret = (long)i;
	return i > 0 ? OK : e;
}

/* ---- receiving -------------------------------------------------------- */

static enum err
receive_iter(struct lx_sock *s, struct message *x, struct iter *it,
    unsigned flags, size_t *done)
{
	enum err e;

	if (flags & MSG_OOB)
		return ERR_INVAL;
	x->m.bytes = it;
	x->m.addr = &x->addr;
	x->m.flags = flags & MSG_PASSED;
	x->m.deadline = deadline_of(s->sock->receive_timeout);
	e = socket_receive(s->sock, &x->m, done);
	if (e == ERR_RESTART && s->sock->receive_timeout != 0)
		e = ERR_INTR;
	return e == ERR_TIMEDOUT ? ERR_AGAIN : e;
}

enum err
lx_recvfrom(struct thread *t, const struct sysargs *a, long *ret)
{
	struct message x = { 0 };
	size_t done = 0;
	struct lx_sock s;
	struct iter it;
	enum err e = lx_sock_get(t, a->v[0], &s);

	if (e != OK)
		return e;
	e = iter_user(&it, a->v[1], MIN(a->v[2], LX_RW_MAX), true);
	if (e == OK)
		e = receive_iter(&s, &x, &it, (unsigned)a->v[3], &done);
	lx_fd_put(&s.fd);
	*ret = (long)done;
	if (e != OK || a->v[4] == 0)
		return e;
	return lx_sockaddr_back(&x.addr, a->v[4], a->v[5]);
}

/* One record of control data into what is left of the buffer. */
struct control_out {
	uintptr_t user; /* next byte */
	size_t left, used;
	bool truncated;
};

static enum err
control_put(struct control_out *c, int type, const void *data, size_t len)
{
	struct lx_cmsghdr h = {
		.len = sizeof(h) + len, .level = LX_SOL_SOCKET, .type = type,
	};
	size_t whole = MIN(ALIGN_UP(h.len, (size_t)8), c->left);
	enum err e;

	if (h.len > c->left) {
		c->truncated = true;
		return OK;
	}
	e = user_copy_out(c->user, &h, sizeof(h));
	if (e == OK)
		e = user_copy_out(c->user + sizeof(h), data, len);
	c->user += whole;
	c->left -= whole;
	c->used += whole;
	return e;
}

/* Objects to descriptors, as many as fit. */
static enum err
rights_out(struct thread *t, struct message *x, unsigned flags,
    struct control_out *c)
{
	size_t room = c->left > sizeof(struct lx_cmsghdr) ?
	    (c->left - sizeof(struct lx_cmsghdr)) / 4 : 0;
	int32_t *fds;
	unsigned n = 0;
	enum err e;

	if (x->m.obj_count == 0)
		return OK;
	fds = kmalloc(SCM_MAX * sizeof(*fds));
	if (fds == NULL)
		return ERR_NOMEM;
	for (; n < x->m.obj_count && n < room; n++) {
		uint32_t h;

		e = handle_add(t->task->handles, x->passed->objs[n],
		    x->passed->rights[n],
		    flags & MSG_CMSG_CLOEXEC ? HANDLE_CLOEXEC : 0, &h);
		if (e != OK)
			break;
		fds[n] = (int32_t)h;
	}
	c->truncated |= n < x->m.obj_count;
	/* The table has those references now; the rest is dropped. */
	x->m.obj_count -= n;
	memmove(x->passed->objs, x->passed->objs + n,
	    x->m.obj_count * sizeof(x->passed->objs[0]));
	e = n > 0 ? control_put(c, SCM_RIGHTS, fds, n * sizeof(*fds)) : OK;
	kfree(fds, SCM_MAX * sizeof(*fds));
	return e;
}

static enum err
control_back(struct thread *t, struct message *x, struct lx_msghdr *h,
    unsigned flags)
{
	struct control_out c = { .user = h->control, .left = h->control_len };
	struct lx_ucred u = { x->m.pid, x->m.uid, x->m.gid };
	enum err e = OK;

	if (x->m.has_creds)
		e = control_put(&c, SCM_CREDENTIALS, &u, sizeof(u));
	if (e == OK)
		e = rights_out(t, x, flags, &c);
	h->control_len = c.used;
	h->flags = x->m.flags & (MSGF_TRUNC | MSGF_CTRUNC | MSGF_EOR);
	if (c.truncated)
		h->flags |= MSGF_CTRUNC;
	h->flags |= flags & MSG_CMSG_CLOEXEC;
	return e;
}

static enum err
receive_header(struct thread *t, struct lx_sock *s, struct lx_msghdr *h,
    unsigned flags, long *ret)
{
	struct message *x = kzalloc(sizeof(*x));
	size_t done = 0;
	enum err e;

	if (x == NULL)
		return ERR_NOMEM;
	e = passed_alloc(x);
	if (e == OK)
		e = h->iov_len > LX_IOV_MAX ? ERR_MSGSIZE :
		    lx_iov_get(&x->v, h->iov, h->iov_len, true);
	if (e == OK) {
		e = receive_iter(s, x, &x->v.it, flags, &done);
		lx_iov_put(&x->v);
	}
	if (e == OK && h->name != 0)
		e = lx_sockaddr_out(&x->addr, h->name, h->name_len);
	if (e == OK) {
		h->name_len = x->addr.len;
		*ret = (long)done;
		e = control_back(t, x, h, flags);
	}
	message_end(x);
	kfree(x, sizeof(*x));
	return e;
}

enum err
lx_recvmsg(struct thread *t, const struct sysargs *a, long *ret)
{
	struct lx_msghdr h;
	struct lx_sock s;
	enum err e = user_copy_in(&h, a->v[1], sizeof(h));

	if (e == OK)
		e = lx_sock_get(t, a->v[0], &s);
	if (e != OK)
		return e;
	e = receive_header(t, &s, &h, (unsigned)a->v[2], ret);
	lx_fd_put(&s.fd);
	return e == OK ? user_copy_out(a->v[1], &h, sizeof(h)) : e;
}

enum err
lx_recvmmsg(struct thread *t, const struct sysargs *a, long *ret)
{
	unsigned n = (unsigned)MIN(a->v[2], (uintptr_t)LX_IOV_MAX), i;
	unsigned flags = (unsigned)a->v[3];
	struct lx_mmsghdr h;
	struct lx_sock s;
	ns_t deadline;
	long got = 0;
	enum err e = lx_timeout_in(a->v[4], &deadline);

	if (e == OK)
		e = lx_sock_get(t, a->v[0], &s);
	if (e != OK)
		return e;
	for (i = 0; i < n && (i == 0 || time_now() < deadline); i++) {
		uintptr_t user = a->v[1] + i * sizeof(h);

		e = user_copy_in(&h, user, sizeof(h));
		if (e == OK)
			e = receive_header(t, &s, &h.hdr,
			    flags & ~MSG_WAITFORONE, &got);
		h.len = (uint32_t)got;
		if (e == OK)
			e = user_copy_out(user, &h, sizeof(h));
		if (e != OK)
			break;
		if (flags & MSG_WAITFORONE)
			flags |= MSGF_DONTWAIT;
	}
	lx_fd_put(&s.fd);
	*ret = (long)i;
	return i > 0 ? OK : e;
}
