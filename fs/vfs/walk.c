/*
 * The walk with references: from a path's text to a mount and a dentry.
 *
 * This is the walk that can do everything; walk_fast.c is tried first and
 * answers the usual cases. State is struct walk: where we are (referenced),
 * the text that is left, and how the last component ended.
 *
 * The text of a symbolic link is put before what is left, in a buffer that
 * the walk owns; 40 links end it with ERR_LOOP. The root of the walk is the
 * task's root (or, with WALK_IN_ROOT, the base): ".." stays there and an
 * absolute link starts there, so a container's task cannot leave it.
 */
#include "internal.h"

static void
walk_set(struct walk *w, struct mount *m, struct dentry *d)
{
	struct path old = w->at;

	w->at.mount = mount_ref(m);
	w->at.dentry = dentry_ref(d);
	path_unref(&old);
}

static void
fs_paths(struct path *root, struct path *cwd)
{
	struct fs_state *fs = fs_current();

	spin_lock(&fs->lock);
	*root = fs->root;
	path_ref(root);
	if (cwd != NULL) {
		*cwd = fs->cwd;
		path_ref(cwd);
	}
	spin_unlock(&fs->lock);
}

enum err
walk_begin(struct walk *w, const struct path *base, const char *path,
    unsigned flags)
{
	memset(w, 0, sizeof(*w));
	w->rest = path;
	w->flags = flags;
	if (path[0] == '\0' && (flags & WALK_EMPTY) == 0)
		return ERR_NOENT;
	if (fs_current() == NULL)
		return ERR_NOENT;
	if (base != NULL) {
		fs_paths(&w->root, NULL);
		w->at = *base;
		path_ref(&w->at);
	} else {
		fs_paths(&w->root, &w->at);
	}
	if ((flags & (WALK_IN_ROOT | WALK_BENEATH)) != 0) {
		path_unref(&w->root);
		w->root = w->at;
		path_ref(&w->root);
	}
	if (path[0] == '/') {
		if ((flags & WALK_BENEATH) != 0)
			return ERR_XDEV;
		walk_set(w, w->root.mount, w->root.dentry);
	}
	return OK;
}

void
walk_done(struct walk *w)
{
	path_unref(&w->at);
	if (w->root.mount != NULL)
		path_unref(&w->root);
	if (w->text != NULL)
		kfree(w->text, w->text_size);
	w->text = NULL;
}

/* Splits the next component off; false: none is left. */
static bool
walk_next(struct walk *w)
{
	w->len = path_next(&w->rest, &w->name);
	return w->len != 0;
}

static enum err
walk_dotdot(struct walk *w)
{
	struct path up;

	for (;;) {
		struct mount *m = w->at.mount;

		if (w->at.dentry == w->root.dentry && m == w->root.mount)
			return (w->flags & WALK_BENEATH) ? ERR_XDEV : OK;
		if (w->at.dentry != m->root)
			break;
		mutex_lock(&mount_lock);
		if (m->parent == NULL) {
			mutex_unlock(&mount_lock);
			return OK;
		}
		up = (struct path){ m->parent, m->point };
		path_ref(&up);
		mutex_unlock(&mount_lock);
		path_unref(&w->at);
		w->at = up;
		if ((w->flags & WALK_NO_XDEV) != 0)
			return ERR_XDEV;
	}
	up.dentry = dentry_parent(w->at.dentry);
	dentry_unref(w->at.dentry);
	w->at.dentry = up.dentry;
	mount_cross(&w->at);
	return OK;
}

static bool
name_is_valid(
    struct dentry *dir, struct dentry *d, const char *name, size_t len)
{
	const struct vnode_ops *ops = dir->vnode->ops;

	return ops->still_valid == NULL ||
	    ops->still_valid(dir->vnode, name, len, d->vnode);
}

/* Asks the file system; dir's vnode is locked. Another lookup may have been
 * faster: then its name is given. */
static enum err
walk_ask(struct dentry *dir, const char *name, size_t len, struct dentry **out)
{
	struct vnode *v = NULL, *dv = dir->vnode;
	struct dentry *d;
	enum err e;

	if (dentry_is_dead(dir) || dv->ops->lookup == NULL)
		return ERR_NOENT;
	e = dv->ops->lookup(dv, name, len, &v);
	if (e != OK && e != ERR_NOENT)
		return e;
	d = dentry_attach(dir, name, len, v);
	if (d == NULL)
		return ERR_NOMEM;
	*out = d;
	return OK;
}

