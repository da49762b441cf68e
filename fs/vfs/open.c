/*
 * Opening: from a path to a struct file.
 *
 * Making a name (O_CREAT) is decided under the directory's lock, so that of
 * two racing creators one makes the file and the other opens it, or is told
 * that it exists (O_EXCL). A symbolic link at the end is followed by going
 * on with the same walk.
 */
#include "internal.h"

#include <kernel/chardev.h>
#include <kernel/ipc.h>

static unsigned
access_of(unsigned flags)
{
	unsigned mask = 0;

	if (flags & FILE_READ)
		mask |= ACCESS_READ;
	if (flags & FILE_WRITE)
		mask |= ACCESS_WRITE;
	if (flags & FILE_EXEC)
		mask |= ACCESS_EXEC;
	return mask;
}

/* Rights and the state of the mount, for a file that exists. */
static enum err
open_allowed(const struct path *p, unsigned flags, unsigned how)
{
	struct vnode *v = path_vnode(p);
	unsigned type = atomic_load(&v->mode) & S_TYPE_MASK;
	unsigned mask = access_of(flags);

	if ((how & OPEN_TRUNCATE) != 0)
		mask |= ACCESS_WRITE;
	if (type == S_LINK)
		return ERR_LOOP;
	if (type == S_DIRECTORY && (mask & ACCESS_WRITE) != 0)
		return ERR_ISDIR;
	if (type == S_SOCKET)
		return ERR_NXIO;
	if ((type == S_CHAR || type == S_BLOCK) &&
	    (mount_flags(p->mount) & MOUNT_NODEV) != 0)
		return ERR_ACCESS;
	if ((flags & FILE_EXEC) != 0 && (type != S_REGULAR ||
	    (mount_flags(p->mount) & MOUNT_NOEXEC) != 0))
		return ERR_ACCESS;
	if ((mask & ACCESS_WRITE) != 0 && type == S_REGULAR &&
	    mount_is_readonly(p->mount))
		return ERR_ROFS;
	if ((flags & FILE_NOATIME) != 0 && !owner_or_capable(v))
		return ERR_PERM;
	return mask == 0 ? OK : vnode_permission(v, mask);
}

/* Writers and execution of one file exclude each other. */
static enum err
count_writer(struct vnode *v, unsigned flags)
{
	int step = (flags & FILE_WRITE) ? 1 : (flags & FILE_EXEC) ? -1 : 0;
	int old = atomic_load(&v->write_count);

	if (step == 0 || !vnode_is(v, S_REGULAR))
		return OK;
	do {
		if ((step > 0 && old < 0) || (step < 0 && old > 0))
			return ERR_TXTBUSY;
	} while (!atomic_compare_exchange_weak(
	    &v->write_count, &old, old + step));
	return OK;
}

static enum err
open_device(struct vnode *v, struct file *f)
{
	const struct chardev *d;

	if (vnode_is(v, S_BLOCK))
		return ERR_NXIO;
	d = chardev_find(v->rdev);
	return d == NULL ? ERR_NXIO : d->open(d, f);
}

/* What the kind of file asks for; f has its path. */
static enum err
open_kind(struct vnode *v, struct file *f)
{
	unsigned flags = file_flags(f);
	enum err e = OK;

	if ((flags & FILE_PATH) != 0)
		return OK;
	if (v->ops->open != NULL)
		return v->ops->open(v, f);
	switch (atomic_load(&v->mode) & S_TYPE_MASK) {
	case S_CHAR:
	case S_BLOCK:
		e = open_device(v, f);
		break;
	case S_FIFO:
		e = pipe_open_fifo(v, f);
		break;
	default:
		break;
	}
	return e;
}

static enum obj_kind
kind_of(const struct vnode *v, unsigned flags)
{
	if (flags & FILE_PATH)
		return OBJ_PATH;
	if (vnode_is(v, S_DIRECTORY))
		return OBJ_DIR;
	return vnode_is(v, S_FIFO) ? OBJ_PIPE : OBJ_FILE;
}

