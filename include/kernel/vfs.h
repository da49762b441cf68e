/*
 * The virtual file system's services: kernel types in, kernel types out.
 * Paths are kernel strings; a base of NULL is the running task's cwd. Every
 * service checks permissions of the running task. Sleeps: all.
 */
#pragma once

#include <kernel/vnode.h>
#include <lib/slist.h>

struct task;
struct mount_ns;

/* A task's view: root, cwd, umask; shared by CLONE_FS. */
struct fs_state {
	struct ref refs;
	struct spinlock lock;
	struct path root, cwd; /* [l] */
	atomic_uint umask; /* [A] */
	struct seqcount seq; /* root and cwd, for lock-free walks */
};
struct fs_state *fs_state_clone(struct fs_state *f); /* NULL: memory */
void fs_state_unref(struct fs_state *f);
struct fs_state *fs_state_ref(struct fs_state *f);
/* Whether others than the one task use it. */
bool fs_state_is_shared(const struct fs_state *f);

/* Root and (unless NULL) working directory, referenced. */
void fs_state_view(struct fs_state *f, struct path *root, struct path *cwd);
void fs_state_set_view(
    struct fs_state *f, const struct path *root, const struct path *cwd);
/* The namespace's own root, referenced. */
enum err mount_ns_root(struct mount_ns *ns, struct path *out);
bool path_is_ns_root(const struct path *p, const struct mount_ns *ns);

void vfs_init(void);

void path_ref(const struct path *p);
/* The directory that p is named in, of the same mount; *out referenced. */
void path_parent(const struct path *p, struct path *out);
void path_unref(struct path *p); /* both to NULL */

/* How a walk ends; WALK_* flags. */
#define WALK_NOFOLLOW  0x01u /* the last component may be a symlink */
#define WALK_DIRECTORY 0x02u /* must be a directory */
#define WALK_EMPTY     0x04u /* "" names the base itself */
#define WALK_NOMOUNT   0x08u /* do not cross a mount at the end */
#define WALK_BENEATH   0x10u /* openat2: RESOLVE_BENEATH */
#define WALK_IN_ROOT   0x20u
#define WALK_NO_XDEV   0x40u
#define WALK_NO_LINKS  0x80u
#define WALK_NO_MAGIC  0x100u

/* *out referenced. ERR_NOENT, ERR_NOTDIR, ERR_ACCESS, ERR_LOOP,
 * ERR_NAMETOOLONG. */
enum err vfs_walk(const struct path *base, const char *path, unsigned flags,
    struct path *out);

struct open_how {
	unsigned flags; /* FILE_* */
	unsigned how; /* OPEN_* */
	unsigned walk; /* WALK_* */
	uint32_t mode; /* for OPEN_CREATE, before umask */
};
#define OPEN_CREATE    0x01u
#define OPEN_EXCLUSIVE 0x02u
#define OPEN_TRUNCATE  0x04u
#define OPEN_NOCTTY    0x08u
#define OPEN_TMPFILE   0x10u
#define OPEN_DIRECTORY 0x20u
enum err vfs_open(const struct path *base, const char *path,
    const struct open_how *how, struct file **out);
/* Opens what p already names. */
enum err vfs_open_path(
    const struct path *p, unsigned file_flags, struct file **out);

/* A nameless file of memory, open for both ways. */
enum err vfs_memory_file(unsigned file_flags, struct file **out);
bool file_is_memory(const struct file *f);

enum err vfs_stat(const struct path *p, struct file_stat *out);
void vnode_stat(struct vnode *v, struct file_stat *out); /* no fs call */
enum err vfs_mknod(const struct path *base, const char *path, uint32_t mode,
    uint64_t rdev); /* any type but symlink; S_DIRECTORY is mkdir */
enum err vfs_symlink(
    const struct path *base, const char *path, const char *target);
enum err vfs_link(const struct path *from, const struct path *base,
    const char *path);
#define UNLINK_FILE 0x1u
#define UNLINK_DIR  0x2u /* both bits: either */
enum err vfs_unlink(
    const struct path *base, const char *path, unsigned what);
enum err vfs_rename(const struct path *from_base, const char *from,
    const struct path *to_base, const char *to, unsigned flags);
enum err vfs_read_link(
    const struct path *p, char *buf, size_t len, size_t *done);
/* mask: ATTR_*; UTIME_NOW is the caller's to resolve. */
enum err vfs_set_attr(
    const struct path *p, unsigned mask, const struct file_stat *a);
enum err vfs_truncate(const struct path *p, uint64_t size);
#define ACCESS_READ  4u
#define ACCESS_WRITE 2u
#define ACCESS_EXEC  1u
/* effective: by euid, else by real uid. */
enum err vfs_access(const struct path *p, unsigned mask, bool effective);
enum err vnode_permission(struct vnode *v, unsigned mask);
enum err vfs_statfs(const struct path *p, struct fs_stat *out);
enum err vfs_sync(void);
enum err vfs_chdir(const struct path *p);
enum err vfs_chroot(const struct path *p);
/* The path text as seen from root (NULL: the task's), into the end of buf;
 * *start points at it. When it is not below, PATH_UNREACHABLE is prefixed to
 * the path from the namespace's root: getcwd shows that, a link of /proc leaves
 * it out. */
#define PATH_UNREACHABLE "(unreachable)"
enum err vfs_path_text(const struct path *p, const struct path *root,
    char *buf, size_t len, char **start);
