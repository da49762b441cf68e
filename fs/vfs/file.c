/*
 * Files: open descriptions, and the services every ABI reads and writes by.
 *
 * The offset belongs to the description. Its lock is only taken when the
 * description is shared (dup, fork): with one reference nobody else can see
 * the offset move. It is held around reads and writes of the page cache, so
 * that these are whole against each other; other kinds may wait for long and
 * have no use for that: they get a copy of the offset.
 */
#include "internal.h"

#include <kernel/ipc.h>
#include <kernel/signal.h>

static struct slab_cache *file_cache;

static void
file_free(struct rcu_head *h)
{
	slab_free(file_cache, container_of(h, struct file, rcu));
}

static void
file_destroy(struct obj *o)
{
	struct file *f = file_of(o);
	struct path p = f->path;
	bool owned;

	/* Whoever drops files does so as if each were watched. */
	lockcheck_may_take(RANK_NEST, "the end of a file");
	if (f->watched) /* not: has watches; see waitset.c */
		waitset_forget(f);
	if (f->vnode != NULL && !list_empty(&f->vnode->locks))
		vfs_locks_drop(f, f);
	if (f->vnode != NULL && vnode_is(f->vnode, S_REGULAR)) {
		unsigned flags = file_flags(f);

		if (flags & FILE_WRITE)
			atomic_fetch_sub(&f->vnode->write_count, 1);
		else if (flags & FILE_EXEC)
			atomic_fetch_add(&f->vnode->write_count, 1);
	}
	obj_gone(o);
	owned = (file_flags(f) & FILE_OWNED) != 0;
	if (f->ops->release != NULL)
		f->ops->release(f);
	if (owned)
		rcu_call(&f->rcu, file_free);
	/* A release that embeds f has freed it: the path was copied. */
	if (p.dentry != NULL)
		path_unref(&p);
}

/* POSIX locks of a task end when it closes any handle of the file. */
static void
file_closed(struct obj *o, struct handle_table *t)
{
	struct file *f = file_of(o);

	if (f->vnode != NULL && UNLIKELY(!list_empty(&f->vnode->locks)))
		vfs_locks_drop(f, t);
	if (f->ops->close != NULL)
		f->ops->close(f);
}

static const struct obj_ops file_obj_ops = {
	.destroy = file_destroy,
	.closed = file_closed,
};

void
file_init(struct file *f, const struct file_ops *ops, enum obj_kind kind,
    unsigned flags)
{
	memset(f, 0, sizeof(*f));
	obj_init(&f->obj, &file_obj_ops, kind);
	f->ops = ops;
	atomic_init(&f->flags, flags);
	mutex_init(&f->lock, RANK_OFFSET, "file");
	list_init(&f->watches);
	spin_init(&f->watch_lock, RANK_DENTRY, "file watches");
}

enum err
file_create(const struct file_ops *ops, enum obj_kind kind, unsigned flags,
    void *data, struct file **out)
{
	struct file *f = slab_alloc(file_cache);

	if (f == NULL)
		return ERR_NOMEM;
	file_init(f, ops, kind, flags | FILE_OWNED);
	f->data = data;
	*out = f;
	return OK;
}

void
file_table_init(void)
{
	file_cache = slab_cache_create("file", sizeof(struct file), 0);
}

enum err
file_get(struct handle_table *t, uint32_t h, rights_t need, struct file **out)
{
	struct obj *o = NULL;
	enum err e = handle_get(t, h, OBJ_ANY_FILE, need, &o);

	if (e == OK)
		*out = file_of(o);
	return e == ERR_TYPE ? ERR_BADHANDLE : e;
}

rights_t
file_rights(unsigned flags)
{
	rights_t r = RIGHTS_ALL & ~(RIGHT_READ | RIGHT_WRITE | RIGHT_EXEC);

	if (flags & FILE_PATH)
		return RIGHT_STAT | RIGHT_TRANSFER | RIGHT_DUP | RIGHT_LOOKUP |
		    RIGHT_EXEC | RIGHT_CREATE | RIGHT_CONTROL;
	if (flags & FILE_READ)
		r |= RIGHT_READ | RIGHT_EXEC;
	if (flags & FILE_WRITE)
		r |= RIGHT_WRITE;
	return r;
}

