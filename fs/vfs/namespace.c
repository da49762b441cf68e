/*
 * What a task sees: its namespace of mounts, and its root, working
 * directory and umask (fs_state, shared by CLONE_FS).
 */
#include "internal.h"

/* What kernel threads see: the first root. */
static _Atomic(struct fs_state *) fs_first;

struct fs_state *
fs_current(void)
{
	struct fs_state *f = task_current()->fs;

	return f != NULL ? f : atomic_load(&fs_first);
}

struct fs_state *
fs_state_ref(struct fs_state *f)
{
	if (f != NULL)
		ref_inc(&f->refs);
	return f;
}

void
fs_state_unref(struct fs_state *f)
{
	if (f == NULL || !ref_dec(&f->refs))
		return;
	path_unref(&f->root);
	path_unref(&f->cwd);
	kfree(f, sizeof(*f));
}

bool
fs_state_is_shared(const struct fs_state *f)
{
	return atomic_load(&f->refs.count) > 1;
}

static struct fs_state *
fs_state_create(const struct path *root, const struct path *cwd, unsigned umask)
{
	struct fs_state *f = kzalloc(sizeof(*f));

	if (f == NULL)
		return NULL;
	ref_init(&f->refs, 1);
	spin_init(&f->lock, RANK_DENTRY, "fs_state");
	f->root = *root;
	f->cwd = *cwd;
	path_ref(&f->root);
	path_ref(&f->cwd);
	atomic_init(&f->umask, umask);
	return f;
}

struct fs_state *
fs_state_clone(struct fs_state *f)
{
	struct path root, cwd;
	struct fs_state *out;

	spin_lock(&f->lock);
	root = f->root;
	cwd = f->cwd;
	path_ref(&root);
	path_ref(&cwd);
	spin_unlock(&f->lock);
	out = fs_state_create(&root, &cwd, atomic_load(&f->umask));
	path_unref(&root);
	path_unref(&cwd);
	return out;
}

/* Sets one of f's paths; takes *p. */
void
fs_state_set(struct fs_state *f, struct path *slot, struct path *p)
{
	struct path old;

	spin_lock(&f->lock);
	seq_write_begin(&f->seq);
	old = *slot;
	*slot = *p;
	seq_write_end(&f->seq);
	spin_unlock(&f->lock);
	path_unref(&old);
}

enum err
vfs_chdir(const struct path *p)
{
	struct fs_state *f = fs_current();
	struct vnode *v = path_vnode(p);
	struct path to = *p;
	enum err e;

	if (!vnode_is(v, S_DIRECTORY))
		return ERR_NOTDIR;
	e = vnode_permission(v, ACCESS_EXEC);
	if (e != OK)
		return e;
	path_ref(&to);
	fs_state_set(f, &f->cwd, &to);
	return OK;
}

enum err
vfs_chroot(const struct path *p)
{
	struct fs_state *f = fs_current();
	struct vnode *v = path_vnode(p);
	struct path to = *p;
	enum err e;

	if (!vnode_is(v, S_DIRECTORY))
		return ERR_NOTDIR;
	e = vnode_permission(v, ACCESS_EXEC);
	if (e != OK)
		return e;
	if (!capable(CAP_SYS_CHROOT))
		return ERR_PERM;
	path_ref(&to);
	fs_state_set(f, &f->root, &to);
	return OK;
}

/* ---- namespaces ------------------------------------------------------- */

struct mount_ns *
mount_ns_ref(struct mount_ns *ns)
{
	if (ns != NULL)
		ref_inc(&ns->refs);
	return ns;
}

struct mount_ns *
mount_ns_get(struct task *t)
{
	struct mount_ns *ns;

	mutex_lock(&t->lock);
	ns = mount_ns_ref(t->ns);
	mutex_unlock(&t->lock);
	return ns;
}

/* Under mount_lock, too: its holders look at their task's more than once. */
void
mount_ns_set(struct task *t, struct mount_ns *ns)
{
	struct mount_ns *old;

	mutex_lock(&t->lock);
	mutex_lock(&mount_lock);
	old = t->ns;
	t->ns = ns;
	mutex_unlock(&mount_lock);
	mutex_unlock(&t->lock);
	mount_ns_unref(old);
}

unsigned
mount_ns_number(const struct mount_ns *ns)
{
	return ns->number;
}

/* The first one has Linux's number for it; the next are beyond its others'. */
#define FIRST_NUMBER 4026531841u
#define NEXT_NUMBER  4026532000u

static struct mount_ns *
ns_create(void)
{
	static atomic_uint made;
	struct mount_ns *ns = kzalloc(sizeof(*ns));
	unsigned n;

	if (ns == NULL)
		return NULL;
	ref_init(&ns->refs, 1);
	n = atomic_fetch_add(&made, 1);
	ns->number = n == 0 ? FIRST_NUMBER : NEXT_NUMBER + n;
	list_init(&ns->mounts);
	return ns;
}

