/*
 * File system types, instances (supers), and the table of live vnodes.
 *
 * A super lives while a mount shows it. The table of vnodes is for file
 * systems where several names lead to one file; it holds no references: a
 * vnode leaves it when its last reference goes, and a lookup that meets a
 * dying vnode does not see it.
 */
#include "internal.h"

#include <kernel/ipc.h>
#include <lib/hash.h>

#define VNODE_BUCKETS 256u

static struct {
	struct mutex lock; /* s: list of supers */
	struct list supers; /* [s] */
	atomic_ullong next_dev; /* [A] */
	struct spinlock table_lock;
	struct hhead table[VNODE_BUCKETS]; /* [table_lock] */
} fs_state_all;

extern const struct fs_type *const carmine_fs_start[];
extern const struct fs_type *const carmine_fs_end[];

const struct fs_type *
fs_type_by_index(unsigned i)
{
	if (i >= (size_t)(carmine_fs_end - carmine_fs_start))
		return NULL;
	return carmine_fs_start[i];
}

const struct fs_type *
fs_type_by_name(const char *name)
{
	const struct fs_type *t;

	for (unsigned i = 0; (t = fs_type_by_index(i)) != NULL; i++)
		if (strcmp(t->name, name) == 0)
			return t;
	return NULL;
}

enum err
super_create(const struct fs_type *type, const char *source,
    const char *options, struct super **out)
{
	struct super *s = kzalloc(sizeof(*s));
	enum err e;

	if (s == NULL)
		return ERR_NOMEM;
	s->type = type;
	s->dev = atomic_fetch_add(&fs_state_all.next_dev, 1);
	s->name_max = NAME_LIMIT;
	ref_init(&s->refs, 1);
	mutex_init(&s->rename_lock, RANK_RENAME, "rename");
	list_init(&s->link);
	e = type->mount(s, source, options);
	if (e != OK)
		goto out;
	s->root_dentry = dentry_create_root(s, vnode_ref(s->root));
	if (s->root_dentry == NULL) {
		vnode_unref(s->root);
		if (type->unmount != NULL)
			type->unmount(s);
		e = ERR_NOMEM;
		goto out;
	}
	mutex_lock(&fs_state_all.lock);
	list_add_tail(&fs_state_all.supers, &s->link);
	mutex_unlock(&fs_state_all.lock);
	*out = s;
	s = NULL;
out:
	kfree(s, sizeof(*s));
	return e;
}

void
super_ref(struct super *s)
{
	ref_inc(&s->refs);
}

static void
super_end(struct rcu_head *h)
{
	struct super *s = container_of(h, struct super, rcu);

	if (s->type->unmount != NULL)
		s->type->unmount(s);
	kfree(s, sizeof(*s));
}

/* Names that reclaim freed may still hold vnodes: all that was queued before
 * has run after two rounds. Nobody waits for that, because the last reference
 * may go in a callback (a dead thread's task), where waiting never ends. */
static void
super_wait(struct rcu_head *h)
{
	rcu_call(h, super_end);
}

void
super_unref(struct super *s)
{
	if (s == NULL || !ref_dec(&s->refs))
		return;
	mutex_lock(&fs_state_all.lock);
	list_del(&s->link);
	mutex_unlock(&fs_state_all.lock);
	dentry_shrink_super(s);
	dentry_unref(s->root_dentry);
	if (s->type->sync != NULL)
		err_ignore(s->type->sync(s)); /* nobody is left to hear it */
	vnode_unref(s->root);
	rcu_call(&s->rcu, super_wait);
}

enum err
vfs_sync(void)
{
	enum err e = OK, one;
	struct super *s;

	mutex_lock(&fs_state_all.lock);
	list_each(s, &fs_state_all.supers, link) {
		if (s->type->sync == NULL)
			continue;
		one = s->type->sync(s);
		if (e == OK)
			e = one;
	}
	mutex_unlock(&fs_state_all.lock);
	return e;
}

/* ---- vnodes ----------------------------------------------------------- */