/* RLIMIT_FSIZE: cuts the write, or signals when nothing is allowed. */
static NOINLINE enum err
write_limited(struct file *f, struct iter *it, uint64_t *off, size_t *done,
    uint64_t limit)
{
	bool append = (file_flags(f) & FILE_APPEND) != 0;
	uint64_t at = append ? memobj_size(&f->vnode->cache) : *off;
	size_t cut = 0;
	enum err e;

	if (at >= limit && it->left != 0) {
		signal_kernel(task_current(), SIG_XFSZ);
		return ERR_FBIG;
	}
	if (it->left > limit - at) {
		cut = it->left - (size_t)(limit - at);
		it->left -= cut;
	}
	e = f->ops->write(f, it, off, done);
	it->left += cut;
	return e;
}

static enum err
write_at(struct file *f, struct iter *it, uint64_t *off, size_t *done)
{
	struct task *t = task_current();
	uint64_t limit = t->rlimits[RLIM_FSIZE].soft;

	if (LIKELY(limit == UINT64_MAX) || t == &kernel_task ||
	    f->ops != &vnode_file_ops)
		return f->ops->write(f, it, off, done);
	return write_limited(f, it, off, done, limit);
}

typedef enum err transfer_fn(
    struct file *f, struct iter *it, uint64_t *off, size_t *done);

/* With a description that others may use at the same time. */
static enum err
shared_transfer(struct file *f, struct iter *it, size_t *done, transfer_fn *fn)
{
	bool whole = f->ops == &vnode_file_ops;
	uint64_t off;
	enum err e;

	mutex_lock(&f->lock);
	if (whole) {
		e = fn(f, it, &f->off, done);
		mutex_unlock(&f->lock);
		return e;
	}
	off = f->off;
	mutex_unlock(&f->lock);
	e = fn(f, it, &off, done);
	mutex_lock(&f->lock);
	f->off = off;
	mutex_unlock(&f->lock);
	return e;
}

enum err
file_read_refused(const struct file *f)
{
	if ((file_flags(f) & FILE_READ) == 0)
		return ERR_BADHANDLE;
	return f->ops == &vnode_dir_ops ? ERR_ISDIR : ERR_NOTSUP;
}

enum err
file_read_shared(struct file *f, struct iter *it, size_t *done)
{
	return shared_transfer(f, it, done, f->ops->read);
}

static enum err
write_any(struct file *f, struct iter *it, size_t *done)
{
	return file_is_private(f) ? write_at(f, it, &f->off, done) :
	    shared_transfer(f, it, done, write_at);
}

static NOINLINE enum err
write_synced(struct file *f, struct iter *it, size_t *done)
{
	enum err e = write_any(f, it, done);

	return e == OK ? file_sync(f, (file_flags(f) & FILE_SYNC) == 0) : e;
}

enum err
file_write_at(struct file *f, struct iter *it, size_t *done)
{
	if (UNLIKELY(file_flags(f) & (FILE_SYNC | FILE_DSYNC)))
		return write_synced(f, it, done);
	return write_any(f, it, done);
}

enum err
file_pread_refused(const struct file *f)
{
	unsigned flags = file_flags(f);

	if ((flags & FILE_READ) != 0 && (flags & FILE_STREAM) != 0)
		return ERR_SPIPE;
	return f->ops->read == NULL ? file_read_refused(f) :
	    (flags & FILE_READ) == 0 ? ERR_BADHANDLE : ERR_INVAL;
}

enum err
file_pwrite(struct file *f, struct iter *it, uint64_t off, size_t *done)
{
	unsigned flags = file_flags(f);

	if ((flags & FILE_WRITE) == 0)
		return ERR_BADHANDLE;
	if (flags & FILE_STREAM)
		return ERR_SPIPE;
	if (off > INT64_MAX)
		return ERR_INVAL;
	if (f->ops->write == NULL)
		return ERR_NOTSUP;
	return write_at(f, it, &off, done);
}

