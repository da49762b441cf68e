/*
 * What the parts of the VFS know of each other; nobody else includes this.
 *
 * References: a path holds its mount and its dentry; a dentry holds its
 * parent and its vnode; the name cache holds each hashed dentry; a mount
 * holds its root dentry, its super, its parent mount and its mount point.
 *
 * Locks, in order: mount_lock (changes of mount trees) < super.rename_lock <
 * vnode.lock (parent before child, two directories by address) < the name
 * cache's spinlocks, which are never nested in each other.
 */
#pragma once

#include <kernel/log.h>
#include <kernel/mm.h>
#include <kernel/task.h>
#include <kernel/time.h>
#include <kernel/user.h>
#include <kernel/vfs.h>
#include <lib/path.h>
#include <lib/string.h>

/* For big structs whose members are set where they are needed. */
#define UNINITIALIZED __attribute__((uninitialized))

#define NAME_LIMIT  255u
#define LINKS_LIMIT 40u

/* ---- mounts: mount.c, mount_change.c, namespace.c --------------------- */

#define MOUNT_PARTS 8u

struct mount_uses {
	_Alignas(64) atomic_long n; /* alone it may be negative */
};

struct mount {
	struct hnode hash; /* [m] by (parent, point); read by RCU */
	struct hnode point_hash; /* [m] by point */
	/* fs/vfs/mount_count.c */
	_Atomic(struct mount_uses *) uses; /* [A] RCU; NULL: refs alone count */
	atomic_long refs; /* [A] */
	struct mount_uses *parts; /* [m] memory for uses; NULL: never needed */
	atomic_uint flags; /* [A] MOUNT_* */
	struct super *super; /* [I] */
	struct dentry *root; /* [I] what it shows */
	struct mount *parent; /* [m] NULL: top of a namespace, detached */
	struct dentry *point; /* [m] where in parent; NULL as above */
	struct mount_ns *ns; /* [m] NULL: detached; not counted */
	struct list children; /* [m] */
	struct list sibling; /* [m] */
	struct list ns_link; /* [m] in order of mounting */
	struct mount *twin; /* [m] while a tree is copied */
	struct container *charged; /* [I] referenced; whose limit */
	bool expiring; /* [m] marked by UNMOUNT_EXPIRE */
	struct path was; /* of a detached one: references to drop */
	uint64_t id; /* [I] */
	char source[64]; /* [I] */
	struct rcu_head rcu;
};

struct mount_ns {
	struct ref refs; /* [A] */
	unsigned number; /* [I] */
	struct mount *root; /* [m] */
	struct list mounts; /* [m] */
	unsigned count; /* [m] */
};

extern struct mutex mount_lock; /* m */
/* Even while no tree changes; walks without references compare it. */
extern struct seqcount mount_seq;

void mount_init(void);
enum err mount_create(struct super *s, struct dentry *root,
    const char *source, unsigned flags, struct mount **out);
/* The mount on top of (m, d), or NULL. Under RCU, not referenced. */
struct mount *mount_peek(struct mount *m, const struct dentry *d);
/* While something is mounted on p, p becomes its root. p is referenced. */
void mount_cross(struct path *p);
void mount_unref(struct mount *m);
/* Under mount_lock: hangs m at (parent, point), taking the caller's
 * reference to m. */
void mount_attach(struct mount *m, const struct path *at, struct mount_ns *ns);
/* Under mount_lock: takes m off its tree. mount_bury drops the references
 * of all that went to dead, once mount_lock is free. */
void mount_detach(struct mount *m, struct list *dead);
void mount_bury(struct list *dead);
/* Under mount_lock: moves m; at NULL: it becomes a top. *old: references
 * that the caller drops once mount_lock is free. */
void mount_relocate(
    struct mount *m, const struct path *at, struct path *old);
/* True when some mount of any namespace sits on d. */
bool mount_is_point(const struct dentry *d);
bool mount_is_below(const struct mount *m, const struct mount *top);

/* Under mount_lock, m is in a tree: counts it in parts from now on. */
void mount_spread(struct mount *m);
/* Counts m in one place again, and gives the sum. Sleeps; no lock held. */
long mount_gather(struct mount *m);
/* Drops the reference of the tree that m was in. */
void mount_unref_by_tree(struct mount *m);
/* False: it is just being freed. Under rcu_read_lock. */
bool mount_try_ref(struct mount *m);
void mount_count_init(void);

/* Adds n to this CPU's part; false: m is not counted in parts. */
static inline bool
mount_count(struct mount *m, long n)
{
	struct mount_uses *u;

	rcu_read_lock();
	u = atomic_load_explicit(&m->uses, ORDER_DEPENDENT);
	if (LIKELY(u != NULL))
		atomic_fetch_add_explicit(&u[cpu_id() % MOUNT_PARTS].n, n,
		    memory_order_release);
	rcu_read_unlock();
	return u != NULL;
}

