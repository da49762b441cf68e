/* SPDX-License-Identifier: MIT */
/*
 * Sockets, what all families share: the file, the options every socket has,
 * timeouts, and the choice of the family.
 *
 * A socket embeds its file; the family's release frees it, a grace period
 * later (lookups by handle take no lock). Options of level SOL_SOCKET have
 * Linux's numbers, since ABIs pass them on; families see the others.
 *
 * Source: man-pages 6.03, socket(7).
 */
#include <kernel/socket.h>

#include <kernel/ipc.h>
#include <lib/fmt.h>
#include <lib/string.h>

#define SOL_SOCKET     1
#define SO_DEBUG       1
#define SO_REUSEADDR   2
#define SO_TYPE        3
#define SO_DONTROUTE   5
#define SO_BROADCAST   6
#define SO_SNDBUF      7
#define SO_RCVBUF      8
#define SO_KEEPALIVE   9
#define SO_OOBINLINE   10
#define SO_PRIORITY    12
#define SO_LINGER      13
#define SO_REUSEPORT   15
#define SO_PASSCRED    16
#define SO_RCVLOWAT    18
#define SO_SNDLOWAT    19
#define SO_ACCEPTCONN  30
#define SO_SNDBUFFORCE 32
#define SO_RCVBUFFORCE 33
#define SO_PROTOCOL    38
#define SO_DOMAIN      39

#define BUFFER_DEFAULT (208u * 1024)
#define BUFFER_MIN     2048u
#define BUFFER_MAX     (4u << 20)

extern const struct sock_family *const carmine_sock_start[];
extern const struct sock_family *const carmine_sock_end[];

static const struct file_ops socket_file_ops;
static atomic_uint_fast64_t next_ino = 1;

static const struct sock_family *
family_find(int family)
{
	const struct sock_family *const *f;

	for (f = carmine_sock_start; f < carmine_sock_end; f++)
		if ((*f)->family == family)
			return *f;
	return NULL;
}

void
socket_init(struct socket *s, const struct sock_ops *ops, int family,
    int type, int protocol)
{
	file_init(&s->file, &socket_file_ops, OBJ_SOCKET,
	    FILE_READ | FILE_WRITE | FILE_STREAM);
	s->file.off = atomic_fetch_add(&next_ino, 1);
	s->ops = ops;
	s->family = family;
	s->type = type;
	s->protocol = protocol;
	mutex_init(&s->lock, RANK_SOCKET, "socket");
	s->error = OK;
	s->send_buffer = s->receive_buffer = BUFFER_DEFAULT;
}

static void
set_file_flags(struct socket *s, unsigned flags)
{
	atomic_fetch_or(&s->file.flags, flags & FILE_NONBLOCK);
}

enum err
socket_create(
    int family, int type, int protocol, unsigned flags, struct file **out)
{
	const struct sock_family *f = family_find(family);
	struct socket *s = NULL;
	enum err e;

	if (f == NULL)
		return ERR_AFNOSUPPORT;
	e = f->create(type, protocol, &s);
	if (e != OK)
		return e;
	set_file_flags(s, flags);
	*out = &s->file;
	return OK;
}

enum err
socket_pair(int family, int type, int protocol, unsigned flags,
    struct file *out[2])
{
	const struct sock_family *f = family_find(family);
	struct socket *x = NULL, *y = NULL;
	enum err e;

	if (f == NULL)
		return ERR_AFNOSUPPORT;
	if (f->pair == NULL)
		return ERR_NOTSUP;
	e = f->pair(type, protocol, &x, &y);
	if (e != OK)
		return e;
	set_file_flags(x, flags);
	set_file_flags(y, flags);
	out[0] = &x->file;
	out[1] = &y->file;
	return OK;
}

enum err
socket_of(struct file *f, struct socket **out)
{
	if (f->ops != &socket_file_ops)
		return ERR_NOTSOCK;
	*out = container_of(f, struct socket, file);
	return OK;
}

/* ---- calls ------------------------------------------------------------- */

enum err
socket_bind(struct socket *s, const struct sock_addr *a)
{
	return s->ops->bind == NULL ? ERR_NOTSUP : s->ops->bind(s, a);
}

enum err
socket_connect(struct socket *s, const struct sock_addr *a)
{
	return s->ops->connect == NULL ? ERR_NOTSUP : s->ops->connect(s, a);
}

