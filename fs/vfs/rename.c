/*
 * Rename: two names of one file system change together.
 *
 * Order of locks: the file system's rename_lock when the directories
 * differ (so that the tree above them holds still), then the two
 * directories, an ancestor before its descendant, unrelated ones by
 * address, then the victims by address. With the tree still, the check that
 * a directory does not move below itself is good until the end.
 */
#include "internal.h"

struct renaming {
	struct walk from, to;
	struct dentry *old, *new; /* new may be negative */
	unsigned flags;
};

static bool
is_below(struct dentry *d, const struct dentry *top)
{
	while (d != top && d->parent != d)
		d = d->parent;
	return d == top;
}

/* Which locks these take is known at run time only. */
static NO_LOCK_ANALYSIS void
lock_dirs(struct dentry *a, struct dentry *b)
{
	struct dentry *first = a, *second = b;

	if (a == b) {
		rw_write_lock(&a->vnode->lock);
		return;
	}
	mutex_lock(&a->super->rename_lock);
	if (!is_below(b, a) && (is_below(a, b) || a->vnode > b->vnode)) {
		first = b;
		second = a;
	}
	rw_write_lock(&first->vnode->lock);
	rw_write_lock(&second->vnode->lock);
}

static NO_LOCK_ANALYSIS void
unlock_dirs(struct dentry *a, struct dentry *b)
{
	rw_write_unlock(&a->vnode->lock);
	if (a != b) {
		rw_write_unlock(&b->vnode->lock);
		mutex_unlock(&a->super->rename_lock);
	}
}

static NO_LOCK_ANALYSIS void
lock_victims(struct vnode *a, struct vnode *b)
{
	struct vnode *low = b != NULL && b < a ? b : a;

	rw_write_lock(&low->lock);
	if (b != NULL && b != a)
		rw_write_lock(low == a ? &b->lock : &a->lock);
}

static NO_LOCK_ANALYSIS void
unlock_victims(struct vnode *a, struct vnode *b)
{
	rw_write_unlock(&a->lock);
	if (b != NULL && b != a)
		rw_write_unlock(&b->lock);
}

static enum err
check_kinds(const struct renaming *r)
{
	const struct vnode *v = r->old->vnode, *t = r->new->vnode;
	bool dir = vnode_is(v, S_DIRECTORY);

	if (!dir && r->from.slash)
		return ERR_NOTDIR;
	if ((r->flags & RENAME_EXCHANGE_) != 0)
		return t == NULL ? ERR_NOENT : OK;
	if (!dir && r->to.slash)
		return ERR_NOTDIR;
	if (t == NULL)
		return OK;
	if ((r->flags & RENAME_NOREPLACE_) != 0)
		return ERR_EXISTS;
	if (dir && !vnode_is(t, S_DIRECTORY))
		return ERR_NOTDIR;
	if (!dir && vnode_is(t, S_DIRECTORY))
		return ERR_ISDIR;
	return OK;
}

static enum err
check_tree(const struct renaming *r)
{
	const struct dentry *to = r->to.at.dentry, *from = r->from.at.dentry;
	bool swap = (r->flags & RENAME_EXCHANGE_) != 0;

	if (dentry_is_dead(to) || dentry_is_dead(from))
		return ERR_NOENT;
	if (is_below(r->to.at.dentry, r->old))
		return ERR_INVAL;
	if (is_below(r->from.at.dentry, r->new) && r->new->vnode != NULL)
		return swap ? ERR_INVAL : ERR_NOTEMPTY;
	if (dentry_has(r->old, DENTRY_MOUNTED) ||
	    dentry_has(r->new, DENTRY_MOUNTED))
		return ERR_BUSY;
	return OK;
}

static enum err
check_rights(const struct renaming *r)
{
	struct vnode *from = path_vnode(&r->from.at);
	struct vnode *to = path_vnode(&r->to.at);
	struct vnode *v = r->old->vnode, *t = r->new->vnode;
	enum err e = dir_may_remove(r->from.at.mount, from, v);

	if (e == OK)
		e = t == NULL ? dir_may_change(r->to.at.mount, to) :
		    dir_may_remove(r->to.at.mount, to, t);
	/* A directory that moves gets another "..": that writes it. */
	if (e == OK && from != to && vnode_is(v, S_DIRECTORY))
		e = vnode_permission(v, ACCESS_WRITE);
	if (e == OK && from != to && t != NULL &&
	    (r->flags & RENAME_EXCHANGE_) != 0 && vnode_is(t, S_DIRECTORY))
		e = vnode_permission(t, ACCESS_WRITE);
	return e;
}