struct dentry *
walk_cached(struct dentry *dir, const char *name, size_t len)
{
	struct dentry *d =
	    dentry_lookup(dir, name, len, dentry_hash(dir, name, len));

	if (d == NULL || name_is_valid(dir, d, name, len))
		return d;
	dentry_kill(d);
	dentry_unref(d);
	return NULL;
}

enum err
walk_lookup_locked(struct dentry *dir, const char *name, size_t len,
    struct dentry **out)
{
	struct dentry *d = walk_cached(dir, name, len);

	if (d == NULL)
		return walk_ask(dir, name, len, out);
	*out = d;
	return OK;
}

enum err
walk_lookup(struct dentry *dir, const char *name, size_t len,
    struct dentry **out)
{
	struct dentry *d;
	enum err e;

	if (len > dir->super->name_max)
		return ERR_NAMETOOLONG;
	d = walk_cached(dir, name, len);
	if (d != NULL) {
		*out = d;
		return OK;
	}
	rw_read_lock(&dir->vnode->lock);
	e = walk_ask(dir, name, len, out);
	rw_read_unlock(&dir->vnode->lock);
	return e;
}

/* Puts text (taken, size bytes allocated) before the rest. */
static enum err
walk_splice(struct walk *w, const char *link, size_t len)
{
	size_t rest = strlen(w->rest);
	size_t size = len + rest + 1;
	char *text;

	if (size > 2 * PATH_MAX)
		return ERR_NAMETOOLONG;
	text = kmalloc(size);
	if (text == NULL)
		return ERR_NOMEM;
	memcpy(text, link, len);
	memcpy(text + len, w->rest, rest + 1);
	if (w->text != NULL)
		kfree(w->text, w->text_size);
	w->text = text;
	w->text_size = size;
	w->rest = text;
	return OK;
}

static enum err
walk_link_text(struct walk *w, struct vnode *v)
{
	char *buf = NULL;
	size_t len = 0;
	enum err e;

	if (v->link_text != NULL)
		return walk_splice(w, v->link_text, strlen(v->link_text));
	if (v->ops->read_link == NULL)
		return ERR_INVAL;
	buf = kmalloc(PATH_MAX);
	if (buf == NULL)
		return ERR_NOMEM;
	e = v->ops->read_link(v, buf, PATH_MAX - 1, &len);
	if (e == OK && len == 0)
		e = ERR_NOENT;
	if (e == OK)
		e = walk_splice(w, buf, len);
	kfree(buf, PATH_MAX);
	return e;
}

enum err
walk_link(struct walk *w, struct dentry *l)
{
	struct vnode *v = l->vnode;
	struct path to;
	enum err e;

	if (++w->links > LINKS_LIMIT || (w->flags & WALK_NO_LINKS) != 0)
		return ERR_LOOP;
	if (v->ops->follow != NULL) {
		if ((w->flags & WALK_NO_MAGIC) != 0)
			return ERR_LOOP;
		if ((w->flags & (WALK_BENEATH | WALK_IN_ROOT)) != 0)
			return ERR_XDEV;
		e = v->ops->follow(v, &to);
		if (e != OK)
			return e;
		path_unref(&w->at);
		w->at = to;
		if (w->root.mount == NULL)
			fs_paths(&w->root, NULL);
		return OK;
	}
	e = walk_link_text(w, v);
	if (e != OK)
		return e;
	if (w->root.mount == NULL)
		fs_paths(&w->root, NULL);
	if (w->rest[0] == '/') {
		if ((w->flags & WALK_BENEATH) != 0)
			return ERR_XDEV;
		if ((w->flags & WALK_NO_XDEV) != 0 &&
		    w->root.mount != w->at.mount)
			return ERR_XDEV;
		walk_set(w, w->root.mount, w->root.dentry);
	}
	return OK;
}

