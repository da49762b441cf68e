/*
 * The ops of files that lie on vnodes: regular files through the page
 * cache, directories, and files whose file system reads and writes itself.
 */
#include "internal.h"

#include <kernel/chardev.h>

/* Another atime would tell nothing: it is later than the last change, and not a
 * day ago. */
static inline bool
atime_serves(const struct vnode *v)
{
	if (v->atime.sec == v->mtime.sec && v->atime.sec == v->ctime.sec)
		return v->atime.nsec > v->mtime.nsec &&
		    v->atime.nsec > v->ctime.nsec;
	return v->atime.sec > v->mtime.sec && v->atime.sec > v->ctime.sec &&
	    (int64_t)(time_wall() / NS_PER_SEC) - v->atime.sec < 86400;
}

static NOINLINE void
touch_atime(struct file *f)
{
	struct vnode *v = f->vnode;

	if ((mount_flags(f->path.mount) & (MOUNT_NOATIME | MOUNT_RDONLY)) ||
	    (file_flags(f) & FILE_NOATIME))
		return;
	vnode_touch(v, ATTR_ATIME);
}

static enum err
cache_read(struct file *f, struct iter *it, uint64_t *off, size_t *done)
{
	enum err e = memobj_read(&f->vnode->cache, *off, it, done);

	if (e != OK)
		return e;
	*off += *done;
	if (UNLIKELY(!atime_serves(f->vnode)))
		touch_atime(f);
	watch_event(f->path.dentry, WATCH_ACCESS);
	return OK;
}

/* Appenders go one after the other: each sees the end the one before it made.
 * The page cache resolves faults itself; none of them needs a vnode lock. */
static NOINLINE enum err
append(struct vnode *v, struct iter *it, uint64_t *off, size_t *done)
{
	enum err e;

	rw_write_lock(&v->lock);
	*off = memobj_size(&v->cache);
	e = memobj_write(&v->cache, *off, it, done);
	rw_write_unlock(&v->lock);
	return e;
}

static enum err
cache_write(struct file *f, struct iter *it, uint64_t *off, size_t *done)
{
	struct vnode *v = f->vnode;
	enum err e = vnode_drop_setid(v);

	if (e != OK)
		return e;
	if ((file_flags(f) & FILE_APPEND) != 0)
		e = append(v, it, off, done);
	else
		e = memobj_write(&v->cache, *off, it, done);
	if (e != OK)
		return e;
	*off += *done;
	if (*done != 0) {
		vnode_touch(v, ATTR_MTIME | ATTR_CTIME);
		watch_event(f->path.dentry, WATCH_MODIFY);
	}
	return OK;
}

static enum err
cache_map(struct file *f, struct map_request *req, struct memobj **out)
{
	unsigned flags = file_flags(f);

	if ((flags & FILE_READ) == 0)
		return ERR_ACCESS;
	if ((req->flags & REGION_SHARED) != 0 && (flags & FILE_WRITE) == 0) {
		if (req->prot & PROT_WRITE)
			return ERR_ACCESS;
		req->max_prot = (req->max_prot != 0 ? req->max_prot :
		    PROT_READ | PROT_WRITE | PROT_EXEC) & ~PROT_WRITE;
	}
	if ((mount_flags(f->path.mount) & MOUNT_NOEXEC) != 0) {
		if (req->prot & PROT_EXEC)
			return ERR_PERM;
		req->max_prot = (req->max_prot != 0 ? req->max_prot :
		    PROT_READ | PROT_WRITE | PROT_EXEC) & ~PROT_EXEC;
	}
	obj_ref(&f->vnode->cache.obj);
	*out = &f->vnode->cache;
	return OK;
}

static enum err
vnode_sync(struct file *f, bool data_only)
{
	struct vnode *v = f->vnode;
	enum err e = OK;

	if (v->has_cache)
		e = memobj_sync(&v->cache, 0, UINT64_MAX);
	if (e == OK && v->ops->sync != NULL) {
		rw_write_lock(&v->lock);
		e = v->ops->sync(v, data_only);
		rw_write_unlock(&v->lock);
	}
	return e;
}

static void
vnode_file_release(struct file *f)
{
	unsigned flags = file_flags(f);

	watch_event(f->path.dentry, (flags & FILE_WRITE) != 0 ?
	    WATCH_CLOSE_WRITE : WATCH_CLOSE_NOWRITE);
}

const struct file_ops vnode_file_ops = {
	.read = cache_read,
	.write = cache_write,
	.map = cache_map,
	.sync = vnode_sync,
	.release = vnode_file_release,
};

static enum err
raw_read(struct file *f, struct iter *it, uint64_t *off, size_t *done)
{
	struct vnode *v = f->vnode;
	uint64_t none = 0;

	if (v->ops->read == NULL)
		return ERR_INVAL;
	return v->ops->read(v, f, it, off == NULL ? &none : off, done);
}

static enum err
raw_write(struct file *f, struct iter *it, uint64_t *off, size_t *done)
{
	struct vnode *v = f->vnode;
	uint64_t none = 0;

	if (v->ops->write == NULL)
		return ERR_INVAL;
	return v->ops->write(v, f, it, off == NULL ? &none : off, done);
}

const struct file_ops vnode_raw_ops = {
	.read = raw_read,
	.write = raw_write,
	.sync = vnode_sync,
	.release = vnode_file_release,
};

static enum err
dir_list(struct file *f, uint64_t *off, struct dir_sink *sink)
{
	struct vnode *v = f->vnode;
	enum err e;

	if (v->ops->list == NULL)
		return OK;
	if (dentry_is_dead(f->path.dentry))
		return ERR_NOENT;
	rw_read_lock(&v->lock);
	e = v->ops->list(v, off, sink);
	rw_read_unlock(&v->lock);
	if (!atime_serves(v))
		touch_atime(f);
	return e;
}

const struct file_ops vnode_dir_ops = {
	.list = dir_list,
	.sync = vnode_sync,
	.release = vnode_file_release,
};

/* O_PATH: it only names. */
const struct file_ops path_file_ops = { .read = NULL };

const struct file_ops *
vnode_file_ops_of(const struct vnode *v, unsigned flags)
{
	if ((flags & FILE_PATH) != 0)
		return &path_file_ops;
	if (vnode_is(v, S_DIRECTORY))
		return &vnode_dir_ops;
	return v->has_cache ? &vnode_file_ops : &vnode_raw_ops;
}
