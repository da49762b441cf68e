/*
 * Attributes of files, changed: modes, owners, times, sizes.
 * Source: man-pages 6.05 chmod(2), chown(2), utimensat(2), truncate(2),
 * fallocate(2).
 */
#include "call.h"

#include <kernel/time.h>

static enum err
chmod_path(const struct path *p, uintptr_t mode)
{
	struct file_stat st = { .mode = (uint32_t)mode & 07777u };

	return vfs_set_attr(p, ATTR_MODE, &st);
}

enum err
lx_fchmod(struct thread *t, const struct sysargs *a, long *ret)
{
	struct path p;
	enum err e = lx_fd_path(t, a->v[0], RIGHT_CONTROL, &p);

	if (e != OK)
		return e;
	*ret = 0;
	e = chmod_path(&p, a->v[1]);
	path_unref(&p);
	return e;
}

static enum err
chmod_at(struct thread *t, const struct sysargs *a, uintptr_t flags)
{
	struct path p;
	unsigned walk;
	enum err e = lx_at_flags(
	    flags, LX_AT_SYMLINK_NOFOLLOW | LX_AT_EMPTY_PATH, &walk);

	if (e == OK)
		e = lx_at_walk(t, a->v[0], a->v[1], walk, &p);
	if (e != OK)
		return e;
	if (vnode_is(path_vnode(&p), S_LINK))
		e = ERR_NOTSUP;
	else
		e = chmod_path(&p, a->v[2]);
	path_unref(&p);
	return e;
}

enum err
lx_fchmodat(struct thread *t, const struct sysargs *a, long *ret)
{
	*ret = 0;
	return chmod_at(t, a, 0);
}

enum err
lx_fchmodat2(struct thread *t, const struct sysargs *a, long *ret)
{
	*ret = 0;
	return chmod_at(t, a, (unsigned)a->v[3]);
}

static enum err
chown_path(const struct path *p, uintptr_t uid, uintptr_t gid)
{
	struct file_stat st = { .uid = (uint32_t)uid, .gid = (uint32_t)gid };
	unsigned mask = 0;

	if (st.uid != UINT32_MAX)
		mask |= ATTR_UID;
	if (st.gid != UINT32_MAX)
		mask |= ATTR_GID;
	return mask != 0 ? vfs_set_attr(p, mask, &st) : OK;
}

enum err
lx_fchown(struct thread *t, const struct sysargs *a, long *ret)
{
	struct path p;
	enum err e = lx_fd_path(t, a->v[0], RIGHT_CONTROL, &p);

	if (e != OK)
		return e;
	*ret = 0;
	e = chown_path(&p, a->v[1], a->v[2]);
	path_unref(&p);
	return e;
}

enum err
lx_fchownat(struct thread *t, const struct sysargs *a, long *ret)
{
	struct path p;
	unsigned walk;
	enum err e = lx_at_flags((unsigned)a->v[4],
	    LX_AT_SYMLINK_NOFOLLOW | LX_AT_EMPTY_PATH, &walk);

	if (e == OK)
		e = lx_at_walk(t, a->v[0], a->v[1], walk, &p);
	if (e != OK)
		return e;
	*ret = 0;
	e = chown_path(&p, a->v[2], a->v[3]);
	path_unref(&p);
	return e;
}

/* ---- times ------------------------------------------------------------ */

#define UTIME_NOW  LX_UTIME_NOW
#define UTIME_OMIT 0x3ffffffel

/* One of the two times; adds its bit to *mask unless it is to stay. */
static enum err
utime_one(const struct lx_timespec *ts, unsigned bit, struct file_time *out,
    unsigned *mask)
{
	ns_t now;

	if (ts->nsec == UTIME_OMIT)
		return OK;
	*mask |= bit;
	if (ts->nsec == UTIME_NOW) {
		now = time_wall();
		out->sec = (int64_t)(now / NS_PER_SEC);
		out->nsec = (uint32_t)(now % NS_PER_SEC);
		return OK;
	}
	if ((uint64_t)ts->nsec >= NS_PER_SEC)
		return ERR_INVAL;
	out->sec = ts->sec;
	out->nsec = (uint32_t)ts->nsec;
	return OK;
}