/* Steps to the child d, whose reference it takes. */
static enum err
walk_child(struct walk *w, struct dentry *d, bool last)
{
	struct mount *m = w->at.mount;
	bool follow = !last || w->slash || (w->flags & WALK_NOFOLLOW) == 0;
	enum err e = OK;

	if (__atomic_load_n(&d->vnode, __ATOMIC_ACQUIRE) == NULL) {
		e = ERR_NOENT;
	} else if (vnode_is(d->vnode, S_LINK) && follow &&
	    !dentry_has(d, DENTRY_MOUNTED)) {
		e = walk_link(w, d);
	} else {
		dentry_unref(w->at.dentry);
		w->at.dentry = d;
		d = NULL;
		if (!last || (w->flags & WALK_NOMOUNT) == 0)
			mount_cross(&w->at);
		if (w->at.mount != m && (w->flags & WALK_NO_XDEV) != 0)
			e = ERR_XDEV;
	}
	dentry_unref(d);
	return e;
}

static enum err
walk_check_dir(struct walk *w)
{
	struct vnode *v = w->at.dentry->vnode;

	if (!vnode_is(v, S_DIRECTORY))
		return ERR_NOTDIR;
	return vnode_may_search(v);
}

/* One component; *stop when it is the last and the parent is wanted. */
static enum err
walk_step(struct walk *w, bool parent, bool *stop)
{
	bool last = path_is_end(w->rest);
	struct dentry *d;
	enum err e = walk_check_dir(w);

	if (e != OK)
		return e;
	if (w->len > NAME_LIMIT)
		return ERR_NAMETOOLONG;
	if (last)
		w->slash = w->slash || *w->rest == '/';
	w->last = path_is_dot(w->name, w->len) ? WALK_DOT :
	    path_is_dotdot(w->name, w->len) ? WALK_DOTDOT : WALK_NAME;
	if (last && parent) {
		*stop = true;
		return OK;
	}
	if (w->last == WALK_DOT)
		return OK;
	if (w->last == WALK_DOTDOT)
		return walk_dotdot(w);
	e = walk_lookup(w->at.dentry, w->name, w->len, &d);
	if (e != OK)
		return e;
	return walk_child(w, d, last);
}

static enum err
walk_go(struct walk *w, bool parent)
{
	bool stop = false;
	enum err e;

	w->last = WALK_NOTHING;
	while (walk_next(w)) {
		e = walk_step(w, parent, &stop);
		if (e != OK || stop)
			return e;
	}
	return OK;
}

enum err
walk_parent(struct walk *w)
{
	return walk_go(w, true);
}

enum err
walk_end(struct walk *w)
{
	enum err e = walk_go(w, false);

	if (e == OK && (w->slash || (w->flags & WALK_DIRECTORY) != 0) &&
	    !vnode_is(w->at.dentry->vnode, S_DIRECTORY))
		e = ERR_NOTDIR;
	return e;
}

enum err
walk_to_parent(struct walk *w, const struct path *base, const char *path,
    unsigned flags)
{
	struct walk_name n;
	struct path at;
	enum err e = walk_fast(base, path, flags, &n, &at);

	if (e == ERR_AGAIN) {
		e = walk_begin(w, base, path, flags);
		return e != OK ? e : walk_parent(w);
	}
	memset(w, 0, sizeof(*w));
	if (e != OK)
		return e;
	w->at = at; /* root: only when a link is followed */
	w->name = n.name;
	w->len = n.len;
	w->slash = n.slash;
	w->rest = n.name + n.len;
	w->last = WALK_NAME;
	w->flags = flags;
	return OK;
}

/* With references all the way. */
static NOINLINE enum err
walk_careful(const struct path *base, const char *path, unsigned flags,
    struct path *out)
{
	struct walk w UNINITIALIZED;
	enum err e;

	e = walk_begin(&w, base, path, flags);
	if (e == OK)
		e = walk_end(&w);
	if (e == OK) {
		*out = w.at;
		w.at = (struct path){ NULL, NULL };
	}
	walk_done(&w);
	return e;
}

enum err
vfs_walk(const struct path *base, const char *path, unsigned flags,
    struct path *out)
{
	enum err e = walk_fast(base, path, flags, NULL, out);

	if (LIKELY(e != ERR_AGAIN))
		return e;
	return walk_careful(base, path, flags, out);
}
