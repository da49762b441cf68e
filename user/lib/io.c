/*
 * Descriptors: reading, writing, duplicating, controlling.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"

ssize_t
read(int fd, void *buf, size_t len)
{
	return __cm_result(cm_stream_read((cm_handle_t)fd, buf, len));
}

ssize_t
write(int fd, const void *buf, size_t len)
{
	return __cm_result(cm_stream_write((cm_handle_t)fd, buf, len));
}

ssize_t
readv(int fd, const struct iovec *v, int count)
{
	return __cm_result(cm_stream_readv((cm_handle_t)fd,
	    (const struct cm_segment *)v, (size_t)count));
}

ssize_t
writev(int fd, const struct iovec *v, int count)
{
	return __cm_result(cm_stream_writev((cm_handle_t)fd,
	    (const struct cm_segment *)v, (size_t)count));
}

/* A stream without positions lacks the right to set one. */
static long
position_result(int fd, long r)
{
	struct cm_handle_info info;

	if (r == -CM_ERIGHTS &&
	    cm_handle_info((cm_handle_t)fd, &info) == 0 &&
	    (info.rights & CM_RIGHT_SEEK) == 0)
		r = -CM_ESPIPE;
	return __cm_result(r);
}

ssize_t
pread(int fd, void *buf, size_t len, off_t off)
{
	return position_result(fd,
	    cm_stream_pread((cm_handle_t)fd, buf, len, (uint64_t)off));
}

ssize_t
pwrite(int fd, const void *buf, size_t len, off_t off)
{
	return position_result(fd,
	    cm_stream_pwrite((cm_handle_t)fd, buf, len, (uint64_t)off));
}

off_t
lseek(int fd, off_t off, int whence)
{
	return position_result(fd, cm_stream_seek(
	    (cm_handle_t)fd, off, (enum cm_whence)whence));
}

int
close(int fd)
{
	return (int)__cm_result(cm_handle_close((cm_handle_t)fd));
}

int
dup(int fd)
{
	return (int)__cm_result(
	    cm_handle_dup((cm_handle_t)fd, CM_RIGHTS_ALL, 0, 0));
}

int
dup3(int fd, int to, int flags)
{
	return (int)__cm_result(cm_handle_place((cm_handle_t)fd,
	    (cm_handle_t)to, CM_RIGHTS_ALL,
	    flags & O_CLOEXEC ? CM_HANDLE_CLOEXEC : 0));
}

int
dup2(int fd, int to)
{
	struct cm_handle_info info;
	long r;

	if (fd != to)
		return dup3(fd, to, 0);
	r = cm_handle_info((cm_handle_t)fd, &info);
	return r < 0 ? (int)__cm_result(r) : to;
}

static uint32_t
create_flags(int flags)
{
	return (flags & O_CLOEXEC ? CM_OPEN_CLOEXEC : 0) |
	    (flags & O_NONBLOCK ? CM_OPEN_NONBLOCK : 0);
}

int
pipe2(int fds[2], int flags)
{
	return (int)__cm_result(
	    cm_pipe_create((cm_handle_t *)fds, create_flags(flags)));
}

int
pipe(int fds[2])
{
	return pipe2(fds, 0);
}

int
fsync(int fd)
{
	return (int)__cm_result(
	    cm_stream_sync((cm_handle_t)fd, CM_SYNC_ALL));
}

int
fdatasync(int fd)
{
	return (int)__cm_result(cm_stream_sync((cm_handle_t)fd, 0));
}

int
ftruncate(int fd, off_t size)
{
	long r = cm_stream_resize((cm_handle_t)fd, (uint64_t)size);

	if (size < 0 || r == -CM_ERIGHTS)
		r = -CM_EINVAL;
	return (int)__cm_result(r);
}

static long
record_lock(int fd, int op, struct flock *l)
{
	static const uint32_t types[] = { CM_LOCK_NONE, CM_LOCK_SHARED,
		CM_LOCK_EXCLUSIVE, CM_LOCK_NONE };
	struct cm_lock lock = { 0 };
	struct stat st;
	int64_t base = 0;
	uint32_t flags = 0;
	long r;

	if (l->l_type < F_RDLCK || l->l_type > F_UNLCK)
		return -CM_EINVAL;
	if (l->l_whence == SEEK_CUR)
		base = cm_stream_seek((cm_handle_t)fd, 0, CM_SEEK_CUR);
	else if (l->l_whence == SEEK_END)
		base = fstat(fd, &st) == 0 ? st.st_size : -CM_EINVAL;
	if (base < 0)
		return base;
	base += l->l_start;
	if (l->l_len < 0)
		base += l->l_len;
	if (base < 0)
		return -CM_EINVAL;
	lock.type = types[l->l_type];
	lock.start = (uint64_t)base;
	lock.size = (uint64_t)(l->l_len < 0 ? -l->l_len : l->l_len);
	if (op == F_GETLK)
		flags = CM_LOCK_TEST;
	else if (op == F_SETLKW)
		flags = CM_LOCK_WAIT;
	r = cm_stream_lock((cm_handle_t)fd, &lock, flags);
	if (r < 0 || op != F_GETLK)
		return r;
	l->l_type = F_UNLCK;
	if (lock.type == CM_LOCK_NONE)
		return 0;
	l->l_type = lock.type == CM_LOCK_SHARED ? F_RDLCK : F_WRLCK;
	l->l_whence = SEEK_SET;
	l->l_start = (off_t)lock.start;
	l->l_len = (off_t)lock.size;
	l->l_pid = lock.pid;
	return 0;
}