static enum err
seek_base(struct file *f, int64_t off, int whence, uint64_t *base)
{
	struct file_stat st;
	enum err e;

	switch (whence) {
	case SEEK_SET_:
		*base = 0;
		return OK;
	case SEEK_CUR_:
		*base = f->off;
		return OK;
	case SEEK_END_:
		e = file_stat_of(f, &st);
		*base = st.size;
		return e;
	case SEEK_DATA_:
	case SEEK_HOLE_:
		if (f->vnode == NULL || !f->vnode->has_cache)
			return ERR_INVAL;
		if (off < 0 || (uint64_t)off >= memobj_size(&f->vnode->cache))
			return ERR_NXIO;
		return memobj_seek(&f->vnode->cache, (uint64_t)off,
		    whence == SEEK_DATA_, base);
	default:
		return ERR_INVAL;
	}
}

enum err
file_seek(struct file *f, int64_t off, int whence, uint64_t *out)
{
	uint64_t base = 0;
	enum err e;

	if (f->ops->seek != NULL)
		return f->ops->seek(f, off, whence, out);
	if ((file_flags(f) & FILE_STREAM) != 0 || f->vnode == NULL)
		return ERR_SPIPE;
	mutex_lock(&f->lock);
	e = seek_base(f, off, whence, &base);
	if (e == OK && whence != SEEK_DATA_ && whence != SEEK_HOLE_) {
		base += (uint64_t)off;
		if (base > INT64_MAX)
			e = ERR_INVAL;
	}
	if (e == OK)
		*out = f->off = base;
	mutex_unlock(&f->lock);
	return e;
}

enum err
file_control(struct file *f, unsigned cmd, uintptr_t arg, long *ret)
{
	if (f->ops->control == NULL)
		return ERR_NOTTY;
	return f->ops->control(f, cmd, arg, ret);
}

static NOINLINE enum err
stat_pathless(struct file *f, struct file_stat *st)
{
	if (f->ops->stat == NULL)
		return ERR_NOTSUP;
	*st = (struct file_stat){ 0 };
	return f->ops->stat(f, st);
}

enum err
file_stat_of(struct file *f, struct file_stat *st)
{
	return LIKELY(f->ops->stat == NULL && f->vnode != NULL) ?
	    vfs_stat(&f->path, st) : stat_pathless(f, st);
}

/* "." and ".." come first, at 0 and 1; file systems count from 2. */
static enum err
list_dots(struct file *f, uint64_t *off, struct dir_sink *sink, bool *full)
{
	struct dentry *up;

	if (*off == 0) {
		const struct dir_entry dot = { ".", 1, f->vnode->ino,
			S_DIRECTORY, 1 };

		if (!sink->put(sink, &dot)) {
			*full = true;
			return OK;
		}
		*off = 1;
	}
	if (*off == 1) {
		struct dir_entry dots = { "..", 2, 0, S_DIRECTORY, 2 };

		up = dentry_parent(f->path.dentry);
		dots.ino = up->vnode->ino;
		dentry_unref(up);
		if (!sink->put(sink, &dots)) {
			*full = true;
			return OK;
		}
		*off = 2;
	}
	return OK;
}

enum err
file_list(struct file *f, struct dir_sink *sink)
{
	bool full = false;
	enum err e;

	if (f->ops->list == NULL)
		return ERR_NOTDIR;
	if ((file_flags(f) & FILE_READ) == 0)
		return ERR_BADHANDLE;
	mutex_lock(&f->lock);
	e = f->vnode == NULL ? OK : list_dots(f, &f->off, sink, &full);
	if (e == OK && !full)
		e = f->ops->list(f, &f->off, sink);
	mutex_unlock(&f->lock);
	return e;
}