enum err vfs_xattr_get(const struct path *p, const char *name, void *buf,
    size_t len, size_t *done);
enum err vfs_xattr_set(const struct path *p, const char *name,
    const void *buf, size_t len, unsigned flags);
enum err vfs_xattr_list(
    const struct path *p, char *buf, size_t len, size_t *done);

/* ---- mounts ----------------------------------------------------------- */

#define MOUNT_RDONLY   0x01u
#define MOUNT_NOSUID   0x02u
#define MOUNT_NODEV    0x04u
#define MOUNT_NOEXEC   0x08u
#define MOUNT_NOATIME  0x10u
#define MOUNT_RELATIME 0x20u

struct mount_ns *mount_ns_ref(struct mount_ns *ns);
void mount_ns_unref(struct mount_ns *ns);
/* The task's, referenced; NULL: it has none any more. */
struct mount_ns *mount_ns_get(struct task *t);
/* Gives t another one. Takes: ns. */
void mount_ns_set(struct task *t, struct mount_ns *ns);
/* What tells it from others (/proc/PID/ns). */
unsigned mount_ns_number(const struct mount_ns *ns);
enum err mount_ns_clone(struct mount_ns *ns, struct fs_state *fs,
    struct mount_ns **out); /* fs's paths move to the copies */
enum err vfs_mount(const struct path *at, const char *type,
    const char *source, const char *options, unsigned flags);
enum err vfs_bind(
    const struct path *from, const struct path *at, bool recursive);
enum err vfs_remount(const struct path *at, unsigned flags);
enum err vfs_move_mount(const struct path *from, const struct path *to);
#define UNMOUNT_LAZY   0x1u
#define UNMOUNT_EXPIRE 0x2u
enum err vfs_unmount(const struct path *at, unsigned flags);
enum err vfs_pivot_root(
    const struct path *new_root, const struct path *put_old);
/* One mount after another of the namespace, in mount order, for
 * /proc/mounts and mountinfo; *id is 0 at the start; ERR_NOENT past end. */
struct mount_info {
	uint64_t id, parent_id, dev;
	struct path root_of_mount; /* referenced: dentry the mount shows */
	struct path at; /* referenced: where it is mounted */
	const char *type;
	char source[64], options[128];
	unsigned flags;
};
enum err mount_next(
    struct mount_ns *ns, uint64_t *id, struct mount_info *out);
/* The first namespace with root as "/": boot. */
enum err vfs_mount_root(const char *type, const char *source,
    const char *options, struct fs_state **fs, struct mount_ns **ns);
const struct fs_type *fs_type_by_name(const char *name);
const struct fs_type *fs_type_by_index(unsigned i); /* NULL past the end */

/* A place that stands for a file without one (pipe, socket): opening it gives
 * a file that passes everything on to f. *out referenced. */
enum err vfs_pathless(struct file *f, struct path *out);

/* MOUNT_* of the mount a path is on, and its number. */
unsigned mount_flags(const struct mount *m);
uint64_t mount_id(const struct mount *m);

/* ---- advisory locks, watches ------------------------------------------ */

struct file_lock {
	uint64_t start, end; /* inclusive; end UINT64_MAX: to the end */
	bool exclusive;
	int pid; /* holder, out: of the conflicting lock */
	void *owner; /* task's handle table (POSIX), file (OFD, flock) */
	bool flock; /* the flock family, separate from byte ranges */
};
enum err vfs_lock(struct file *f, const struct file_lock *l, bool wait);
enum err vfs_unlock(struct file *f, const struct file_lock *l);
/* *conflict false: it could be placed. */
enum err vfs_lock_test(struct file *f, struct file_lock *l, bool *conflict);
void vfs_locks_drop(struct file *f, void *owner); /* close */

/* inotify-like: events of a vnode reach a queue file. */
struct file;
enum err watch_create(unsigned file_flags, struct file **out);
enum err watch_add(
    struct file *queue, const struct path *p, uint32_t mask, int *wd);
enum err watch_remove(struct file *queue, int wd);
void watch_notify(struct vnode *dir_or_file, uint32_t event,
    const char *name, size_t len, uint32_t cookie);

struct dentry {
	struct hnode hash; /* name cache bucket; RCU */
	struct seqcount seq; /* changes of name, parent, vnode */
	struct dentry *parent; /* [d] root: itself */
	struct vnode *vnode; /* [d] NULL: negative */
	uint32_t name_hash;
	uint16_t name_len;
	uint16_t flags; /* [d] to write; DENTRY_* */
	struct ref refs; /* [A] */
	uint8_t age; /* [I] the age list it is on */
	struct super *super; /* [I] */
	struct spinlock lock; /* RANK_DENTRY: d */
	struct list children; /* [d] */
	struct list sibling; /* parent's lock */
	struct list lru; /* the age list's lock */
	const char *name; /* [d] inline_name or allocated */
	char inline_name[32];
	struct rcu_head rcu;
};
#define DENTRY_MOUNTED 0x1u /* something may be mounted here */
#define DENTRY_DEAD    0x2u /* unlinked */

static inline struct vnode *
path_vnode(const struct path *p)
{
	return p->dentry->vnode;
}

/* Names of synthetic vnodes that went away are dropped from the cache. */
void dentry_forget(struct super *s, struct vnode *v);