static enum err
rename_perform(struct renaming *r)
{
	struct vnode *from = path_vnode(&r->from.at);
	struct vnode *to = path_vnode(&r->to.at);
	struct vnode *v = r->old->vnode, *t = r->new->vnode;
	const struct vnode_rename op = {
		.from_dir = from, .to_dir = to,
		.from = r->from.name, .to = r->to.name,
		.from_len = r->from.len, .to_len = r->to.len,
		.v = v, .target = t, .flags = r->flags,
	};
	enum err e;

	if (from->ops->rename == NULL)
		return ERR_PERM;
	lock_victims(v, t);
	e = from->ops->rename(&op);
	if (e == OK) {
		vnode_touch(v, ATTR_CTIME);
		if (t != NULL)
			vnode_touch(t, ATTR_CTIME);
		vnode_touch(from, ATTR_MTIME | ATTR_CTIME);
		if (to != from)
			vnode_touch(to, ATTR_MTIME | ATTR_CTIME);
	}
	unlock_victims(v, t);
	return e;
}

/* The file system did it: the cache follows. When there is no memory for a
 * name, the names are dropped and will be looked up again. */
static void
rename_names(struct renaming *r)
{
	static atomic_uint cookies;
	uint32_t cookie = atomic_fetch_add(&cookies, 1) + 1;
	uint32_t dir = vnode_is(r->old->vnode, S_DIRECTORY) ?
	    WATCH_IS_DIR : 0;

	watch_notify(path_vnode(&r->from.at), WATCH_MOVED_FROM | dir,
	    r->from.name, r->from.len, cookie);
	watch_notify(path_vnode(&r->to.at), WATCH_MOVED_TO | dir, r->to.name,
	    r->to.len, cookie);
	watch_notify(r->old->vnode, WATCH_MOVE_SELF | dir, NULL, 0, 0);
	if ((r->flags & RENAME_EXCHANGE_) != 0) {
		if (dentry_exchange(r->old, r->new) != OK) {
			dentry_kill(r->old);
			dentry_kill(r->new);
		}
		return;
	}
	if (r->new->vnode != NULL) {
		if (vnode_is(r->new->vnode, S_DIRECTORY))
			dentry_prune(r->new);
		watch_notify(r->new->vnode, WATCH_DELETE_SELF, NULL, 0, 0);
	}
	dentry_kill(r->new);
	if (dentry_move(r->old, r->to.at.dentry, r->to.name, r->to.len) != OK)
		dentry_kill(r->old);
	if ((r->flags & RENAME_WHITEOUT_) != 0)
		dentry_prune(r->from.at.dentry);
}

static enum err
rename_locked(struct renaming *r)
{
	enum err e;

	e = walk_lookup_locked(
	    r->from.at.dentry, r->from.name, r->from.len, &r->old);
	if (e != OK)
		return e;
	if (r->old->vnode == NULL)
		return ERR_NOENT;
	e = walk_lookup_locked(
	    r->to.at.dentry, r->to.name, r->to.len, &r->new);
	if (e != OK)
		return e;
	e = check_tree(r);
	if (e == OK)
		e = check_kinds(r);
	if (e != OK || r->old->vnode == r->new->vnode)
		return e; /* two names of one file: nothing to do */
	e = check_rights(r);
	if (e == OK)
		e = rename_perform(r);
	if (e == OK)
		rename_names(r);
	return e;
}

static enum err
rename_begin(struct renaming *r)
{
	size_t max = r->from.at.dentry->super->name_max;

	if (r->from.at.mount != r->to.at.mount)
		return ERR_XDEV;
	if (r->from.last != WALK_NAME || r->to.last != WALK_NAME)
		return (r->flags & RENAME_NOREPLACE_) != 0 &&
		    r->to.last != WALK_NAME ? ERR_EXISTS : ERR_BUSY;
	if (r->from.len > max || r->to.len > max)
		return ERR_NAMETOOLONG;
	return OK;
}

static void
rename_done(struct renaming *r)
{
	dentry_unref(r->old);
	dentry_unref(r->new);
	walk_done(&r->from);
	walk_done(&r->to);
	kfree(r, sizeof(*r));
}

enum err
vfs_rename(const struct path *from_base, const char *from,
    const struct path *to_base, const char *to, unsigned flags)
{
	struct renaming *r = kzalloc(sizeof(*r));
	enum err e;

	if (r == NULL)
		return ERR_NOMEM;
	r->flags = flags;
	e = walk_to_parent(&r->from, from_base, from, 0);
	if (e == OK)
		e = walk_to_parent(&r->to, to_base, to, 0);
	if (e == OK)
		e = rename_begin(r);
	if (e != OK)
		goto out;
	lock_dirs(r->from.at.dentry, r->to.at.dentry);
	e = rename_locked(r);
	unlock_dirs(r->from.at.dentry, r->to.at.dentry);
out:
	rename_done(r);
	return e;
}