enum err
file_map(struct file *f, struct map_request *req, struct memobj **out)
{
	if (f->ops->map == NULL)
		return ERR_NODEV;
	return f->ops->map(f, req, out);
}

enum err
file_sync(struct file *f, bool data_only)
{
	if (f->ops->sync == NULL)
		return ERR_INVAL;
	return f->ops->sync(f, data_only);
}

enum err
file_resize(struct file *f, uint64_t size)
{
	enum err e;

	if ((file_flags(f) & FILE_WRITE) == 0 || f->vnode == NULL ||
	    !vnode_is(f->vnode, S_REGULAR))
		return ERR_INVAL;
	if (size > task_current()->rlimits[RLIM_FSIZE].soft &&
	    task_current() != &kernel_task &&
	    size > memobj_size(&f->vnode->cache)) {
		signal_kernel(task_current(), SIG_XFSZ);
		return ERR_FBIG;
	}
	e = vnode_drop_setid(f->vnode);
	if (e == OK)
		e = vnode_resize(f->vnode, size);
	if (e == OK)
		watch_event(f->path.dentry, WATCH_MODIFY);
	return e;
}

enum err
file_set_flags(struct file *f, unsigned flags)
{
	unsigned old, new;

	old = atomic_load(&f->flags);
	do {
		new = (old & ~FILE_SETTABLE) | (flags & FILE_SETTABLE);
	} while (!atomic_compare_exchange_weak(&f->flags, &old, new));
	if (f->ops->flags != NULL)
		f->ops->flags(f, new);
	return OK;
}

/* ---- moving data between files ---------------------------------------- */

static enum err
transfer_read(const struct file_transfer *t, void *buf, size_t n, size_t *got)
{
	struct iter it;

	iter_kernel(&it, buf, n, true);
	if (t->in_off != NULL)
		return file_pread(t->in, &it, *t->in_off, got);
	return file_read(t->in, &it, got);
}

static enum err
transfer_write(const struct file_transfer *t, void *buf, size_t n, size_t *got)
{
	struct iter it;

	iter_kernel(&it, buf, n, false);
	if (t->out_off != NULL)
		return file_pwrite(t->out, &it, *t->out_off, got);
	return file_write(t->out, &it, got);
}

/* Writes all of buf; what could not be written of a seekable input is put
 * back by its offset. */
static enum err
transfer_piece(const struct file_transfer *t, char *buf, size_t n,
    size_t *done)
{
	size_t put = 0, got = 0;
	uint64_t at;
	enum err e = OK;

	while (put < n) {
		got = 0;
		e = transfer_write(t, buf + put, n - put, &got);
		if (e != OK || got == 0)
			break;
		put += got;
		if (t->out_off != NULL)
			*t->out_off += got;
	}
	if (t->in_off != NULL)
		*t->in_off += put;
	else if (put < n && (file_flags(t->in) & FILE_STREAM) == 0)
		err_ignore(file_seek(t->in, -(int64_t)(n - put), SEEK_CUR_,
		    &at)); /* not seekable: the bytes are lost, as read */
	*done = put;
	return put == n ? OK : e;
}

enum err
file_transfer(const struct file_transfer *t, size_t n, size_t *done)
{
	struct page *p = page_alloc(0);
	size_t total = 0, got, put;
	enum err e = OK;

	if (p == NULL)
		return ERR_NOMEM;
	while (total < n) {
		got = put = 0;
		e = transfer_read(t, page_virt(p), MIN(n - total, PAGE_SIZE),
		    &got);
		if (e != OK || got == 0)
			break;
		e = transfer_piece(t, page_virt(p), got, &put);
		total += put;
		if (e != OK || put < got)
			break;
		/* A stream that gave less than a page has no more now. */
		if (got < PAGE_SIZE && (file_flags(t->in) & FILE_STREAM) != 0)
			break;
		/* Both may be without end, and neither ever waits. */
		if (signal_pending(thread_current()))
			break;
	}
	page_free(p, 0);
	*done = total;
	return total != 0 ? OK : e;
}