enum err
socket_listen(struct socket *s, unsigned backlog)
{
	return s->ops->listen == NULL ? ERR_NOTSUP :
	    s->ops->listen(s, backlog);
}

enum err
socket_accept(struct socket *s, unsigned flags, struct file **out)
{
	return s->ops->accept == NULL ? ERR_NOTSUP :
	    s->ops->accept(s, flags & FILE_NONBLOCK, out);
}

/* The pending error, once. */
static enum err
take_error(struct socket *s)
{
	enum err e;

	if (LIKELY(s->error == OK))
		return OK;
	mutex_lock(&s->lock);
	e = s->error;
	s->error = OK;
	mutex_unlock(&s->lock);
	return e;
}

enum err
socket_send(struct socket *s, struct sock_message *m, size_t *done)
{
	enum err e = take_error(s);

	if (e != OK)
		return e;
	if (s->ops->send == NULL)
		return ERR_NOTSUP;
	if (file_flags(&s->file) & FILE_NONBLOCK)
		m->flags |= MSGF_DONTWAIT;
	return s->ops->send(s, m, done);
}

enum err
socket_receive(struct socket *s, struct sock_message *m, size_t *done)
{
	/* The family tells a pending error once its queue is empty. */
	if (s->ops->receive == NULL)
		return ERR_NOTSUP;
	if (file_flags(&s->file) & FILE_NONBLOCK)
		m->flags |= MSGF_DONTWAIT;
	return s->ops->receive(s, m, done);
}

enum err
socket_shutdown(struct socket *s, bool reading, bool writing)
{
	return s->ops->shutdown == NULL ? ERR_NOTSUP :
	    s->ops->shutdown(s, reading, writing);
}

enum err
socket_name(struct socket *s, bool peer, struct sock_addr *out)
{
	return s->ops->name == NULL ? ERR_NOTSUP :
	    s->ops->name(s, peer, out);
}

/* ---- options ----------------------------------------------------------- */

static bool
option_number(struct socket *s, int option, int *out)
{
	switch (option) {
	case SO_TYPE:
		*out = s->type;
		return true;
	case SO_DOMAIN:
		*out = s->family;
		return true;
	case SO_PROTOCOL:
		*out = s->protocol;
		return true;
	case SO_SNDBUF:
		*out = (int)s->send_buffer;
		return true;
	case SO_RCVBUF:
		*out = (int)s->receive_buffer;
		return true;
	case SO_PASSCRED:
		*out = s->pass_creds;
		return true;
	case SO_REUSEADDR:
		*out = s->reuse_address;
		return true;
	case SO_KEEPALIVE:
		*out = s->keep_alive;
		return true;
	case SO_BROADCAST:
		*out = s->broadcast;
		return true;
	case SO_RCVLOWAT:
	case SO_SNDLOWAT:
		*out = 1;
		return true;
	case SO_DEBUG:
	case SO_DONTROUTE:
	case SO_OOBINLINE:
	case SO_PRIORITY:
	case SO_REUSEPORT:
		*out = 0;
		return true;
	default:
		return false;
	}
}

static void
value_out(const void *value, size_t size, void *buf, size_t *len)
{
	*len = MIN(*len, size);
	memcpy(buf, value, *len);
}

enum err
socket_option_get(
    struct socket *s, int level, int option, void *buf, size_t *len)
{
	static const int no_linger[2];
	int number;

	/* The family may know better than the common answer. */
	if (s->ops->option_get != NULL) {
		enum err e = s->ops->option_get(s, level, option, buf, len);

		if (e != ERR_NOPROTOOPT)
			return e;
	}
	if (level != SOL_SOCKET)
		return ERR_NOPROTOOPT;
	if (option == SO_LINGER) {
		value_out(no_linger, sizeof(no_linger), buf, len);
		return OK;
	}
	if (!option_number(s, option, &number))
		return ERR_NOPROTOOPT;
	value_out(&number, sizeof(number), buf, len);
	return OK;
}

/* As asked, doubled for bookkeeping as Linux does and programs expect. */
static unsigned
buffer_size(int asked)
{
	uint64_t n = asked < 0 ? BUFFER_MAX : (uint64_t)(unsigned)asked * 2;

	return (unsigned)MIN(MAX(n, (uint64_t)BUFFER_MIN),
	    (uint64_t)BUFFER_MAX);
}