/* Writers may set both times to now; only owners may set others. The VFS
 * checks ownership, so the weaker right is looked at here. */
static enum err
utime_path(const struct path *p, const struct lx_timespec ts[2])
{
	struct file_stat st = { 0 };
	unsigned mask = 0;
	enum err e;

	e = utime_one(&ts[0], ATTR_ATIME, &st.atime, &mask);
	if (e == OK)
		e = utime_one(&ts[1], ATTR_MTIME, &st.mtime, &mask);
	if (e != OK || mask == 0)
		return e;
	if (ts[0].nsec == UTIME_NOW && ts[1].nsec == UTIME_NOW &&
	    vfs_access(p, ACCESS_WRITE, true) == OK) {
		vnode_touch(path_vnode(p),
		    ATTR_ATIME | ATTR_MTIME | ATTR_CTIME);
		return OK;
	}
	return vfs_set_attr(p, mask, &st);
}

enum err
lx_utime_at(struct thread *t, const uintptr_t at[2], unsigned walk,
    const struct lx_timespec ts[2])
{
	struct path p;
	enum err e;

	/* Without a path: futimens. */
	if (at[1] == 0 && (int)at[0] != LX_AT_FDCWD)
		e = walk == 0 ? lx_fd_path(t, at[0], 0, &p) : ERR_INVAL;
	else
		e = lx_at_walk(t, at[0], at[1], walk, &p);
	if (e != OK)
		return e;
	e = utime_path(&p, ts);
	path_unref(&p);
	return e;
}

enum err
lx_utimensat(struct thread *t, const struct sysargs *a, long *ret)
{
	struct lx_timespec ts[2] = {
		{ 0, UTIME_NOW }, { 0, UTIME_NOW },
	};
	unsigned walk;
	enum err e = lx_at_flags((unsigned)a->v[3],
	    LX_AT_SYMLINK_NOFOLLOW | LX_AT_EMPTY_PATH, &walk);

	if (e == OK && a->v[2] != 0)
		e = user_copy_in(ts, a->v[2], sizeof(ts));
	if (e != OK)
		return e;
	*ret = 0;
	if (ts[0].nsec == UTIME_OMIT && ts[1].nsec == UTIME_OMIT)
		return OK;
	return lx_utime_at(t, a->v, walk, ts);
}

/* ---- sizes ------------------------------------------------------------ */

enum err
lx_truncate(struct thread *t, const struct sysargs *a, long *ret)
{
	struct path p;
	enum err e;

	if ((int64_t)a->v[1] < 0)
		return ERR_INVAL;
	e = lx_at_walk(t, (uintptr_t)LX_AT_FDCWD, a->v[0], 0, &p);
	if (e != OK)
		return e;
	*ret = 0;
	if (vnode_is(path_vnode(&p), S_DIRECTORY))
		e = ERR_ISDIR;
	else if (!vnode_is(path_vnode(&p), S_REGULAR))
		e = ERR_INVAL;
	else
		e = vfs_truncate(&p, a->v[1]);
	path_unref(&p);
	return e;
}

enum err
lx_ftruncate(struct thread *t, const struct sysargs *a, long *ret)
{
	struct file *f;
	enum err e;

	if ((int64_t)a->v[1] < 0)
		return ERR_INVAL;
	e = lx_file(t, a->v[0], 0, &f);
	if (e != OK)
		return e;
	*ret = 0;
	if (file_flags(f) & FILE_PATH)
		e = ERR_BADHANDLE;
	else if ((file_flags(f) & FILE_WRITE) == 0 || f->vnode == NULL ||
	    !vnode_is(f->vnode, S_REGULAR))
		e = ERR_INVAL;
	else
		e = file_resize(f, a->v[1]);
	file_unref(f);
	return e;
}

#define FALLOC_KEEP_SIZE  1u
#define FALLOC_PUNCH_HOLE 2u
#define FALLOC_ZERO_RANGE 0x10u

/* Differs: space is not reserved; writing may still find the file system
 * full. Collapse and insert answer EOPNOTSUPP. */
