/*
 * Making and removing names: mknod, mkdir, symlink, link, unlink.
 *
 * The directory is locked exclusive from the lookup of the name until the
 * file system and the name cache agree again; the victim of an unlink is
 * locked below it.
 */
#include "internal.h"

enum err
name_create(struct dentry *dir, struct dentry *d, const struct vnode_new *what)
{
	struct vnode *dv = dir->vnode, *v = NULL;
	struct vnode_new full = *what;
	enum err e;

	if (dv->ops->create == NULL)
		return ERR_PERM;
	vnode_new_owner(&full, dv);
	e = dv->ops->create(dv, d->name, d->name_len, &full, &v);
	if (e != OK)
		return e;
	dentry_instantiate(d, v);
	vnode_touch(dv, ATTR_MTIME | ATTR_CTIME);
	watch_event(d, WATCH_CREATE);
	return OK;
}

static bool
last_is_name(const struct walk *w)
{
	return w->last == WALK_NAME;
}

/* Walks to the parent of a name that is to be made. */
static enum err
make_begin(struct walk *w, const struct path *base, const char *path, bool dir)
{
	enum err e = walk_to_parent(w, base, path, 0);

	if (e != OK)
		return e;
	if (!last_is_name(w))
		return ERR_EXISTS;
	if (w->len > w->at.dentry->super->name_max)
		return ERR_NAMETOOLONG;
	if (w->slash && !dir) {
		struct dentry *d = NULL;

		e = walk_lookup(w->at.dentry, w->name, w->len, &d);
		if (e == OK)
			e = d->vnode == NULL ? ERR_NOENT : ERR_EXISTS;
		dentry_unref(d);
	}
	return e;
}

static enum err
make_name(const struct path *base, const char *path,
    const struct vnode_new *what)
{
	struct dentry *d = NULL;
	struct vnode *dv;
	struct walk w UNINITIALIZED;
	enum err e;

	e = make_begin(&w, base, path, S_IS(what->mode, S_DIRECTORY));
	if (e != OK)
		goto out;
	dv = path_vnode(&w.at);
	rw_write_lock(&dv->lock);
	e = dentry_is_dead(w.at.dentry) ? ERR_NOENT :
	    walk_lookup_locked(w.at.dentry, w.name, w.len, &d);
	if (e == OK && d->vnode != NULL)
		e = ERR_EXISTS;
	if (e == OK)
		e = dir_may_change(w.at.mount, dv);
	if (e == OK)
		e = name_create(w.at.dentry, d, what);
	rw_write_unlock(&dv->lock);
	dentry_unref(d);
out:
	walk_done(&w);
	return e;
}

enum err
vfs_mknod(const struct path *base, const char *path, uint32_t mode,
    uint64_t rdev)
{
	struct vnode_new what = { .rdev = rdev };
	unsigned type = mode & S_TYPE_MASK;

	if (type == 0)
		type = S_REGULAR;
	if (type == S_LINK)
		return ERR_INVAL;
	if ((type == S_CHAR || type == S_BLOCK) && !capable(CAP_MKNOD))
		return ERR_PERM;
	what.mode = type | (mode & 07777u &
	    ~atomic_load_explicit(&fs_current()->umask, memory_order_relaxed));
	return make_name(base, path, &what);
}

enum err
vfs_symlink(const struct path *base, const char *path, const char *target)
{
	struct vnode_new what = { .mode = S_LINK | 0777, .target = target };

	if (target[0] == '\0')
		return ERR_NOENT;
	if (strlen(target) >= PATH_MAX)
		return ERR_NAMETOOLONG;
	return make_name(base, path, &what);
}

static enum err
link_locked(struct walk *w, struct vnode *v)
{
	struct vnode *dv = path_vnode(&w->at);
	struct dentry *d = NULL;
	enum err e;

	if (dentry_is_dead(w->at.dentry))
		return ERR_NOENT;
	e = walk_lookup_locked(w->at.dentry, w->name, w->len, &d);
	if (e != OK)
		return e;
	if (d->vnode != NULL)
		e = ERR_EXISTS;
	else if (dv->ops->link == NULL)
		e = ERR_PERM;
	else
		e = dir_may_change(w->at.mount, dv);
	if (e == OK)
		e = dv->ops->link(dv, w->name, w->len, v);
	if (e == OK) {
		dentry_instantiate(d, vnode_ref(v));
		vnode_touch(v, ATTR_CTIME);
		vnode_touch(dv, ATTR_MTIME | ATTR_CTIME);
		watch_event(d, WATCH_CREATE);
	}
	dentry_unref(d);
	return e;
}

