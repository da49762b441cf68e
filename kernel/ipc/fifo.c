/* SPDX-License-Identifier: MIT */
/*
 * Named pipes, and what is rarely asked of any pipe: its size, and tee.
 *
 * The ring of a FIFO exists while a file is open on it; the vnode's bound
 * member points at it, under the vnode's lock. Opening waits for the other
 * side by counts of opens ever made, so that a partner that came and went
 * while the opener was waking up still lets it through.
 *
 * Source: POSIX.1-2017, open(); man-pages 6.03, fifo(7), tee(2).
 */
#include "pipe.h"

#include <kernel/task.h>
#include <kernel/vnode.h>
#include <lib/string.h>

/* Joins the ring of v, making it when f is the first file. */
static enum err
fifo_join(struct vnode *v, struct file *f, struct pipe **out)
{
	struct pipe *p, *fresh = NULL;

	rw_write_lock(&v->lock);
	p = v->bound;
	if (p == NULL)
		p = v->bound = fresh = pipe_alloc();
	if (p != NULL) {
		mutex_lock(&p->lock);
		pipe_attach(p, file_flags(f));
		mutex_unlock(&p->lock);
	}
	if (fresh != NULL)
		pipe_unref(fresh); /* f holds it now */
	rw_write_unlock(&v->lock);
	if (p == NULL)
		return ERR_NOMEM;
	*out = p;
	return OK;
}

static void
fifo_leave(struct vnode *v, struct file *f, struct pipe *p)
{
	rw_write_lock(&v->lock);
	mutex_lock(&p->lock);
	pipe_detach(p, file_flags(f));
	mutex_unlock(&p->lock);
	if (pipe_unref(p))
		v->bound = NULL;
	rw_write_unlock(&v->lock);
}

static void
fifo_release(struct file *f)
{
	fifo_leave(f->vnode, f, pipe_of(f));
}

const struct file_ops fifo_ops = {
	.read = pipe_read,
	.write = pipe_write,
	.poll = pipe_poll,
	.control = pipe_control,
	.release = fifo_release,
};

/* Waits until the other side was opened once more or is there. */
static enum err
fifo_meet(struct pipe *p, unsigned flags)
{
	unsigned seen;
	enum err e;

	mutex_lock(&p->lock);
	if (flags & FILE_READ) {
		waitq_wake(&p->write_wait, 0);
		seen = p->writer_count;
		e = wait_until_locked(&p->read_wait, &p->lock,
		    p->writers > 0 || p->writer_count != seen,
		    WAIT_SIGNALS, NS_NEVER);
	} else {
		waitq_wake(&p->read_wait, 0);
		seen = p->reader_count;
		e = wait_until_locked(&p->write_wait, &p->lock,
		    p->readers > 0 || p->reader_count != seen,
		    WAIT_SIGNALS, NS_NEVER);
	}
	mutex_unlock(&p->lock);
	return e;
}

enum err
pipe_open_fifo(struct vnode *v, struct file *f)
{
	unsigned flags = file_flags(f);
	struct pipe *p = NULL;
	enum err e;

	if ((flags & (FILE_READ | FILE_WRITE)) == 0)
		return ERR_INVAL;
	e = fifo_join(v, f, &p);
	if (e != OK)
		return e;
	if ((flags & FILE_READ) && (flags & FILE_WRITE)) {
		waitq_wake(&p->read_wait, 0);
		waitq_wake(&p->write_wait, 0);
	} else if ((flags & FILE_NONBLOCK) == 0) {
		e = fifo_meet(p, flags);
	} else if (flags & FILE_WRITE) {
		e = p->readers == 0 ? ERR_NXIO : OK;
		waitq_wake(&p->read_wait, 0);
	} else {
		waitq_wake(&p->write_wait, 0);
		/* No hangup is told before a writer has come. */
		if (p->writers == 0)
			f->off = p->writer_count;
	}
	if (e != OK) {
		fifo_leave(v, f, p);
		return e;
	}
	f->data = p;
	f->ops = &fifo_ops;
	atomic_fetch_or(&f->flags, FILE_STREAM);
	return OK;
}

/* ---- size -------------------------------------------------------------- */

enum err
pipe_size(struct file *f, size_t *out)
{
	if (!file_is_pipe(f))
		return ERR_BADHANDLE;
	*out = (size_t)(pipe_of(f)->mask + 1) * PAGE_SIZE;
	return OK;
}

static unsigned
slots_for(size_t bytes)
{
	unsigned n = 1;

	while ((size_t)n * PAGE_SIZE < bytes)
		n *= 2;
	return n;
}