void
vnode_init(struct vnode *v, struct super *s, const struct vnode_ops *ops,
    uint64_t ino, uint32_t mode)
{
	ns_t now = time_wall();

	memset(v, 0, sizeof(*v));
	ref_init(&v->refs, 1);
	v->ops = ops;
	v->super = s;
	v->ino = ino;
	hnode_init(&v->hash);
	rwlock_init(&v->lock, RANK_VNODE, "vnode");
	atomic_init(&v->mode, mode);
	atomic_init(&v->nlink, S_IS(mode, S_DIRECTORY) ? 2 : 1);
	v->mtime.sec = (int64_t)(now / NS_PER_SEC);
	v->mtime.nsec = (uint32_t)(now % NS_PER_SEC);
	v->atime = v->ctime = v->btime = v->mtime;
	list_init(&v->locks);
	list_init(&v->watches);
}

static struct hhead *
vnode_bucket(const struct super *s, uint64_t ino)
{
	return &fs_state_all.table[hash_mix((uintptr_t)s, ino) %
	    VNODE_BUCKETS];
}

void
vnode_hash(struct vnode *v)
{
	spin_lock(&fs_state_all.table_lock);
	hlist_add_head(vnode_bucket(v->super, v->ino), &v->hash);
	spin_unlock(&fs_state_all.table_lock);
}

enum err
vnode_find(struct super *s, uint64_t ino, struct vnode **out)
{
	enum err e = ERR_NOENT;
	struct vnode *v;

	spin_lock(&fs_state_all.table_lock);
	hlist_each(v, vnode_bucket(s, ino), hash) {
		if (v->super == s && v->ino == ino &&
		    ref_inc_unless_zero(&v->refs)) {
			*out = v;
			e = OK;
			break;
		}
	}
	spin_unlock(&fs_state_all.table_lock);
	return e;
}

void
vnode_unref(struct vnode *v)
{
	if (v == NULL || !ref_dec(&v->refs))
		return;
	if (v->hash.link != NULL) {
		spin_lock(&fs_state_all.table_lock);
		hlist_del(&v->hash);
		spin_unlock(&fs_state_all.table_lock);
	}
	if (UNLIKELY(!list_empty(&v->watches)))
		watch_vnode_gone(v);
	v->ops->release(v);
}

/* Times are one group: the spinlock keeps preemption off, so that a reader on
 * this CPU never meets a half-done writer. */
static NOINLINE void
touch_now(struct vnode *v, unsigned which, ns_t mono)
{
	ns_t now = time_wall();
	const struct file_time t = {
		.sec = (int64_t)(now / NS_PER_SEC),
		.nsec = (uint32_t)(now % NS_PER_SEC),
	};

	spin_lock(&v->attr_lock);
	seq_write_begin(&v->attr_seq);
	if (which & ATTR_ATIME)
		v->atime = t;
	if (which & ATTR_MTIME)
		v->mtime = t;
	if (which & ATTR_CTIME)
		v->ctime = t;
	atomic_store_explicit(&v->touched_which, which, memory_order_relaxed);
	atomic_store_explicit(&v->touched, mono, memory_order_relaxed);
	seq_write_end(&v->attr_seq);
	spin_unlock(&v->attr_lock);
}

/* A writer of many small pieces does not set the same time again and again.
 * The look without lock may see an older pair: then a time is a millisecond
 * old at most. */
void
vnode_touch(struct vnode *v, unsigned which)
{
	ns_t mono = time_now();

	if (mono - atomic_load_explicit(&v->touched, memory_order_relaxed) >=
	    NS_PER_MS || (which & ~atomic_load_explicit(
	    &v->touched_which, memory_order_relaxed)) != 0)
		touch_now(v, which, mono);
}

void
vnode_table_init(void)
{
	mutex_init(&fs_state_all.lock, RANK_NAMESPACE, "supers");
	list_init(&fs_state_all.supers);
	atomic_init(&fs_state_all.next_dev, 16);
	spin_init(&fs_state_all.table_lock, RANK_DENTRY, "vnodes");
}