enum err
vfs_link(const struct path *from, const struct path *base, const char *path)
{
	struct vnode *v = path_vnode(from), *dv;
	struct walk w UNINITIALIZED;
	enum err e;

	e = make_begin(&w, base, path, false);
	if (e != OK)
		goto out;
	dv = path_vnode(&w.at);
	if (from->mount != w.at.mount) {
		e = ERR_XDEV;
		goto out;
	}
	if (vnode_is(v, S_DIRECTORY)) {
		e = ERR_PERM;
		goto out;
	}
	rw_write_lock(&dv->lock);
	rw_write_lock(&v->lock);
	e = link_locked(&w, v);
	rw_write_unlock(&v->lock);
	rw_write_unlock(&dv->lock);
out:
	walk_done(&w);
	return e;
}

/* May the name d be removed as what the caller asked for? */
static enum err
unlink_allowed(struct walk *w, struct dentry *d, unsigned what)
{
	struct vnode *v = d->vnode;
	bool dir;
	enum err e;

	if (v == NULL)
		return ERR_NOENT;
	dir = vnode_is(v, S_DIRECTORY);
	if (w->slash && !dir)
		return ERR_NOTDIR;
	if (dir && (what & UNLINK_DIR) == 0)
		return ERR_ISDIR;
	if (!dir && (what & UNLINK_FILE) == 0)
		return ERR_NOTDIR;
	e = dir_may_remove(w->at.mount, path_vnode(&w->at), v);
	if (e != OK)
		return e;
	if (dentry_has(d, DENTRY_MOUNTED))
		return ERR_BUSY;
	return path_vnode(&w->at)->ops->unlink == NULL ? ERR_PERM : OK;
}

static enum err
unlink_locked(struct walk *w, struct dentry *d, unsigned what)
{
	struct vnode *dv = path_vnode(&w->at), *v = d->vnode;
	enum err e = unlink_allowed(w, d, what);

	if (e != OK)
		return e;
	rw_write_lock(&v->lock);
	e = dv->ops->unlink(dv, w->name, w->len, v);
	if (e == OK) {
		if (vnode_is(v, S_DIRECTORY))
			dentry_prune(d);
		watch_event(d, WATCH_DELETE);
		dentry_kill(d);
		vnode_touch(v, ATTR_CTIME);
		vnode_touch(dv, ATTR_MTIME | ATTR_CTIME);
	}
	rw_write_unlock(&v->lock);
	return e;
}

/* Errors of names that cannot be removed. */
static enum err
unlink_last(const struct walk *w, unsigned what)
{
	if (last_is_name(w))
		return OK;
	if ((what & UNLINK_DIR) == 0)
		return ERR_ISDIR;
	switch (w->last) {
	case WALK_DOT:
		return ERR_INVAL;
	case WALK_DOTDOT:
		return ERR_NOTEMPTY;
	case WALK_NOTHING:
	case WALK_NAME:
	default:
		return ERR_BUSY;
	}
}

enum err
vfs_unlink(const struct path *base, const char *path, unsigned what)
{
	struct dentry *d = NULL;
	struct vnode *dv;
	struct walk w UNINITIALIZED;
	enum err e;

	e = walk_to_parent(&w, base, path, 0);
	if (e == OK)
		e = unlink_last(&w, what);
	if (e == OK && w.len > w.at.dentry->super->name_max)
		e = ERR_NAMETOOLONG;
	if (e != OK)
		goto out;
	dv = path_vnode(&w.at);
	rw_write_lock(&dv->lock);
	e = walk_lookup_locked(w.at.dentry, w.name, w.len, &d);
	if (e == OK)
		e = unlink_locked(&w, d, what);
	rw_write_unlock(&dv->lock);
	dentry_unref(d);
out:
	walk_done(&w);
	return e;
}
