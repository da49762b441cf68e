/*
 * Moving bytes between descriptors without user memory.
 * Source: man-pages 6.05 sendfile(2), splice(2), tee(2), vmsplice(2),
 * copy_file_range(2).
 */
#include "call.h"

#include <kernel/ipc.h>

/* Two descriptors and optional offsets in user memory. */
struct transfer {
	struct file *in, *out;
	uint64_t in_off, out_off;
	uintptr_t user_in, user_out; /* 0: the file's own offset */
};

static enum err
off_in(uintptr_t user, uint64_t *off)
{
	enum err e;

	if (user == 0)
		return OK;
	e = user_copy_in(off, user, sizeof(*off));
	return e == OK && (int64_t)*off < 0 ? ERR_INVAL : e;
}

static void
transfer_end(struct transfer *x)
{
	file_unref(x->in);
	file_unref(x->out);
}

static enum err
transfer_begin(struct thread *t, uintptr_t in, uintptr_t out,
    struct transfer *x)
{
	enum err e = lx_file(t, in, RIGHT_READ, &x->in);

	if (e == OK)
		e = lx_file(t, out, RIGHT_WRITE, &x->out);
	if (e == OK && ((file_flags(x->in) & FILE_READ) == 0 ||
	    (file_flags(x->out) & FILE_WRITE) == 0))
		e = ERR_BADHANDLE;
	if (e == OK)
		e = off_in(x->user_in, &x->in_off);
	if (e == OK)
		e = off_in(x->user_out, &x->out_off);
	if (e != OK)
		transfer_end(x);
	return e;
}

static enum err
transfer_run(struct thread *t, struct transfer *x, size_t n, long *ret)
{
	const struct file_transfer ends = { x->in, x->out,
		x->user_in ? &x->in_off : NULL,
		x->user_out ? &x->out_off : NULL };
	size_t done = 0;
	enum err e = file_transfer(&ends, MIN(n, LX_RW_MAX), &done);

	*ret = (long)done;
	if (e == OK && x->user_in != 0)
		e = user_store64(x->user_in, x->in_off);
	if (e == OK && x->user_out != 0)
		e = user_store64(x->user_out, x->out_off);
	transfer_end(x);
	return lx_write_result(t, e);
}

/* sendfile(out, in, offset, count) */
enum err
lx_sendfile(struct thread *t, const struct sysargs *a, long *ret)
{
	struct transfer x = { .user_in = a->v[2] };
	enum err e = transfer_begin(t, a->v[1], a->v[0], &x);

	if (e != OK)
		return e;
	if (file_is_stream(x.in) || (file_flags(x.out) & FILE_APPEND)) {
		transfer_end(&x);
		return ERR_INVAL;
	}
	return transfer_run(t, &x, a->v[3], ret);
}

enum err
lx_copy_file_range(struct thread *t, const struct sysargs *a, long *ret)
{
	struct transfer x = { .user_in = a->v[1], .user_out = a->v[3] };
	enum err e;

	if (a->v[5] != 0)
		return ERR_INVAL;
	e = transfer_begin(t, a->v[0], a->v[2], &x);
	if (e != OK)
		return e;
	if (x.in->vnode == NULL || x.out->vnode == NULL)
		e = ERR_INVAL;
	else if (vnode_is(x.in->vnode, S_DIRECTORY))
		e = ERR_ISDIR;
	else if (!vnode_is(x.in->vnode, S_REGULAR) ||
	    !vnode_is(x.out->vnode, S_REGULAR))
		e = ERR_INVAL;
	else if (file_flags(x.out) & FILE_APPEND)
		e = ERR_BADHANDLE;
	if (e != OK) {
		transfer_end(&x);
		return e;
	}
	return transfer_run(t, &x, a->v[4], ret);
}

#define SPLICE_FLAGS    15u
#define SPLICE_NONBLOCK 2u

enum err
lx_splice(struct thread *t, const struct sysargs *a, long *ret)
{
	struct transfer x = { .user_in = a->v[1], .user_out = a->v[3] };
	enum err e;

	if (a->v[5] & ~(uintptr_t)SPLICE_FLAGS)
		return ERR_INVAL;
	e = transfer_begin(t, a->v[0], a->v[2], &x);
	if (e != OK)
		return e;
	if (!file_is_pipe(x.in) && !file_is_pipe(x.out))
		e = ERR_INVAL;
	else if ((file_is_pipe(x.in) && x.user_in != 0) ||
	    (file_is_pipe(x.out) && x.user_out != 0))
		e = ERR_SPIPE;
	else if ((a->v[5] & SPLICE_NONBLOCK) && file_is_pipe(x.in) &&
	    (file_poll(x.in, NULL) & (POLL_IN | POLL_HUP)) == 0)
		e = ERR_AGAIN;
	if (e != OK) {
		transfer_end(&x);
		return e;
	}
	return transfer_run(t, &x, a->v[4], ret);
}

enum err
lx_tee(struct thread *t, const struct sysargs *a, long *ret)
{
	struct transfer x = { 0 };
	size_t done = 0;
	enum err e;

	if (a->v[3] & ~(uintptr_t)SPLICE_FLAGS)
		return ERR_INVAL;
	e = transfer_begin(t, a->v[0], a->v[1], &x);
	if (e != OK)
		return e;
	if (!file_is_pipe(x.in) || !file_is_pipe(x.out))
		e = ERR_INVAL;
	else
		e = pipe_tee(x.in, x.out, MIN(a->v[2], LX_RW_MAX), &done);
	transfer_end(&x);
	*ret = (long)done;
	return e;
}

/* Into a pipe it is a write, out of one a read: the pages are copied. */
enum err
lx_vmsplice(struct thread *t, const struct sysargs *a, long *ret)
{
	struct lx_iov v;
	struct file *f;
	size_t done = 0;
	bool into;
	enum err e;

	if (a->v[3] & ~(uintptr_t)SPLICE_FLAGS)
		return ERR_INVAL;
	e = lx_file(t, a->v[0], 0, &f);
	if (e != OK)
		return e;
	into = (file_flags(f) & FILE_WRITE) == 0;
	e = file_is_pipe(f) ? lx_iov_get(&v, a->v[1], a->v[2], into) :
	    ERR_BADHANDLE;
	if (e == OK) {
		e = into ? file_read(f, &v.it, &done) :
		    file_write(f, &v.it, &done);
		lx_iov_put(&v);
	}
	file_unref(f);
	*ret = (long)done;
	return lx_write_result(t, e);
}
