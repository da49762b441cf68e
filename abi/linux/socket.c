/*
 * Sockets: making, naming, connecting, options. Messages are in message.c.
 * Source: man-pages 6.05 socket(2), bind(2), accept(2), getsockopt(2).
 */
#include "call.h"

#include "sock.h"

#include <kernel/mm.h>

enum err
lx_sock_get(struct thread *t, uintptr_t h, struct lx_sock *s)
{
	enum err e = lx_fd_get(t, h, 0, &s->fd);

	if (e != OK)
		return e;
	e = socket_of(s->fd.file, &s->sock);
	if (e != OK)
		lx_fd_put(&s->fd);
	return e;
}

enum err
lx_sockaddr_in(uintptr_t user, size_t len, struct sock_addr *out)
{
	uint8_t raw[SOCKADDR_MAX] = { 0 };
	enum err e;

	if (len > sizeof(raw) || len < sizeof(out->family))
		return ERR_INVAL;
	e = user_copy_in(raw, user, len);
	if (e != OK)
		return e;
	memcpy(&out->family, raw, sizeof(out->family));
	memcpy(out->bytes, raw + sizeof(out->family), sizeof(out->bytes));
	out->len = (unsigned)len;
	return OK;
}

enum err
lx_sockaddr_out(const struct sock_addr *in, uintptr_t user, uint32_t room)
{
	uint8_t raw[SOCKADDR_MAX];

	memcpy(raw, &in->family, sizeof(in->family));
	memcpy(raw + sizeof(in->family), in->bytes, sizeof(in->bytes));
	return user_copy_out(user, raw, MIN(in->len, room));
}

/* To a buffer whose size lies in user memory; the size becomes the real one,
 * which may be more than was copied. */
enum err
lx_sockaddr_back(const struct sock_addr *in, uintptr_t user, uintptr_t user_len)
{
	uint32_t room;
	enum err e = user_copy_in(&room, user_len, sizeof(room));

	if (e != OK)
		return e;
	if (room > INT32_MAX)
		return ERR_INVAL;
	e = lx_sockaddr_out(in, user, room);
	if (e == OK)
		e = user_copy_out(user_len, &in->len, sizeof(in->len));
	return e;
}

/* SOCK_* in the type argument: the kind and two descriptor flags. */
static enum err
type_split(uintptr_t type, int *kind)
{
	if ((unsigned)type & ~(0xfu | LX_FD_FLAGS))
		return ERR_INVAL;
	*kind = (int)(type & 0xf);
	return OK;
}

enum err
lx_socket(struct thread *t, const struct sysargs *a, long *ret)
{
	struct file *f;
	int kind;
	enum err e = type_split(a->v[1], &kind);

	if (e == OK)
		e = socket_create((int)a->v[0], kind, (int)a->v[2],
		    lx_file_flags((unsigned)a->v[1]), &f);
	return e == OK ?
	    lx_install(t, f, (a->v[1] & LX_O_CLOEXEC) != 0, ret) : e;
}

enum err
lx_socketpair(struct thread *t, const struct sysargs *a, long *ret)
{
	struct handle_table *ht = t->task->handles;
	uint32_t h[2] = { HANDLE_NONE, HANDLE_NONE };
	unsigned flags = a->v[1] & LX_O_CLOEXEC ? HANDLE_CLOEXEC : 0;
	struct file *f[2];
	int kind;
	enum err e = type_split(a->v[1], &kind);

	if (e != OK)
		return e;
	e = handle_reserve(ht, &h[0]);
	if (e == OK)
		e = handle_reserve(ht, &h[1]);
	/* Before anything exists, so that a bad address leaves nothing. */
	if (e == OK)
		e = user_copy_out(a->v[3], h, sizeof(h));
	if (e == OK)
		e = socket_pair((int)a->v[0], kind, (int)a->v[2],
		    lx_file_flags((unsigned)a->v[1]), f);
	if (e != OK) {
		handle_cancel(ht, h[1]);
		handle_cancel(ht, h[0]);
		return e;
	}
	for (unsigned i = 0; i < 2; i++)
		handle_install(ht, h[i], &f[i]->obj,
		    file_rights(file_flags(f[i])), flags);
	*ret = 0;
	return OK;
}