int
flock(int fd, int op)
{
	struct cm_lock lock = { .type = CM_LOCK_NONE };
	uint32_t flags = CM_LOCK_STREAM;

	if ((op & LOCK_NB) == 0)
		flags |= CM_LOCK_WAIT;
	if (op & LOCK_SH)
		lock.type = CM_LOCK_SHARED;
	else if (op & LOCK_EX)
		lock.type = CM_LOCK_EXCLUSIVE;
	return (int)__cm_result(
	    cm_stream_lock((cm_handle_t)fd, &lock, flags));
}

static long
get_status(int fd)
{
	static const int access[] = { 0, O_RDONLY, O_WRONLY, O_RDWR };
	long f = cm_stream_flags((cm_handle_t)fd, 0, 0);

	if (f < 0)
		return f;
	return access[(f & CM_STREAM_READ ? 1 : 0) |
	    (f & CM_STREAM_WRITE ? 2 : 0)] |
	    (f & CM_STREAM_APPEND ? O_APPEND : 0) |
	    (f & CM_STREAM_NONBLOCK ? O_NONBLOCK : 0);
}

static long
set_status(int fd, int flags)
{
	long r = cm_stream_flags((cm_handle_t)fd,
	    CM_STREAM_APPEND | CM_STREAM_NONBLOCK,
	    (flags & O_APPEND ? CM_STREAM_APPEND : 0) |
	    (flags & O_NONBLOCK ? CM_STREAM_NONBLOCK : 0));

	return r < 0 ? r : 0;
}

static long
control(int fd, int op, long arg)
{
	cm_handle_t h = (cm_handle_t)fd;
	long r;

	switch (op) {
	case F_DUPFD:
		return cm_handle_dup(h, CM_RIGHTS_ALL, 0, (uint32_t)arg);
	case F_DUPFD_CLOEXEC:
		return cm_handle_dup(
		    h, CM_RIGHTS_ALL, CM_HANDLE_CLOEXEC, (uint32_t)arg);
	case F_GETFD:
		r = cm_handle_flags(h, 0, 0);
		return r < 0 ? r : (r & CM_HANDLE_CLOEXEC ? FD_CLOEXEC : 0);
	case F_SETFD:
		r = cm_handle_flags(h, CM_HANDLE_CLOEXEC,
		    arg & FD_CLOEXEC ? CM_HANDLE_CLOEXEC : 0);
		return r < 0 ? r : 0;
	case F_GETFL:
		return get_status(fd);
	case F_SETFL:
		return set_status(fd, (int)arg);
	case F_GETLK:
	case F_SETLK:
	case F_SETLKW:
		return record_lock(fd, op, (struct flock *)arg);
	default:
		return -CM_EINVAL;
	}
}

int
fcntl(int fd, int op, ...)
{
	va_list ap;
	long arg;

	va_start(ap, op);
	arg = va_arg(ap, long);
	va_end(ap);
	return (int)__cm_result(control(fd, op, arg));
}

int
ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
    const __sigset_t *mask)
{
	/* struct pollfd and struct cm_wait_item have the same layout and the
	 * same event bits; a negative fd is no handle and must be skipped. */
	struct cm_wait_item *items = (struct cm_wait_item *)fds;
	long r;

	_Static_assert(sizeof(*items) == sizeof(*fds), "same layout");
	r = cm_handles_wait(items, count,
	    timeout != NULL ? __cm_ns(timeout) : CM_FOREVER, mask);
	return (int)__cm_result(r);
}

int
poll(struct pollfd *fds, nfds_t count, int ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

	return ppoll(fds, count, ms < 0 ? NULL : &t, NULL);
}

static int
select_fill(struct pollfd *p, int n, fd_set *in, fd_set *out, fd_set *pri)
{
	int count = 0;

	for (int fd = 0; fd < n; fd++) {
		short ev = 0;

		if (in != NULL && FD_ISSET(fd, in))
			ev |= POLLIN;
		if (out != NULL && FD_ISSET(fd, out))
			ev |= POLLOUT;
		if (pri != NULL && FD_ISSET(fd, pri))
			ev |= POLLPRI;
		if (ev != 0)
			p[count++] = (struct pollfd){ .fd = fd, .events = ev };
	}
	return count;
}

static int
select_keep(fd_set *set, const struct pollfd *p, int wanted, int happened)
{
	if (set == NULL || (p->events & wanted) == 0)
		return 0;
	if (p->revents & happened)
		return 1;
	FD_CLR(p->fd, set);
	return 0;
}

int
pselect(int n, fd_set *in, fd_set *out, fd_set *pri,
    const struct timespec *timeout, const sigset_t *mask)
{
	struct pollfd *p;
	int count, r, total = 0;

	if (n < 0 || n > FD_SETSIZE) {
		errno = EINVAL;
		return -1;
	}
	p = malloc((size_t)(n + 1) * sizeof(*p));
	if (p == NULL)
		return -1;
	count = select_fill(p, n, in, out, pri);
	r = ppoll(p, (nfds_t)count, timeout, mask);
	for (int i = 0; r >= 0 && i < count; i++) {
		if (p[i].revents & POLLNVAL) {
			errno = EBADF;
			r = -1;
			break;
		}
		total += select_keep(in, &p[i], POLLIN,
		    POLLIN | POLLHUP | POLLERR);
		total += select_keep(out, &p[i], POLLOUT, POLLOUT | POLLERR);
		total += select_keep(pri, &p[i], POLLPRI, POLLPRI);
	}
	free(p);
	return r < 0 ? -1 : total;
}

int
select(int n, fd_set *in, fd_set *out, fd_set *pri, struct timeval *timeout)
{
	struct timespec t;

	if (timeout != NULL)
		t = (struct timespec){ timeout->tv_sec,
			timeout->tv_usec * 1000L };
	return pselect(n, in, out, pri, timeout != NULL ? &t : NULL, NULL);
}
