/*
 * Moving bytes between descriptors and user memory.
 * Source: man-pages 6.05 read(2), readv(2), lseek(2).
 */
#include "call.h"

#include <kernel/ipc.h>

/* Whole records only; what fits of those that are pending. */
static enum err
signalfd_read(struct file *f, struct iter *it, size_t *done)
{
	struct lx_signalfd_info out;
	struct sig_info in;
	enum err e = OK;

	if (it->left < sizeof(out))
		return ERR_INVAL;
	while (it->left >= sizeof(out)) {
		size_t n;

		/* Only the first one is waited for. */
		if (*done > 0 && (file_poll(f, NULL) & POLL_IN) == 0)
			break;
		e = signalfd_take(f, &in);
		if (e != OK)
			break;
		lx_signalfd_encode(&in, &out);
		n = iter_write(it, &out, sizeof(out));
		while (n < sizeof(out)) {
			e = iter_fault_in(it);
			if (e != OK)
				return e;
			n += iter_write(
			    it, (uint8_t *)&out + n, sizeof(out) - n);
		}
		*done += sizeof(out);
	}
	return *done > 0 ? OK : e;
}

/* Signal records have each ABI's own form. */
static enum err
read_any(struct file *f, struct iter *it, size_t *done)
{
	if (f->obj.kind == OBJ_SIGNALFD)
		return signalfd_read(f, it, done);
	return lx_read_result(file_read(f, it, done));
}

/* One call: off < 0 uses the file's own offset. */
struct move {
	uintptr_t fd, iov, count;
	int64_t off;
	bool is_read;
};

static enum err
move_bytes(struct file *f, struct iter *it, const struct move *m,
    size_t *done)
{
	if (m->off < 0)
		return m->is_read ? read_any(f, it, done) :
		    file_write(f, it, done);
	return m->is_read ? file_pread(f, it, (uint64_t)m->off, done) :
	    file_pwrite(f, it, (uint64_t)m->off, done);
}

/* ---- one piece of memory ------------------------------------------------ */

/* What the quick ways below leave over: descriptors that others may close
 * meanwhile, signalfds, and what is wrong. */
static NOINLINE enum err
move_other(struct thread *t, const struct sysargs *a, bool is_read,
    int64_t off, long *ret)
{
	const struct move m = { .off = off, .is_read = is_read };
	struct lx_fd fd;
	struct iter it;
	size_t done = 0;
	enum err e = lx_fd_get(
	    t, a->v[0], is_read ? RIGHT_READ : RIGHT_WRITE, &fd);

	if (e != OK)
		return e;
	e = iter_user(&it, a->v[1], MIN(a->v[2], LX_RW_MAX), is_read);
	if (e == OK)
		e = move_bytes(fd.file, &it, &m, &done);
	lx_fd_put(&fd);
	*ret = (long)done;
	return lx_write_result(t, e);
}

#define READABLE (OBJ_STREAM & ~(unsigned)OBJ_SIGNALFD)

/* NO_CANARY: as in trap_syscall. */
NO_CANARY enum err
lx_read(struct thread *t, const struct sysargs *a, long *ret)
{
	struct file *f = lx_fd_peek(t, a->v[0], READABLE, RIGHT_READ);
	__attribute__((uninitialized)) struct iter it;
	size_t done = 0;
	enum err e;

	if (UNLIKELY(f == NULL))
		return move_other(t, a, true, -1, ret);
	e = iter_user(&it, a->v[1], MIN(a->v[2], LX_RW_MAX), true);
	if (UNLIKELY(e != OK))
		return e;
	e = file_read(f, &it, &done);
	*ret = (long)done;
	return LIKELY(e == OK) ? OK : lx_read_result(e);
}

NO_CANARY enum err
lx_write(struct thread *t, const struct sysargs *a, long *ret)
{
	struct file *f = lx_fd_peek(t, a->v[0], OBJ_STREAM, RIGHT_WRITE);
	__attribute__((uninitialized)) struct iter it;
	size_t done = 0;
	enum err e;

	if (UNLIKELY(f == NULL))
		return move_other(t, a, false, -1, ret);
	e = iter_user(&it, a->v[1], MIN(a->v[2], LX_RW_MAX), false);
	if (UNLIKELY(e != OK))
		return e;
	e = file_write(f, &it, &done);
	*ret = (long)done;
	return LIKELY(e == OK) ? OK : lx_write_result(t, e);
}

NO_CANARY enum err
lx_pread64(struct thread *t, const struct sysargs *a, long *ret)
{
	struct file *f = lx_fd_peek(t, a->v[0], READABLE, RIGHT_READ);
	__attribute__((uninitialized)) struct iter it;
	size_t done = 0;
	enum err e;

	if ((int64_t)a->v[3] < 0)
		return ERR_INVAL;
	if (UNLIKELY(f == NULL))
		return move_other(t, a, true, (int64_t)a->v[3], ret);
	e = iter_user(&it, a->v[1], MIN(a->v[2], LX_RW_MAX), true);
	if (UNLIKELY(e != OK))
		return e;
	e = file_pread(f, &it, a->v[3], &done);
	*ret = (long)done;
	return LIKELY(e == OK) ? OK : lx_read_result(e);
}