static enum err
allocate(struct file *f, unsigned mode, uint64_t off, uint64_t len)
{
	uint64_t size = memobj_size(&f->vnode->cache);

	if (mode & (FALLOC_PUNCH_HOLE | FALLOC_ZERO_RANGE)) {
		enum err e = memobj_punch(&f->vnode->cache, off, off + len);

		if (e != OK)
			return e;
	}
	if ((mode & FALLOC_KEEP_SIZE) == 0 && off + len > size)
		return file_resize(f, off + len);
	return OK;
}

enum err
lx_fallocate(struct thread *t, const struct sysargs *a, long *ret)
{
	unsigned mode = (unsigned)a->v[1];
	int64_t off = (int64_t)a->v[2], len = (int64_t)a->v[3];
	struct file *f;
	enum err e;

	if (off < 0 || len <= 0)
		return ERR_INVAL;
	if ((mode & ~(FALLOC_KEEP_SIZE | FALLOC_PUNCH_HOLE |
	    FALLOC_ZERO_RANGE)) || ((mode & FALLOC_PUNCH_HOLE) &&
	    (mode & FALLOC_KEEP_SIZE) == 0))
		return ERR_NOTSUP;
	if (off > INT64_MAX - len)
		return ERR_FBIG;
	e = lx_file(t, a->v[0], RIGHT_WRITE, &f);
	if (e != OK)
		return e;
	*ret = 0;
	if (file_is_stream(f))
		e = ERR_SPIPE;
	else if (f->vnode == NULL || !vnode_is(f->vnode, S_REGULAR) ||
	    !f->vnode->has_cache)
		e = ERR_NODEV;
	else
		e = allocate(f, mode, (uint64_t)off, (uint64_t)len);
	file_unref(f);
	return e;
}

/* ---- making it last --------------------------------------------------- */

static enum err
sync_one(struct thread *t, uintptr_t h, bool data_only)
{
	struct file *f;
	enum err e = lx_file(t, h, 0, &f);

	if (e != OK)
		return e;
	e = file_flags(f) & FILE_PATH ? ERR_BADHANDLE :
	    file_sync(f, data_only);
	file_unref(f);
	return e;
}

enum err
lx_fsync(struct thread *t, const struct sysargs *a, long *ret)
{
	*ret = 0;
	return sync_one(t, a->v[0], false);
}

enum err
lx_fdatasync(struct thread *t, const struct sysargs *a, long *ret)
{
	*ret = 0;
	return sync_one(t, a->v[0], true);
}

enum err
lx_sync_file_range(struct thread *t, const struct sysargs *a, long *ret)
{
	if ((int64_t)a->v[1] < 0 || (int64_t)a->v[2] < 0 || a->v[3] & ~7ul)
		return ERR_INVAL;
	*ret = 0;
	return sync_one(t, a->v[0], true);
}

enum err
lx_sync(struct thread *t, const struct sysargs *a, long *ret)
{
	(void)t;
	(void)a;
	*ret = 0;
	err_ignore(vfs_sync()); /* sync(2) cannot fail */
	return OK;
}

/* Writes back everything, which covers the one file system asked for. */
enum err
lx_syncfs(struct thread *t, const struct sysargs *a, long *ret)
{
	struct file *f;
	enum err e = lx_file(t, a->v[0], 0, &f);

	if (e != OK)
		return e;
	file_unref(f);
	*ret = 0;
	return vfs_sync();
}

/* Advice: taken note of by checking it; the cache decides by itself. */
enum err
lx_fadvise64(struct thread *t, const struct sysargs *a, long *ret)
{
	struct file *f;
	enum err e = lx_file(t, a->v[0], 0, &f);

	if (e != OK)
		return e;
	*ret = 0;
	if (file_is_stream(f))
		e = ERR_SPIPE;
	else if (a->v[3] > 5 || (int64_t)a->v[2] < 0)
		e = ERR_INVAL;
	file_unref(f);
	return e;
}

enum err
lx_readahead(struct thread *t, const struct sysargs *a, long *ret)
{
	struct file *f;
	enum err e = lx_file(t, a->v[0], RIGHT_READ, &f);

	if (e != OK)
		return e;
	*ret = 0;
	if (f->vnode == NULL || !vnode_is(f->vnode, S_REGULAR))
		e = ERR_INVAL;
	file_unref(f);
	return e;
}
