/*
 * What a file system implements.
 *
 * A vnode is one file of a mounted file system, in memory. Its attributes
 * live here; the file system fills them when it makes the vnode and is told
 * of changes through set_attr. fs/vfs does path walking, mounts, "..",
 * permissions, locking and the name cache before any op runs.
 */
#pragma once

#include <kernel/file.h>
#include <kernel/space.h>
#include <lib/slist.h>

struct super;
struct task;
struct vnode;
struct vnode_new;
struct vnode_rename;

/*
 * Ops on one node. v is referenced; v->lock is held: shared for lookup and
 * list, exclusive for the rest unless a line says otherwise. Names are one
 * component, never "." or "..". NULL means "not supported" in one way
 * (ERR_NOTSUP, ERR_PERM for link/create).
 */
struct vnode_ops {
	/* *out referenced; ERR_NOENT makes a negative entry. dir shared. */
	enum err (*lookup)(struct vnode *dir, const char *name, size_t len,
	    struct vnode **out);
	/* Makes a file, directory, device, fifo, socket by mode; *out ref'd.
	 * The name is known not to exist. */
	enum err (*create)(struct vnode *dir, const char *name, size_t len,
	    const struct vnode_new *what, struct vnode **out);
	enum err (*link)(struct vnode *dir, const char *name, size_t len,
	    struct vnode *v);
	/* Removes the entry of v (file, or empty directory: ERR_NOTEMPTY). */
	enum err (*unlink)(struct vnode *dir, const char *name, size_t len,
	    struct vnode *v);
	/* Both directories and the victims are locked; target may be NULL. */
	enum err (*rename)(const struct vnode_rename *r);
	/* Entries from *off on, without "." and ".."; shared. */
	enum err (*list)(
	    struct vnode *dir, uint64_t *off, struct dir_sink *sink);
	/* Data of files without page cache (proc, devices). No lock. */
	enum err (*read)(struct vnode *v, struct file *f, struct iter *it,
	    uint64_t *off, size_t *done);
	enum err (*write)(struct vnode *v, struct file *f, struct iter *it,
	    uint64_t *off, size_t *done);
	enum err (*resize)(struct vnode *v, uint64_t size);
	/* Attributes that the file system computes late (proc, sizes). */
	enum err (*get_attr)(struct vnode *v, struct file_stat *st);
	/* mask: ATTR_*; the new values are in a; after permission checks. The
	 * VFS stores them in v when this answers OK or is NULL. */
	enum err (*set_attr)(
	    struct vnode *v, unsigned mask, const struct file_stat *a);
	/* The text of a link that is made when it is read (proc). No lock. */
	enum err (*read_link)(struct vnode *v, char *buf, size_t len,
	    size_t *done);
	/* A link that names a place, not text (/proc/PID/fd/N, cwd, exe). */
	enum err (*follow)(struct vnode *v, struct path *out);
	/* The task that a directory is about (/proc/PID); *out referenced.
	 * ERR_BADHANDLE: about none, as where this is NULL. */
	enum err (*task)(struct vnode *v, struct task **out);
	/* A file was opened on v: may replace f->ops, set f->data. Also for
	 * devices and fifos, which then are not opened as such. No lock. */
	enum err (*open)(struct vnode *v, struct file *f);
	enum err (*sync)(struct vnode *v, bool data_only);
	/* Extended attributes; buf NULL: only the size. */
	enum err (*xattr_get)(struct vnode *v, const char *name, void *buf,
	    size_t len, size_t *done);
	enum err (*xattr_set)(struct vnode *v, const char *name,
	    const void *buf, size_t len, unsigned flags);
	enum err (*xattr_list)(
	    struct vnode *v, char *buf, size_t len, size_t *done);
	/* A cached name may have become wrong (proc, network): false drops
	 * it. Under RCU; must not sleep. NULL: always right. */
	bool (*still_valid)(struct vnode *dir, const char *name, size_t len,
	    struct vnode *v);
	/* Last reference, no lock: frees the vnode's memory after RCU. */
	void (*release)(struct vnode *v);
};

struct vnode_new {
	uint32_t mode; /* type and permissions, umask applied */
	uint32_t uid, gid;
	uint64_t rdev;
	const char *target; /* symbolic links */
};
struct vnode_rename {
	struct vnode *from_dir, *to_dir;
	const char *from, *to;
	size_t from_len, to_len;
	struct vnode *v, *target; /* target NULL: new name */
	unsigned flags; /* RENAME_EXCHANGE_ ... */
};
#define RENAME_NOREPLACE_ 0x1u
#define RENAME_EXCHANGE_  0x2u
#define RENAME_WHITEOUT_  0x4u

