/*
 * Changes of the mount tree: mount, bind, move, unmount, pivot_root.
 *
 * All need CAP_SYS_ADMIN and work on mounts of the running task's own
 * namespace. Steps: check and make what is needed, then change the tree
 * under mount_lock where nothing can fail, then drop references.
 */
#include "internal.h"

static struct mount_ns *
ns_current(void)
{
	return task_current()->ns;
}

static enum err
mount_allowed(void)
{
	if (!capable(CAP_SYS_ADMIN))
		return ERR_PERM;
	return ns_current() == NULL ? ERR_INVAL : OK;
}

/* Under mount_lock: p is still a place of this namespace's tree. */
static enum err
place_check(const struct path *p)
{
	if (p->mount->ns != ns_current())
		return ERR_INVAL;
	return dentry_is_dead(p->dentry) ? ERR_NOENT : OK;
}

static bool
same_kind(const struct dentry *a, const struct dentry *b)
{
	return vnode_is(a->vnode, S_DIRECTORY) ==
	    vnode_is(b->vnode, S_DIRECTORY);
}

/* Attaches m (taken) at *at; ERR_ when the place went away. */
static enum err
mount_place(struct mount *m, const struct path *at)
{
	enum err e;

	if (!same_kind(m->root, at->dentry)) {
		mount_unref(m);
		return ERR_NOTDIR;
	}
	mutex_lock(&mount_lock);
	e = place_check(at);
	if (e == OK)
		e = container_charge(
		    task_current()->container, LIMIT_MOUNTS, 1);
	if (e == OK) {
		/* What is meanwhile mounted there goes below. */
		m->charged = task_current()->container;
		container_ref(m->charged);
		mount_attach(m, at, ns_current());
		m = NULL;
	}
	mutex_unlock(&mount_lock);
	mount_unref(m);
	return e;
}

enum err
vfs_mount(const struct path *at, const char *type, const char *source,
    const char *options, unsigned flags)
{
	const struct fs_type *t = fs_type_by_name(type);
	struct super *s = NULL;
	struct mount *m = NULL;
	enum err e = mount_allowed();

	if (e != OK)
		return e;
	if (t == NULL)
		return ERR_NODEV;
	e = super_create(t, source, options, &s);
	if (e != OK)
		return e;
	e = mount_create(s, s->root_dentry, source, flags, &m);
	super_unref(s);
	if (e != OK)
		return e;
	return mount_place(m, at);
}

static bool
dentry_is_below(struct dentry *d, const struct dentry *top)
{
	while (d != top && d->parent != d)
		d = d->parent;
	return d == top;
}

/* Copies the mounts that lie below from into the tree of top, its twin. */
static enum err
bind_below(const struct path *from, struct mount *top)
{
	struct mount_ns *ns = ns_current();
	struct mount *m, *last = list_last(&ns->mounts, struct mount, ns_link);
	enum err e = OK;

	list_each(m, &ns->mounts, ns_link)
		m->twin = NULL;
	from->mount->twin = top;
	list_each(m, &ns->mounts, ns_link) {
		struct path at;

		if (m == top || m == from->mount || m->parent == NULL ||
		    m->parent->twin == NULL || (m->parent == from->mount &&
		    !dentry_is_below(m->point, from->dentry)))
			goto next;
		e = mount_create(m->super, m->root, m->source,
		    atomic_load(&m->flags), &m->twin);
		if (e != OK)
			break;
		at = (struct path){ m->parent->twin, m->point };
		mount_attach(m->twin, &at, ns);
next:
		if (m == last)
			break;
	}
	list_each(m, &ns->mounts, ns_link)
		m->twin = NULL;
	return e;
}

enum err
vfs_bind(const struct path *from, const struct path *at, bool recursive)
{
	struct mount *m = NULL;
	enum err e = mount_allowed();

	if (e != OK)
		return e;
	e = mount_create(from->mount->super, from->dentry,
	    from->mount->source, atomic_load(&from->mount->flags), &m);
	if (e != OK)
		return e;
	mount_ref(m);
	e = mount_place(m, at);
	if (e == OK && recursive) {
		mutex_lock(&mount_lock);
		if (from->mount->ns == ns_current())
			e = bind_below(from, m);
		mutex_unlock(&mount_lock);
		if (e != OK) {
			struct path top = { m, m->root };

			err_ignore(vfs_unmount(&top, UNMOUNT_LAZY));
		}
	}
	mount_unref(m);
	return e;
}

enum err
vfs_remount(const struct path *at, unsigned flags)
{
	enum err e = mount_allowed();

	if (e != OK)
		return e;
	if (at->dentry != at->mount->root)
		return ERR_INVAL;
	atomic_store(&at->mount->flags, flags);
	return OK;
}

enum err
vfs_move_mount(const struct path *from, const struct path *to)
{
	struct path old = { NULL, NULL };
	struct mount *m = from->mount;
	enum err e = mount_allowed();

	if (e != OK)
		return e;
	mutex_lock(&mount_lock);
	e = place_check(to);
	if (e == OK && (from->dentry != m->root || m->ns != ns_current() ||
	    m->parent == NULL))
		e = ERR_INVAL;
	if (e == OK && mount_is_below(to->mount, m))
		e = ERR_LOOP;
	if (e == OK && !same_kind(m->root, to->dentry))
		e = ERR_NOTDIR;
	if (e == OK)
		mount_relocate(m, to, &old);
	mutex_unlock(&mount_lock);
	path_unref(&old);
	return e;
}