void
mount_ns_unref(struct mount_ns *ns)
{
	struct list dead = LIST_INIT(dead);
	struct mount *m, *ahead;

	if (ns == NULL || !ref_dec(&ns->refs))
		return;
	mutex_lock(&mount_lock);
	list_each_safe(m, ahead, &ns->mounts, ns_link)
		mount_detach(m, &dead);
	mutex_unlock(&mount_lock);
	mount_bury(&dead);
	kfree(ns, sizeof(*ns));
}

/* Makes a twin of each mount; all or none. */
static enum err
twins_create(struct mount_ns *ns)
{
	struct mount *m;
	enum err e = OK;

	list_each(m, &ns->mounts, ns_link) {
		m->twin = NULL;
		if (e == OK)
			e = mount_create(m->super, m->root, m->source,
			    atomic_load(&m->flags), &m->twin);
	}
	if (e == OK)
		return OK;
	list_each(m, &ns->mounts, ns_link) {
		mount_unref(m->twin);
		m->twin = NULL;
	}
	return e;
}

static void
path_to_twin(struct fs_state *f, struct path *slot)
{
	struct path to = *slot;

	if (to.mount == NULL || to.mount->twin == NULL)
		return;
	to.mount = to.mount->twin;
	path_ref(&to);
	fs_state_set(f, slot, &to);
}

enum err
mount_ns_clone(struct mount_ns *ns, struct fs_state *fs, struct mount_ns **out)
{
	struct mount_ns *copy = ns_create();
	struct mount *m;
	enum err e;

	if (copy == NULL)
		return ERR_NOMEM;
	mutex_lock(&mount_lock);
	e = twins_create(ns);
	if (e != OK)
		goto out;
	list_each(m, &ns->mounts, ns_link) {
		struct path at;

		if (m->parent == NULL || m->parent->twin == NULL) {
			mount_attach(m->twin, NULL, copy);
			continue;
		}
		at = (struct path){ m->parent->twin, m->point };
		mount_attach(m->twin, &at, copy);
	}
	copy->root = ns->root->twin;
	path_to_twin(fs, &fs->root);
	path_to_twin(fs, &fs->cwd);
	list_each(m, &ns->mounts, ns_link)
		m->twin = NULL;
	*out = copy;
	copy = NULL;
out:
	mutex_unlock(&mount_lock);
	kfree(copy, sizeof(*copy));
	return e;
}

enum err
vfs_mount_root(const char *type, const char *source, const char *options,
    struct fs_state **fs, struct mount_ns **ns)
{
	const struct fs_type *t = fs_type_by_name(type);
	struct mount_ns *n = NULL;
	struct mount *m = NULL;
	struct super *s = NULL;
	struct path root;
	enum err e;

	if (t == NULL)
		return ERR_NODEV;
	e = super_create(t, source, options, &s);
	if (e != OK)
		return e;
	e = mount_create(s, s->root_dentry, source != NULL ? source : type, 0,
	    &m);
	if (e != OK)
		goto out;
	e = ERR_NOMEM;
	n = ns_create();
	root = (struct path){ m, m->root };
	*fs = n == NULL ? NULL : fs_state_create(&root, &root, 022);
	if (n == NULL || *fs == NULL)
		goto out;
	mutex_lock(&mount_lock);
	n->root = m;
	mount_attach(m, NULL, n);
	mutex_unlock(&mount_lock);
	if (atomic_load(&fs_first) == NULL)
		atomic_store(&fs_first, fs_state_clone(*fs));
	*ns = n;
	n = NULL;
	m = NULL;
	e = OK;
out:
	kfree(n, sizeof(*n));
	mount_unref(m);
	super_unref(s);
	return e;
}

/* ---- views, for the executor ------------------------------------------- */

void
fs_state_view(struct fs_state *f, struct path *root, struct path *cwd)
{
	spin_lock(&f->lock);
	*root = f->root;
	path_ref(root);
	if (cwd != NULL) {
		*cwd = f->cwd;
		path_ref(cwd);
	}
	spin_unlock(&f->lock);
}

void
fs_state_set_view(
    struct fs_state *f, const struct path *root, const struct path *cwd)
{
	struct path new_root = *root, new_cwd = *cwd;

	path_ref(&new_root);
	path_ref(&new_cwd);
	fs_state_set(f, &f->root, &new_root);
	fs_state_set(f, &f->cwd, &new_cwd);
}

enum err
mount_ns_root(struct mount_ns *ns, struct path *out)
{
	struct path top;

	mutex_lock(&mount_lock);
	top = (struct path){ ns->root, ns->root->root };
	path_ref(&top);
	mutex_unlock(&mount_lock);
	*out = top;
	return OK;
}

bool
path_is_ns_root(const struct path *p, const struct mount_ns *ns)
{
	return p->mount == rcu_load(&ns->root) &&
	    p->dentry == p->mount->root;
}