/* Makes the file; rights were checked. */
static enum err
open_file(const struct path *p, unsigned flags, struct file **out)
{
	struct vnode *v = path_vnode(p);
	struct file *f = NULL;
	enum err e;

	if ((flags & FILE_PATH) != 0)
		flags &= FILE_PATH;
	e = count_writer(v, flags);
	if (e != OK)
		return e;
	e = file_create(vnode_file_ops_of(v, flags), kind_of(v, flags), flags,
	    NULL, &f);
	if (e != OK) {
		if (vnode_is(v, S_REGULAR) &&
		    (flags & (FILE_WRITE | FILE_EXEC)) != 0)
			atomic_fetch_add(&v->write_count,
			    (flags & FILE_WRITE) ? -1 : 1);
		return e;
	}
	f->path = *p;
	path_ref(p);
	f->vnode = v;
	e = open_kind(v, f);
	if (e != OK) {
		/* Its owner did not take it: nobody else's release runs. */
		f->ops = &path_file_ops;
		file_unref(f);
		return e;
	}
	watch_event(p->dentry, WATCH_OPEN);
	*out = f;
	return OK;
}

enum err
vfs_open_path(const struct path *p, unsigned flags, struct file **out)
{
	enum err e = OK;

	if ((flags & FILE_PATH) == 0)
		e = open_allowed(p, flags, 0);
	return e != OK ? e : open_file(p, flags, out);
}

static enum err
open_found(const struct path *p, const struct open_how *how, struct file **out)
{
	struct vnode *v = path_vnode(p);
	enum err e;

	if (((how->how & OPEN_DIRECTORY) || (how->walk & WALK_DIRECTORY)) &&
	    !vnode_is(v, S_DIRECTORY))
		return ERR_NOTDIR;
	if ((how->flags & FILE_PATH) != 0)
		return open_file(p, how->flags, out);
	if ((how->how & OPEN_CREATE) && vnode_is(v, S_DIRECTORY))
		return ERR_ISDIR;
	e = open_allowed(p, how->flags, how->how);
	if (e != OK)
		return e;
	if ((how->how & OPEN_TRUNCATE) && vnode_is(v, S_REGULAR)) {
		if (atomic_load(&v->write_count) < 0)
			return ERR_TXTBUSY;
		e = vnode_drop_setid(v);
		if (e == OK)
			e = vnode_resize(v, 0);
		if (e != OK)
			return e;
	}
	return open_file(p, how->flags, out);
}

static uint32_t
mode_of(const struct open_how *how)
{
	unsigned mask = atomic_load_explicit(
	    &fs_current()->umask, memory_order_relaxed);

	return S_REGULAR | (how->mode & 07777u & ~mask);
}

/* Finds or makes the last name of w. *d referenced; *made tells. */
static enum err
open_name(struct walk *w, const struct open_how *how, struct dentry **out,
    bool *made)
{
	struct dentry *dir = w->at.dentry, *d = NULL;
	struct vnode_new what = { .mode = mode_of(how) };
	enum err e;

	if (w->len > dir->super->name_max)
		return ERR_NAMETOOLONG;
	d = walk_cached(dir, w->name, w->len);
	/* Without the lock: somebody may be creating it. */
	if (d != NULL && __atomic_load_n(&d->vnode, __ATOMIC_ACQUIRE) != NULL)
		goto found;
	dentry_unref(d);
	d = NULL;
	rw_write_lock(&dir->vnode->lock);
	e = walk_lookup_locked(dir, w->name, w->len, &d);
	if (e == OK && d->vnode == NULL) {
		e = dir_may_change(w->at.mount, dir->vnode);
		if (e == OK)
			e = name_create(dir, d, &what);
		*made = e == OK;
	}
	rw_write_unlock(&dir->vnode->lock);
	if (e != OK) {
		dentry_unref(d);
		return e;
	}
found:
	if (!*made && (how->how & OPEN_EXCLUSIVE) != 0) {
		dentry_unref(d);
		return ERR_EXISTS;
	}
	*out = d;
	return OK;
}