enum err
lx_bind(struct thread *t, const struct sysargs *a, long *ret)
{
	struct sock_addr addr = { 0 };
	struct lx_sock s;
	enum err e = lx_sock_get(t, a->v[0], &s);

	if (e != OK)
		return e;
	*ret = 0;
	e = lx_sockaddr_in(a->v[1], (uint32_t)a->v[2], &addr);
	if (e == OK)
		e = socket_bind(s.sock, &addr);
	lx_fd_put(&s.fd);
	/* An existing name is an address in use. */
	return e == ERR_EXISTS ? ERR_ADDRINUSE : e;
}

enum err
lx_connect(struct thread *t, const struct sysargs *a, long *ret)
{
	struct sock_addr addr = { 0 };
	struct lx_sock s;
	enum err e = lx_sock_get(t, a->v[0], &s);

	if (e != OK)
		return e;
	*ret = 0;
	e = lx_sockaddr_in(a->v[1], (uint32_t)a->v[2], &addr);
	if (e == OK)
		e = socket_connect(s.sock, &addr);
	lx_fd_put(&s.fd);
	return e;
}

#define BACKLOG_MAX 4096

enum err
lx_listen(struct thread *t, const struct sysargs *a, long *ret)
{
	unsigned backlog = (unsigned)a->v[1];
	struct lx_sock s;
	enum err e = lx_sock_get(t, a->v[0], &s);

	if (e != OK)
		return e;
	*ret = 0;
	e = socket_listen(s.sock, MIN(backlog, (unsigned)BACKLOG_MAX));
	lx_fd_put(&s.fd);
	return e;
}

static enum err
accept_one(struct thread *t, const struct sysargs *a, unsigned flags,
    long *ret)
{
	struct sock_addr peer = { 0 };
	struct socket *fresh;
	struct file *f = NULL;
	struct lx_sock s;
	enum err e;

	if (flags & ~LX_FD_FLAGS)
		return ERR_INVAL;
	e = lx_sock_get(t, a->v[0], &s);
	if (e != OK)
		return e;
	e = socket_accept(s.sock, lx_file_flags(flags), &f);
	lx_fd_put(&s.fd);
	if (e != OK)
		return e;
	if (a->v[1] != 0) {
		e = socket_of(f, &fresh);
		if (e == OK)
			e = socket_name(fresh, true, &peer);
		if (e == OK)
			e = lx_sockaddr_back(&peer, a->v[1], a->v[2]);
		if (e != OK) {
			file_unref(f);
			return e;
		}
	}
	return lx_install(t, f, (flags & LX_O_CLOEXEC) != 0, ret);
}

enum err
lx_accept(struct thread *t, const struct sysargs *a, long *ret)
{
	return accept_one(t, a, 0, ret);
}

enum err
lx_accept4(struct thread *t, const struct sysargs *a, long *ret)
{
	return accept_one(t, a, (unsigned)a->v[3], ret);
}

static enum err
name_out(struct thread *t, const struct sysargs *a, bool peer)
{
	struct sock_addr addr = { 0 };
	struct lx_sock s;
	enum err e = lx_sock_get(t, a->v[0], &s);

	if (e != OK)
		return e;
	e = socket_name(s.sock, peer, &addr);
	lx_fd_put(&s.fd);
	return e == OK ? lx_sockaddr_back(&addr, a->v[1], a->v[2]) : e;
}

enum err
lx_getsockname(struct thread *t, const struct sysargs *a, long *ret)
{
	*ret = 0;
	return name_out(t, a, false);
}

enum err
lx_getpeername(struct thread *t, const struct sysargs *a, long *ret)
{
	*ret = 0;
	return name_out(t, a, true);
}

enum err
lx_shutdown(struct thread *t, const struct sysargs *a, long *ret)
{
	struct lx_sock s;
	enum err e;

	if (a->v[1] > 2)
		return ERR_INVAL;
	e = lx_sock_get(t, a->v[0], &s);
	if (e != OK)
		return e;
	*ret = 0;
	e = socket_shutdown(s.sock, a->v[1] != 1, a->v[1] != 0);
	lx_fd_put(&s.fd);
	return e;
}