enum err
pipe_set_size(struct file *f, size_t bytes)
{
	struct pipe *p = pipe_of(f);
	struct pipe_slot *slots, *old = NULL;
	unsigned n, used, old_n = 0;
	enum err e = OK;

	if (!file_is_pipe(f))
		return ERR_BADHANDLE;
	if (bytes == 0 || bytes > UINT32_C(1) << 31)
		return ERR_INVAL;
	if (bytes > PIPE_MAX && !capable(CAP_SYS_RESOURCE))
		return ERR_PERM;
	n = slots_for(bytes);
	slots = kzalloc(n * sizeof(*slots));
	if (slots == NULL)
		return ERR_NOMEM;
	mutex_lock(&p->lock);
	used = p->tail - p->head;
	if (used > n) {
		e = ERR_BUSY;
	} else {
		for (unsigned i = 0; i < used; i++)
			slots[i] = p->slots[(p->head + i) & p->mask];
		if (p->slots != p->own) {
			old = p->slots;
			old_n = p->mask + 1;
		}
		p->slots = slots;
		p->head = 0;
		p->tail = used;
		p->mask = n - 1;
	}
	mutex_unlock(&p->lock);
	if (e != OK)
		kfree(slots, n * sizeof(*slots));
	else
		waitq_wake(&p->write_wait, POLL_OUT | POLL_WRNORM);
	kfree(old, old_n * sizeof(*old));
	return e;
}

/* ---- tee --------------------------------------------------------------- */

static void
lock_both(struct pipe *a, struct pipe *b) NO_LOCK_ANALYSIS
{
	mutex_lock(a < b ? &a->lock : &b->lock);
	mutex_lock(a < b ? &b->lock : &a->lock);
}

static void
unlock_both(struct pipe *a, struct pipe *b) NO_LOCK_ANALYSIS
{
	mutex_unlock(&a->lock);
	mutex_unlock(&b->lock);
}

/* Shares up to n bytes of in's pages with out. */
static size_t
share_pages(struct pipe *in, struct pipe *out, size_t n)
{
	size_t total = 0;

	for (unsigned i = in->head; i != in->tail && total < n &&
	    !pipe_full(out); i++) {
		struct pipe_slot *s = &in->slots[i & in->mask];
		struct pipe_slot *d = &out->slots[out->tail++ & out->mask];

		page_ref(s->page);
		s->shared = true;
		*d = *s;
		d->len = (uint16_t)MIN(n - total, (size_t)s->len);
		total += d->len;
	}
	return total;
}

/* Waits until in has bytes and out has room; each under its own lock. */
static enum err
tee_wait(struct pipe *in, struct pipe *out, bool nonblock)
{
	enum err e = OK;

	if (nonblock)
		return ERR_AGAIN;
	mutex_lock(&in->lock);
	if (pipe_empty(in))
		e = wait_until_locked(&in->read_wait, &in->lock,
		    !pipe_empty(in) || in->writers == 0,
		    WAIT_SIGNALS, NS_NEVER);
	mutex_unlock(&in->lock);
	if (e != OK)
		return e;
	mutex_lock(&out->lock);
	e = wait_until_locked(&out->write_wait, &out->lock,
	    !pipe_full(out) || out->readers == 0, WAIT_SIGNALS, NS_NEVER);
	mutex_unlock(&out->lock);
	return e;
}

enum err
pipe_tee(struct file *in_file, struct file *out_file, size_t n, size_t *done)
{
	struct pipe *in = pipe_of(in_file), *out = pipe_of(out_file);
	bool nonblock = ((file_flags(in_file) | file_flags(out_file)) &
	    FILE_NONBLOCK) != 0;
	enum err e = OK;

	if (!file_is_pipe(in_file) || !file_is_pipe(out_file) || in == out)
		return ERR_INVAL;
	if (n == 0) {
		*done = 0;
		return OK;
	}
	while (e == OK) {
		size_t got = 0;
		bool ended;

		lock_both(in, out);
		ended = pipe_empty(in) && in->writers == 0;
		if (out->readers == 0)
			e = ERR_PIPE;
		else
			got = share_pages(in, out, n);
		unlock_both(in, out);
		if (e != OK)
			break;
		if (got > 0 || ended) {
			waitq_wake(&out->read_wait, POLL_IN | POLL_RDNORM);
			*done = got;
			return OK;
		}
		e = tee_wait(in, out, nonblock);
	}
	return e;
}