/* One turn: the parent is w->at. *again: a link was followed. */
static enum err
open_last(struct walk *w, const struct open_how *how, bool *again,
    struct file **out)
{
	struct path p = { NULL, NULL };
	struct dentry *d = NULL;
	bool made = false;
	enum err e;

	*again = false;
	if (w->last != WALK_NAME)
		return (how->how & OPEN_EXCLUSIVE) ? ERR_EXISTS : ERR_ISDIR;
	if (w->slash)
		return ERR_ISDIR;
	if (!vnode_is(w->at.dentry->vnode, S_DIRECTORY))
		return ERR_NOTDIR;
	e = open_name(w, how, &d, &made);
	if (e != OK)
		return e;
	p = (struct path){ mount_ref(w->at.mount), d };
	mount_cross(&p);
	if (made) {
		e = open_file(&p, how->flags, out);
	} else if (vnode_is(path_vnode(&p), S_LINK) &&
	    (how->walk & WALK_NOFOLLOW) == 0) {
		*again = true;
		e = walk_link(w, p.dentry);
	} else {
		e = open_found(&p, how, out);
	}
	path_unref(&p);
	return e;
}

static enum err
open_create(const struct path *base, const char *path,
    const struct open_how *how, struct file **out)
{
	struct walk w UNINITIALIZED;
	bool again = true;
	enum err e;

	e = walk_to_parent(&w, base, path, how->walk);
	while (e == OK) {
		const struct vnode *v = path_vnode(&w.at);

		/* A followed link may have led right to the file. */
		if (w.last == WALK_NOTHING && !vnode_is(v, S_DIRECTORY)) {
			e = open_found(&w.at, how, out);
			break;
		}
		e = open_last(&w, how, &again, out);
		if (e != OK || !again)
			break;
		e = walk_parent(&w);
	}
	walk_done(&w);
	return e;
}

/* O_TMPFILE: a file without a name in the directory path. */
static enum err
open_tmpfile(const struct path *base, const char *path,
    const struct open_how *how, struct file **out)
{
	struct vnode_new what = { .mode = mode_of(how) };
	struct path dir = { NULL, NULL }, p = { NULL, NULL };
	struct vnode *v = NULL, *dv;
	enum err e;

	e = vfs_walk(base, path, how->walk | WALK_DIRECTORY, &dir);
	if (e != OK)
		return e;
	dv = path_vnode(&dir);
	e = dv->ops->create == NULL ? ERR_NOTSUP :
	    dir_may_change(dir.mount, dv);
	if (e != OK)
		goto out;
	vnode_new_owner(&what, dv);
	rw_write_lock(&dv->lock);
	e = dv->ops->create(dv, NULL, 0, &what, &v);
	rw_write_unlock(&dv->lock);
	if (e != OK)
		goto out;
	e = ERR_NOMEM;
	p.dentry = dentry_create_root(dir.mount->super, v);
	if (p.dentry == NULL)
		goto out;
	p.dentry->flags |= DENTRY_DEAD;
	p.mount = mount_ref(dir.mount);
	e = open_file(&p, how->flags, out);
out:
	path_unref(&p);
	path_unref(&dir);
	return e;
}

enum err
vfs_open(const struct path *base, const char *path,
    const struct open_how *how, struct file **out)
{
	unsigned walk = how->walk;
	struct open_how quiet;
	struct path p;
	enum err e;

	if ((how->how & OPEN_NOCTTY) != 0) {
		/* Opening a device sees the file's flags only. */
		quiet = *how;
		quiet.flags |= FILE_NOCTTY;
		how = &quiet;
	}
	if ((how->how & OPEN_TMPFILE) != 0)
		return open_tmpfile(base, path, how, out);
	if ((how->how & OPEN_CREATE) != 0)
		return open_create(base, path, how, out);
	if ((how->how & OPEN_DIRECTORY) != 0)
		walk |= WALK_DIRECTORY;
	e = vfs_walk(base, path, walk, &p);
	if (e != OK)
		return e;
	e = open_found(&p, how, out);
	path_unref(&p);
	return e;
}
