/*
 * Names: making, removing, linking and renaming entries; where a process is.
 * Source: man-pages 6.05 mkdir(2), mknod(2), unlink(2), link(2), symlink(2),
 * rename(2), getcwd(2), chdir(2), chroot(2), umask(2).
 */
#include "call.h"

#include <kernel/mm.h>

static uint32_t
masked(struct thread *t, uintptr_t mode)
{
	return (uint32_t)mode & 07777u &
	    ~atomic_load_explicit(&t->task->fs->umask, memory_order_relaxed);
}

enum err
lx_mkdirat(struct thread *t, const struct sysargs *a, long *ret)
{
	__attribute__((uninitialized)) struct lx_at at; /* set at once */
	enum err e = lx_at_get(&at, t, a->v[0], a->v[1], false);

	if (e != OK)
		return e;
	*ret = 0;
	e = vfs_mknod(at.base, at.path.text,
	    S_DIRECTORY | (masked(t, a->v[2]) & 01777u), 0);
	lx_at_put(&at);
	return e;
}

enum err
lx_mknodat(struct thread *t, const struct sysargs *a, long *ret)
{
	uint32_t type = (uint32_t)a->v[2] & S_TYPE_MASK;
	__attribute__((uninitialized)) struct lx_at at; /* set at once */
	enum err e;

	if (type == 0)
		type = S_REGULAR;
	if (type == S_DIRECTORY)
		return ERR_PERM;
	if (type != S_REGULAR && type != S_FIFO && type != S_SOCKET &&
	    type != S_CHAR && type != S_BLOCK)
		return ERR_INVAL;
	if ((type == S_CHAR || type == S_BLOCK) && !capable(CAP_MKNOD))
		return ERR_PERM;
	e = lx_at_get(&at, t, a->v[0], a->v[1], false);
	if (e != OK)
		return e;
	*ret = 0;
	e = vfs_mknod(at.base, at.path.text, type | masked(t, a->v[2]),
	    lx_dev_decode((uint32_t)a->v[3]));
	lx_at_put(&at);
	return e;
}

enum err
lx_unlinkat(struct thread *t, const struct sysargs *a, long *ret)
{
	unsigned flags = (unsigned)a->v[2];
	__attribute__((uninitialized)) struct lx_at at; /* set at once */
	enum err e;

	if (flags & ~LX_AT_REMOVEDIR)
		return ERR_INVAL;
	e = lx_at_get(&at, t, a->v[0], a->v[1], false);
	if (e != OK)
		return e;
	*ret = 0;
	e = vfs_unlink(at.base, at.path.text,
	    flags & LX_AT_REMOVEDIR ? UNLINK_DIR : UNLINK_FILE);
	lx_at_put(&at);
	return e;
}

enum err
lx_symlinkat(struct thread *t, const struct sysargs *a, long *ret)
{
	__attribute__((uninitialized)) struct lx_at at; /* set at once */
	char *target;
	size_t len;
	enum err e = user_path_in(a->v[0], &target, &len);

	if (e != OK)
		return e;
	if (len == 0) {
		e = ERR_NOENT;
		goto out;
	}
	e = lx_at_get(&at, t, a->v[1], a->v[2], false);
	if (e != OK)
		goto out;
	*ret = 0;
	e = vfs_symlink(at.base, at.path.text, target);
	lx_at_put(&at);
out:
	path_buf_free(target);
	return e;
}

enum err
lx_linkat(struct thread *t, const struct sysargs *a, long *ret)
{
	unsigned flags = (unsigned)a->v[4], walk = 0;
	struct path from;
	__attribute__((uninitialized)) struct lx_at at; /* set at once */
	enum err e;

	if (flags & ~(LX_AT_SYMLINK_FOLLOW | LX_AT_EMPTY_PATH))
		return ERR_INVAL;
	if ((flags & LX_AT_SYMLINK_FOLLOW) == 0)
		walk |= WALK_NOFOLLOW;
	if (flags & LX_AT_EMPTY_PATH)
		walk |= WALK_EMPTY;
	e = lx_at_walk(t, a->v[0], a->v[1], walk, &from);
	if (e != OK)
		return e;
	e = lx_at_get(&at, t, a->v[2], a->v[3], false);
	if (e == OK) {
		*ret = 0;
		e = vfs_link(&from, at.base, at.path.text);
		lx_at_put(&at);
	}
	path_unref(&from);
	return e;
}