static enum err
option_set_number(struct socket *s, int option, int v)
{
	switch (option) {
	case SO_SNDBUF:
	case SO_SNDBUFFORCE:
		s->send_buffer = buffer_size(v);
		return OK;
	case SO_RCVBUF:
	case SO_RCVBUFFORCE:
		s->receive_buffer = buffer_size(v);
		return OK;
	case SO_PASSCRED:
		s->pass_creds = v != 0;
		return OK;
	case SO_REUSEADDR:
		s->reuse_address = v != 0;
		return OK;
	case SO_KEEPALIVE:
		s->keep_alive = v != 0;
		return OK;
	case SO_BROADCAST:
		s->broadcast = v != 0;
		return OK;
	default:
		return ERR_NOPROTOOPT;
	}
}

enum err
socket_option_set(
    struct socket *s, int level, int option, const void *buf, size_t len)
{
	enum err e;
	int v;

	if (s->ops->option_set != NULL) {
		e = s->ops->option_set(s, level, option, buf, len);
		if (e != ERR_NOPROTOOPT)
			return e;
	}
	if (level != SOL_SOCKET)
		return ERR_NOPROTOOPT;
	if (len < sizeof(v))
		return ERR_INVAL;
	memcpy(&v, buf, sizeof(v));
	mutex_lock(&s->lock);
	e = option_set_number(s, option, v);
	mutex_unlock(&s->lock);
	return e;
}

/* ---- the file ---------------------------------------------------------- */

static struct socket *
of(struct file *f)
{
	return container_of(f, struct socket, file);
}

static ns_t
deadline_after(ns_t timeout)
{
	return timeout == 0 ? NS_NEVER : time_now() + timeout;
}

static enum err
socket_read(struct file *f, struct iter *it, uint64_t *off UNUSED,
    size_t *done)
{
	struct socket *s = of(f);
	struct sock_message m = {
		.bytes = it, .deadline = deadline_after(s->receive_timeout),
	};
	enum err e;

	if (it->left == 0 && s->type == SOCK_STREAM_) {
		*done = 0;
		return OK;
	}
	e = socket_receive(s, &m, done);
	return e == ERR_TIMEDOUT ? ERR_AGAIN : e;
}

static enum err
socket_write(struct file *f, struct iter *it, uint64_t *off UNUSED,
    size_t *done)
{
	struct socket *s = of(f);
	struct sock_message m = {
		.bytes = it, .deadline = deadline_after(s->send_timeout),
	};
	enum err e = socket_send(s, &m, done);

	return e == ERR_TIMEDOUT ? ERR_AGAIN : e;
}

static unsigned
socket_poll(struct file *f, struct poll_request *r)
{
	struct socket *s = of(f);
	unsigned events = s->ops->poll == NULL ? POLL_IN | POLL_OUT :
	    s->ops->poll(s, r);

	return s->error == OK ? events : events | POLL_ERR | POLL_IN;
}

static enum err
socket_control(struct file *f, unsigned cmd, uintptr_t arg, long *ret)
{
	struct socket *s = of(f);

	return s->ops->control == NULL ? ERR_NOTTY :
	    s->ops->control(s, cmd, arg, ret);
}

static enum err
socket_stat(struct file *f, struct file_stat *st)
{
	*st = (struct file_stat){
		.dev = 14, .ino = f->off, .mode = S_SOCKET | 0777,
		.nlink = 1, .block_size = PAGE_SIZE,
	};
	return OK;
}

static void
socket_close(struct file *f)
{
	if (f->carrier != NULL)
		inflight_check();
}

static void
socket_release(struct file *f)
{
	struct socket *s = of(f);
	bool carries = f->carrier != NULL;

	s->ops->release(s);
	if (carries)
		inflight_check();
}

static size_t
socket_describe(struct file *f, char *buf, size_t len)
{
	return (size_t)snprintf(
	    buf, len, "socket:[%lu]", (unsigned long)f->off);
}

static const struct file_ops socket_file_ops = {
	.read = socket_read,
	.write = socket_write,
	.poll = socket_poll,
	.control = socket_control,
	.stat = socket_stat,
	.close = socket_close,
	.release = socket_release,
	.describe = socket_describe,
};