/* ---- options ---------------------------------------------------------- */

#define LX_SOL_SOCKET   1
#define LX_SO_ERROR     4
#define LX_SO_RCVTIMEO  20
#define LX_SO_SNDTIMEO  21
#define OPTION_MAX      256

/* Options whose value is Linux's own: an errno, a struct timeval. True when
 * it was one of them. */
static bool
option_get_own(struct socket *s, int option, void *buf, size_t *len,
    enum err *e)
{
	struct lx_timeval tv;
	int number;

	if (option == LX_SO_ERROR) {
		mutex_lock(&s->lock);
		number = lx_errno(s->error);
		s->error = OK;
		mutex_unlock(&s->lock);
		*len = MIN(*len, sizeof(number));
		memcpy(buf, &number, *len);
	} else if (option == LX_SO_RCVTIMEO || option == LX_SO_SNDTIMEO) {
		tv = lx_timeval_of(option == LX_SO_RCVTIMEO ?
		    s->receive_timeout : s->send_timeout);
		*len = MIN(*len, sizeof(tv));
		memcpy(buf, &tv, *len);
	} else {
		return false;
	}
	*e = OK;
	return true;
}

static bool
option_set_own(struct socket *s, int option, const void *buf, size_t len,
    enum err *e)
{
	struct lx_timeval tv;
	ns_t span;

	if (option != LX_SO_RCVTIMEO && option != LX_SO_SNDTIMEO)
		return false;
	if (len < sizeof(tv)) {
		*e = ERR_INVAL;
		return true;
	}
	memcpy(&tv, buf, sizeof(tv));
	if ((uint64_t)tv.usec >= 1000000) {
		*e = ERR_DOM;
		return true;
	}
	span = tv.sec < 0 ? 0 : (ns_t)MIN(tv.sec, INT64_C(4000000000)) *
	    NS_PER_SEC + (ns_t)tv.usec * NS_PER_US;
	mutex_lock(&s->lock);
	if (option == LX_SO_RCVTIMEO)
		s->receive_timeout = span;
	else
		s->send_timeout = span;
	mutex_unlock(&s->lock);
	*e = OK;
	return true;
}

enum err
lx_getsockopt(struct thread *t, const struct sysargs *a, long *ret)
{
	uint8_t buf[OPTION_MAX] = { 0 };
	struct lx_sock s;
	uint32_t room;
	size_t len;
	enum err e = user_copy_in(&room, a->v[4], sizeof(room));

	if (e != OK)
		return e;
	if (room > INT32_MAX)
		return ERR_INVAL;
	e = lx_sock_get(t, a->v[0], &s);
	if (e != OK)
		return e;
	*ret = 0;
	len = MIN((size_t)room, sizeof(buf));
	if ((int)a->v[1] != LX_SOL_SOCKET ||
	    !option_get_own(s.sock, (int)a->v[2], buf, &len, &e))
		e = socket_option_get(
		    s.sock, (int)a->v[1], (int)a->v[2], buf, &len);
	lx_fd_put(&s.fd);
	if (e == OK)
		e = user_copy_out(a->v[3], buf, MIN(len, (size_t)room));
	room = (uint32_t)len;
	return e == OK ? user_copy_out(a->v[4], &room, sizeof(room)) : e;
}

enum err
lx_setsockopt(struct thread *t, const struct sysargs *a, long *ret)
{
	uint8_t buf[OPTION_MAX] = { 0 };
	size_t len = (uint32_t)a->v[4];
	struct lx_sock s;
	enum err e;

	if (len > INT32_MAX)
		return ERR_INVAL;
	len = MIN(len, sizeof(buf));
	e = lx_sock_get(t, a->v[0], &s);
	if (e != OK)
		return e;
	*ret = 0;
	e = user_copy_in(buf, a->v[3], len);
	if (e == OK && ((int)a->v[1] != LX_SOL_SOCKET ||
	    !option_set_own(s.sock, (int)a->v[2], buf, len, &e)))
		e = socket_option_set(
		    s.sock, (int)a->v[1], (int)a->v[2], buf, len);
	lx_fd_put(&s.fd);
	return e;
}