NO_CANARY enum err
lx_pwrite64(struct thread *t, const struct sysargs *a, long *ret)
{
	struct file *f = lx_fd_peek(t, a->v[0], OBJ_STREAM, RIGHT_WRITE);
	__attribute__((uninitialized)) struct iter it;
	size_t done = 0;
	enum err e;

	if ((int64_t)a->v[3] < 0)
		return ERR_INVAL;
	if (UNLIKELY(f == NULL))
		return move_other(t, a, false, (int64_t)a->v[3], ret);
	e = iter_user(&it, a->v[1], MIN(a->v[2], LX_RW_MAX), false);
	if (UNLIKELY(e != OK))
		return e;
	e = file_pwrite(f, &it, a->v[3], &done);
	*ret = (long)done;
	return LIKELY(e == OK) ? OK : lx_write_result(t, e);
}

/* ---- vectors ------------------------------------------------------------ */

static enum err
vec_call(struct thread *t, const struct move *m, long *ret)
{
	struct lx_fd fd;
	struct lx_iov v;
	size_t done = 0;
	enum err e = lx_fd_get(
	    t, m->fd, m->is_read ? RIGHT_READ : RIGHT_WRITE, &fd);

	if (e != OK)
		return e;
	e = lx_iov_get(&v, m->iov, m->count, m->is_read);
	if (e == OK) {
		e = move_bytes(fd.file, &v.it, m, &done);
		lx_iov_put(&v);
	}
	lx_fd_put(&fd);
	*ret = (long)done;
	return lx_write_result(t, e);
}

enum err
lx_readv(struct thread *t, const struct sysargs *a, long *ret)
{
	struct move m = { a->v[0], a->v[1], a->v[2], -1, true };

	return vec_call(t, &m, ret);
}

enum err
lx_writev(struct thread *t, const struct sysargs *a, long *ret)
{
	struct move m = { a->v[0], a->v[1], a->v[2], -1, false };

	return vec_call(t, &m, ret);
}

enum err
lx_preadv(struct thread *t, const struct sysargs *a, long *ret)
{
	struct move m = {
		a->v[0], a->v[1], a->v[2], (int64_t)a->v[3], true,
	};

	return m.off < 0 ? ERR_INVAL : vec_call(t, &m, ret);
}

enum err
lx_pwritev(struct thread *t, const struct sysargs *a, long *ret)
{
	struct move m = {
		a->v[0], a->v[1], a->v[2], (int64_t)a->v[3], false,
	};

	return m.off < 0 ? ERR_INVAL : vec_call(t, &m, ret);
}

/* RWF_* that ask for nothing beyond what happens anyway. */
#define RWF_HIPRI 0x01u
#define RWF_DSYNC 0x02u
#define RWF_SYNC  0x04u

/*
 * preadv2(fd, iov, count, off low, off high, flags); off -1: the file's own.
 * Differs: RWF_NOWAIT and RWF_APPEND answer EOPNOTSUPP.
 */
enum err
lx_preadv2(struct thread *t, const struct sysargs *a, long *ret)
{
	struct move m = {
		a->v[0], a->v[1], a->v[2], (int64_t)a->v[3], true,
	};

	if (a->v[5] & ~(uintptr_t)(RWF_HIPRI | RWF_DSYNC | RWF_SYNC))
		return ERR_NOTSUP;
	return m.off < -1 ? ERR_INVAL : vec_call(t, &m, ret);
}

enum err
lx_pwritev2(struct thread *t, const struct sysargs *a, long *ret)
{
	struct move m = {
		a->v[0], a->v[1], a->v[2], (int64_t)a->v[3], false,
	};
	struct file *f = NULL;
	enum err e;

	if (a->v[5] & ~(uintptr_t)(RWF_HIPRI | RWF_DSYNC | RWF_SYNC))
		return ERR_NOTSUP;
	if (m.off < -1)
		return ERR_INVAL;
	e = vec_call(t, &m, ret);
	if (e != OK || (a->v[5] & (RWF_DSYNC | RWF_SYNC)) == 0)
		return e;
	e = lx_file(t, a->v[0], RIGHT_WRITE, &f);
	if (e != OK)
		return e;
	e = file_sync(f, (a->v[5] & RWF_SYNC) == 0);
	file_unref(f);
	return e;
}

enum err
lx_lseek(struct thread *t, const struct sysargs *a, long *ret)
{
	struct lx_fd fd;
	uint64_t off = 0;
	enum err e;

	e = lx_fd_get(t, a->v[0], 0, &fd);
	if (UNLIKELY(e != OK))
		return e;
	if (a->v[2] > SEEK_HOLE_)
		e = ERR_INVAL;
	else
		e = file_seek(
		    fd.file, (int64_t)a->v[1], (int)a->v[2], &off);
	lx_fd_put(&fd);
	*ret = (long)off;
	return e;
}