static enum err
rename_at(struct thread *t, const struct sysargs *a, unsigned flags)
{
	__attribute__((uninitialized)) struct lx_at from, to; /* set at once */
	enum err e;

	/* RENAME_NOREPLACE, EXCHANGE, WHITEOUT have the VFS's values. */
	if ((flags & ~7u) || ((flags & RENAME_EXCHANGE_) &&
	    (flags & (RENAME_NOREPLACE_ | RENAME_WHITEOUT_))))
		return ERR_INVAL;
	e = lx_at_get(&from, t, a->v[0], a->v[1], false);
	if (e != OK)
		return e;
	e = lx_at_get(&to, t, a->v[2], a->v[3], false);
	if (e == OK) {
		e = vfs_rename(
		    from.base, from.path.text, to.base, to.path.text, flags);
		lx_at_put(&to);
	}
	lx_at_put(&from);
	return e;
}

enum err
lx_renameat(struct thread *t, const struct sysargs *a, long *ret)
{
	*ret = 0;
	return rename_at(t, a, 0);
}

enum err
lx_renameat2(struct thread *t, const struct sysargs *a, long *ret)
{
	*ret = 0;
	return rename_at(t, a, (unsigned)a->v[4]);
}

/* ---- where a process is ------------------------------------------------ */

enum err
lx_getcwd(struct thread *t, const struct sysargs *a, long *ret)
{
	struct fs_state *fs = t->task->fs;
	char *buf, *start;
	struct path cwd;
	size_t len;
	enum err e;

	buf = kmalloc(PATH_MAX);
	if (buf == NULL)
		return ERR_NOMEM;
	spin_lock(&fs->lock);
	cwd = fs->cwd;
	path_ref(&cwd);
	spin_unlock(&fs->lock);
	if (cwd.dentry->flags & DENTRY_DEAD)
		e = ERR_NOENT; /* the directory was removed */
	else
		e = vfs_path_text(&cwd, NULL, buf, PATH_MAX, &start);
	path_unref(&cwd);
	if (e != OK)
		goto out;
	len = strlen(start) + 1;
	if (len > a->v[1])
		e = ERR_RANGE;
	else
		e = user_copy_out(a->v[0], start, len);
	*ret = (long)len;
out:
	kfree(buf, PATH_MAX);
	return e;
}

enum err
lx_chdir(struct thread *t, const struct sysargs *a, long *ret)
{
	struct path p;
	enum err e = lx_at_walk(
	    t, (uintptr_t)LX_AT_FDCWD, a->v[0], WALK_DIRECTORY, &p);

	if (e != OK)
		return e;
	*ret = 0;
	e = vfs_chdir(&p);
	path_unref(&p);
	return e;
}

enum err
lx_fchdir(struct thread *t, const struct sysargs *a, long *ret)
{
	struct path p;
	enum err e = lx_fd_path(t, a->v[0], RIGHT_LOOKUP, &p);

	if (e == ERR_INVAL || e == ERR_RIGHTS)
		return ERR_NOTDIR;
	if (e != OK)
		return e;
	*ret = 0;
	e = vnode_is(path_vnode(&p), S_DIRECTORY) ? vfs_chdir(&p) :
	    ERR_NOTDIR;
	path_unref(&p);
	return e;
}

enum err
lx_chroot(struct thread *t, const struct sysargs *a, long *ret)
{
	struct path p;
	enum err e = lx_at_walk(
	    t, (uintptr_t)LX_AT_FDCWD, a->v[0], WALK_DIRECTORY, &p);

	if (e != OK)
		return e;
	*ret = 0;
	e = capable(CAP_SYS_CHROOT) ? vfs_chroot(&p) : ERR_PERM;
	path_unref(&p);
	return e;
}

enum err
lx_umask(struct thread *t, const struct sysargs *a, long *ret)
{
	*ret = (long)atomic_exchange_explicit(&t->task->fs->umask,
	    (unsigned)a->v[0] & 0777u, memory_order_relaxed);
	return OK;
}