static inline struct mount *
mount_ref(struct mount *m)
{
	if (!mount_count(m, 1))
		atomic_fetch_add_explicit(
		    &m->refs, 1, memory_order_relaxed);
	return m;
}

static inline bool
mount_is_readonly(const struct mount *m)
{
	return ((atomic_load_explicit(&m->flags, memory_order_relaxed) &
	    MOUNT_RDONLY) != 0) || (m->super->flags & SUPER_RDONLY) != 0;
}

/* Sets f->root or f->cwd; takes *p. */
void fs_state_set(struct fs_state *f, struct path *slot, struct path *p);

/* ---- supers: super.c -------------------------------------------------- */

enum err super_create(const struct fs_type *type, const char *source,
    const char *options, struct super **out);
void super_ref(struct super *s);
void super_unref(struct super *s);

/* ---- names: dentry.c -------------------------------------------------- */

void dentry_init(void);

/* The hash table; constant once it is made. */
struct name_table {
	struct hhead *buckets;
	unsigned shift; /* 32 - log2 of their number */
	uint64_t seed;
};
extern struct name_table name_table;

static inline struct hhead *
dentry_bucket(uint32_t hash)
{
	return &name_table.buckets[hash >> name_table.shift];
}

/* The hash of a name, in steps: begin, each byte, end. */
static inline uint64_t
name_hash_begin(const struct dentry *dir)
{
	return name_table.seed ^ (uintptr_t)dir;
}

static inline uint64_t
name_hash_step(uint64_t h, char c)
{
	return (h ^ (uint8_t)c) * UINT64_C(0x9e3779b97f4a7c15);
}

static inline uint32_t
name_hash_end(uint64_t h)
{
	return (uint32_t)((h ^ h >> 29) * UINT64_C(0xd6e8feb86659fd93) >> 32);
}

static inline uint32_t
dentry_hash(const struct dentry *dir, const char *name, size_t len)
{
	uint64_t h = name_hash_begin(dir);

	for (size_t i = 0; i < len; i++)
		h = name_hash_step(h, name[i]);
	return name_hash_end(h);
}

/* For names, which are short: no call. */
static inline RACY_READ bool
name_equal(const char *a, const char *b, size_t len)
{
	const char *end = a + len;

	while (a < end && *a == *b) {
		a++;
		b++;
	}
	return a == end;
}

/* Takes v; NULL: no memory, v is dropped. */
struct dentry *dentry_create_root(struct super *s, struct vnode *v);
/* The cached name, referenced, or NULL. No lock. */
struct dentry *dentry_lookup(
    struct dentry *dir, const char *name, size_t len, uint32_t hash);
/* Puts the name into the cache (takes v, NULL: negative), or finds that it
 * is there. dir's vnode is locked, any mode. NULL: no memory. */
struct dentry *dentry_attach(
    struct dentry *dir, const char *name, size_t len, struct vnode *v);
/* A negative name came to life; takes v. dir's vnode locked exclusive. */
void dentry_instantiate(struct dentry *d, struct vnode *v);
/* The name is gone: off the cache, for ever. */
void dentry_kill(struct dentry *d);
/* Forgets negative names below a directory that goes away. */
void dentry_prune(struct dentry *dir);
/* d becomes dir/name. Both directories locked; name space was checked. */
enum err dentry_move(
    struct dentry *d, struct dentry *dir, const char *name, size_t len);
enum err dentry_exchange(struct dentry *a, struct dentry *b);
void dentry_unref(struct dentry *d);
/* Drops every name of a super that nobody uses. */
void dentry_shrink_super(struct super *s);
/* The parent, referenced. */
struct dentry *dentry_parent(struct dentry *d);

static inline struct dentry *
dentry_ref(struct dentry *d)
{
	ref_inc(&d->refs);
	return d;
}

static inline bool
dentry_has(const struct dentry *d, unsigned flag)
{
	return (__atomic_load_n(&d->flags, __ATOMIC_RELAXED) & flag) != 0;
}

/* Under d->lock. */
static inline void
dentry_mark(struct dentry *d, unsigned flag, bool yes)
{
	unsigned flags = d->flags & ~flag;

	__atomic_store_n(&d->flags,
	    (uint16_t)(yes ? flags | flag : flags), __ATOMIC_RELAXED);
}

static inline bool
dentry_is_dead(const struct dentry *d)
{
	return dentry_has(d, DENTRY_DEAD);
}

/* Whether d's name was this; d->seq tells whether it still is. */
static inline RACY_READ bool
dentry_is_named(const struct dentry *d, const struct dentry *dir,
    const char *name, size_t len, uint32_t hash)
{
	return d->name_hash == hash && d->parent == dir &&
	    d->name_len == len && name_equal(d->name, name, len);
}

/* ---- walks: walk.c, walk_fast.c --------------------------------------- */

enum walk_last { WALK_NAME, WALK_DOT, WALK_DOTDOT, WALK_NOTHING };