#define ATTR_MODE  0x01u
#define ATTR_UID   0x02u
#define ATTR_GID   0x04u
#define ATTR_SIZE  0x08u
#define ATTR_ATIME 0x10u
#define ATTR_MTIME 0x20u
#define ATTR_CTIME 0x40u
#define ATTR_NOW   0x80u /* the times given are "now": writers may, too */

struct vnode {
	struct ref refs; /* [A] */
	struct hnode hash; /* live vnodes by (super, ino); vnode_hash */
	const struct vnode_ops *ops; /* [I] */
	struct super *super; /* [I] */
	uint64_t ino; /* [I] */
	struct rwlock lock; /* RANK_VNODE: directory contents, attributes */
	struct spinlock attr_lock; /* RANK_DENTRY: a: times */
	struct seqcount attr_seq; /* times read together (stat) */
	atomic_uint mode; /* [A] type never changes */
	atomic_uint uid, gid, nlink; /* [A] written under lock */
	uint64_t rdev; /* [I] */
	struct file_time atime, mtime, ctime, btime; /* [a] attr_seq */
	_Atomic(ns_t) touched; /* [A] when vnode_touch set them last */
	atomic_uint touched_which; /* [A] and which of them */
	uint64_t blocks; /* [l] of 512 bytes */
	struct memobj cache; /* regular files: the page cache and size */
	bool has_cache; /* [I] cache is initialised */
	atomic_int write_count; /* [A] > 0 writers, < 0 executed (TXTBUSY) */
	void *data; /* [I] the file system's */
	/* Symbolic links whose text never changes: read by walks under RCU,
	 * freed with the vnode after a grace period. NULL: read_link. */
	const char *link_text; /* [I] */
	void *bound; /* [v] unix socket or fifo pipe; vnode lock */
	struct list locks; /* advisory locks; fs/vfs/locks.c */
	struct list watches; /* inotify; fs/vfs/watch.c */
	struct rcu_head rcu;
};

/* Sets up a new vnode with one reference. mode has the type. */
void vnode_init(struct vnode *v, struct super *s,
    const struct vnode_ops *ops, uint64_t ino, uint32_t mode);

static inline struct vnode *
vnode_ref(struct vnode *v)
{
	ref_inc(&v->refs);
	return v;
}

void vnode_unref(struct vnode *v); /* NULL is fine; may sleep */
/* Looks up (super, ino) among live vnodes, *out referenced; file systems with
 * several ways to one file use this table. ERR_NOENT. */
enum err vnode_find(struct super *s, uint64_t ino, struct vnode **out);
void vnode_hash(struct vnode *v);

static inline bool
vnode_is(const struct vnode *v, uint32_t type)
{
	return S_IS(atomic_load_explicit(&v->mode, memory_order_relaxed), type);
}

/* Sets times (ATTR_*TIME) to now, with a grain of a millisecond. */
void vnode_touch(struct vnode *v, unsigned which);

/* ---- file systems ----------------------------------------------------- */

struct super { /* one mounted file system instance */
	const struct fs_type *type; /* [I] */
	uint64_t dev; /* [I] st_dev */
	struct vnode *root; /* [I] */
	void *data; /* [I] the file system's */
	struct mutex rename_lock; /* RANK_RENAME */
	struct dentry *root_dentry; /* [I] */
	struct ref refs; /* [A] mounts */
	unsigned name_max; /* [I] bytes */
	unsigned flags; /* [l] SUPER_RDONLY ... */
	struct list link; /* all supers */
	struct rcu_head rcu;
};
#define SUPER_RDONLY 0x1u

struct fs_stat {
	uint64_t magic, blocks, free, avail, files, files_free;
	uint32_t block_size, name_max;
};

struct fs_type {
	const char *name;
	bool nodev; /* needs no device */
	/* Fills s->root, data, name_max. source and options as the caller
	 * gave them, kernel strings, may be NULL. */
	enum err (*mount)(
	    struct super *s, const char *source, const char *options);
	enum err (*remount)(struct super *s, const char *options);
	enum err (*sync)(struct super *s);
	enum err (*stat)(struct super *s, struct fs_stat *out);
	void (*unmount)(struct super *s); /* all vnodes are gone */
	/* Appends ",key=value" option text for /proc/mounts. */
	size_t (*options)(struct super *s, char *buf, size_t len);
};
#define FS_TYPE(rec) \
	static const struct fs_type *const rec##_entry \
	    __attribute__((section(".carmine.fs"), used)) = &(rec)