/* Detaches m and all below it. */
static void
detach_tree(struct mount *m, struct list *dead)
{
	struct mount *child, *ahead;
	struct list work = LIST_INIT(work);

	mount_detach(m, &work);
	while (!list_empty(&work)) {
		m = list_entry(list_take_first(&work), struct mount, ns_link);
		list_each_safe(child, ahead, &m->children, sibling)
			mount_detach(child, &work);
		list_add_tail(dead, &m->ns_link);
	}
}

/* m was gathered unless it may be in use; under mount_lock. */
static enum err
unmount_check(struct mount *m, unsigned flags)
{
	if (m->ns != ns_current() || m->parent == NULL)
		return ERR_INVAL;
	/* The tree's reference and the caller's. */
	if ((flags & UNMOUNT_LAZY) == 0 &&
	    (!list_empty(&m->children) || atomic_load(&m->refs) > 2))
		return ERR_BUSY;
	if ((flags & UNMOUNT_EXPIRE) != 0 && !m->expiring) {
		m->expiring = true;
		return ERR_AGAIN;
	}
	return OK;
}

enum err
vfs_unmount(const struct path *at, unsigned flags)
{
	struct list dead = LIST_INIT(dead);
	struct mount *m = at->mount;
	enum err e = mount_allowed();

	if (e != OK)
		return e;
	if (at->dentry != m->root)
		return ERR_INVAL;
	if ((flags & UNMOUNT_LAZY) == 0)
		(void)mount_gather(m);
	mutex_lock(&mount_lock);
	e = unmount_check(m, flags);
	if (e == OK)
		detach_tree(m, &dead);
	else if (m->ns != NULL)
		mount_spread(m); /* it stays */
	mutex_unlock(&mount_lock);
	mount_bury(&dead);
	return e;
}

/* Tasks whose root or cwd was the old root follow to the new one. */
static void
tasks_follow(const struct path *old, const struct path *new)
{
	struct container *c = task_current()->container;
	struct task *t = NULL;
	int pid = 1;

	while (task_next(c, pid, &t) == OK) {
		struct fs_state *f = NULL;

		mutex_lock(&t->lock);
		if (t->fs != NULL && t->ns == ns_current())
			f = fs_state_ref(t->fs);
		mutex_unlock(&t->lock);
		for (int i = 0; f != NULL && i < 2; i++) {
			struct path *slot = i == 0 ? &f->root : &f->cwd;
			struct path to = *new;

			if (slot->mount != old->mount ||
			    slot->dentry != old->dentry)
				continue;
			path_ref(&to);
			fs_state_set(f, slot, &to);
		}
		fs_state_unref(f);
		pid = t->pid + 1;
		task_unref(t);
	}
}

enum err
vfs_pivot_root(const struct path *new_root, const struct path *put_old)
{
	struct path old_new = { NULL, NULL }, old_root = { NULL, NULL };
	struct fs_state *f = fs_current();
	struct path root, parent = { NULL, NULL };
	struct mount *top, *m = new_root->mount;
	enum err e = mount_allowed();

	if (e != OK)
		return e;
	spin_lock(&f->lock);
	root = f->root;
	path_ref(&root);
	spin_unlock(&f->lock);
	mutex_lock(&mount_lock);
	top = root.mount;
	if (root.dentry != top->root || new_root->dentry != m->root ||
	    m->ns != ns_current() || top->ns != ns_current() ||
	    m->parent == NULL || !mount_is_below(put_old->mount, m))
		e = ERR_INVAL;
	else if (m == top || put_old->mount == top)
		e = ERR_BUSY;
	if (e == OK) {
		bool whole = top->parent == NULL;

		parent = (struct path){ top->parent, top->point };
		mount_relocate(m, whole ? NULL : &parent, &old_new);
		mount_relocate(top, put_old, &old_root);
		if (whole)
			top->ns->root = m;
	}
	mutex_unlock(&mount_lock);
	path_unref(&old_new);
	path_unref(&old_root);
	if (e == OK)
		tasks_follow(&root, new_root);
	path_unref(&root);
	return e;
}

enum err
mount_next(struct mount_ns *ns, uint64_t *id, struct mount_info *out)
{
	struct mount *m, *best = NULL;

	mutex_lock(&mount_lock);
	list_each(m, &ns->mounts, ns_link) {
		if (m->id > *id && (best == NULL || m->id < best->id))
			best = m;
	}
	if (best != NULL) {
		memset(out, 0, sizeof(*out));
		out->id = *id = best->id;
		out->parent_id = best->parent == NULL ? 0 : best->parent->id;
		out->dev = best->super->dev;
		out->root_of_mount = (struct path){ best, best->root };
		out->at = best->parent == NULL ? out->root_of_mount :
		    (struct path){ best->parent, best->point };
		path_ref(&out->root_of_mount);
		path_ref(&out->at);
		out->type = best->super->type->name;
		strlcpy(out->source, best->source, sizeof(out->source));
		if (best->super->type->options != NULL)
			best->super->type->options(best->super, out->options,
			    sizeof(out->options));
		out->flags = mount_flags(best);
	}
	mutex_unlock(&mount_lock);
	return best == NULL ? ERR_NOENT : OK;
}