struct walk {
	const char *rest; /* text not looked at yet */
	const char *name; /* the component in hand */
	size_t len;
	struct path root; /* nothing above it is visible */
	struct path at; /* where we are */
	unsigned flags; /* WALK_* */
	unsigned links; /* symbolic links followed */
	enum walk_last last; /* what the last component is */
	bool slash; /* text ends in a slash: must be a directory */
	bool outside_ok; /* false: ".." and "/" may not leave base */
	char *text; /* owned: text of links followed */
	size_t text_size;
};

/* walk_begin, then walk_parent or walk_end, then walk_done, always. */
enum err walk_begin(struct walk *w, const struct path *base, const char *path,
    unsigned flags);
/* Goes to the directory of the last component; name, len, last say which. */
enum err walk_parent(struct walk *w);
/* Goes all the way. */
enum err walk_end(struct walk *w);
/* Follows the symbolic link l that was found at w->at: the walk has its text
 * before it, walk_parent or walk_end go on. */
enum err walk_link(struct walk *w, struct dentry *l);
void walk_done(struct walk *w);
/* The cached name when it is right, else NULL. */
struct dentry *walk_cached(struct dentry *dir, const char *name, size_t len);
/* Looks name up in directory dir; *out referenced, may be negative. */
enum err walk_lookup(struct dentry *dir, const char *name, size_t len,
    struct dentry **out);
/* The same with dir's vnode locked already. */
enum err walk_lookup_locked(struct dentry *dir, const char *name, size_t len,
    struct dentry **out);
/* Without references and locks. ERR_AGAIN: only the other walk can tell.
 * last_name not NULL: stops at the parent and gives the last name. */
struct walk_name {
	const char *name;
	size_t len;
	bool slash;
};
enum err walk_fast(const struct path *base, const char *path, unsigned flags,
    struct walk_name *last_name, struct path *out);
/* Goes to the parent: fast when possible. name points into path or w. */
enum err walk_to_parent(struct walk *w, const struct path *base,
    const char *path, unsigned flags);

/* ---- the rest --------------------------------------------------------- */

/* Search permission on a directory; quick for the usual modes. */
static inline enum err
vnode_may_search(struct vnode *v)
{
	if (LIKELY((atomic_load_explicit(&v->mode, memory_order_relaxed) &
	    0111u) == 0111u))
		return OK;
	return vnode_permission(v, ACCESS_EXEC);
}

/* May the running task add or remove names in p's directory? */
enum err dir_may_change(struct mount *m, struct vnode *dir);
enum err dir_may_remove(struct mount *m, struct vnode *dir, struct vnode *v);
bool owner_or_capable(const struct vnode *v);
/* Owner, group and mode of something new in dir. */
void vnode_new_owner(struct vnode_new *n, const struct vnode *dir);
/* Makes w's last name; dir locked exclusive, d is its negative entry. */
enum err name_create(struct dentry *dir, struct dentry *d,
    const struct vnode_new *what);
/* Attributes set without permission checks; v locked exclusive. */
enum err vnode_store_attr(
    struct vnode *v, unsigned mask, const struct file_stat *a);
/* A write by somebody unprivileged takes set-id bits away. */
enum err vnode_drop_setid(struct vnode *v);
enum err vnode_resize(struct vnode *v, uint64_t size);
void vnode_table_init(void);
void file_table_init(void);
/* ops of a file on a vnode, by the vnode's type. */
const struct file_ops *vnode_file_ops_of(const struct vnode *v, unsigned flags);
struct fs_state *fs_current(void); /* the task's, or the first one */
void watch_vnode_gone(struct vnode *v);
void locks_init(void);
extern const struct file_ops vnode_file_ops, vnode_dir_ops, vnode_raw_ops,
    path_file_ops;

/* Events of watch_notify. The values are inotify's. */
#define WATCH_ACCESS      0x00000001u
#define WATCH_MODIFY      0x00000002u
#define WATCH_ATTRIB      0x00000004u
#define WATCH_CLOSE_WRITE 0x00000008u
#define WATCH_CLOSE_NOWRITE 0x00000010u
#define WATCH_OPEN        0x00000020u
#define WATCH_MOVED_FROM  0x00000040u
#define WATCH_MOVED_TO    0x00000080u
#define WATCH_CREATE      0x00000100u
#define WATCH_DELETE      0x00000200u
#define WATCH_DELETE_SELF 0x00000400u
#define WATCH_MOVE_SELF   0x00000800u
#define WATCH_UNMOUNT     0x00002000u
#define WATCH_OVERFLOW    0x00004000u
#define WATCH_IGNORED     0x00008000u
#define WATCH_IS_DIR      0x40000000u
/* True once any watch exists: keeps notification off the hot paths. */
extern atomic_uint watch_total;

/* An event of d's vnode, told to watchers of it and of its directory. */
void watch_dentry(struct dentry *d, uint32_t event);
static inline void
watch_event(struct dentry *d, uint32_t event)
{
	if (UNLIKELY(atomic_load_explicit(
	    &watch_total, memory_order_relaxed) != 0))
		watch_dentry(d, event);
}
