/*
 * Files: open descriptions. Everything that can be read, written or waited
 * for is a struct file, whatever its kind: vnodes, pipes, sockets, events,
 * timers, wait sets.
 */
#pragma once

#include <kernel/iter.h>
#include <kernel/obj.h>

struct dentry;
struct mount;
struct vnode;
struct file;
struct map_request;
struct space;
struct memobj;

struct path { /* a place in the tree; holds a reference to each */
	struct mount *mount;
	struct dentry *dentry;
};

/* Events, with poll(2)'s bits. */
#define POLL_IN     0x0001u
#define POLL_PRI    0x0002u
#define POLL_OUT    0x0004u
#define POLL_ERR    0x0008u
#define POLL_HUP    0x0010u
#define POLL_NVAL   0x0020u
#define POLL_RDNORM 0x0040u
#define POLL_RDBAND 0x0080u
#define POLL_WRNORM 0x0100u
#define POLL_WRBAND 0x0200u
#define POLL_RDHUP  0x2000u

/* How a waiter learns of a file's queues: poll calls poll_wait for each. */
struct poll_request {
	void (*add)(struct poll_request *r, struct waitq *q);
	unsigned events; /* what the waiter asked for */
	bool lasting; /* stays after the call: a wait set */
};

static inline void
poll_wait(struct poll_request *r, struct waitq *q)
{
	if (r == NULL)
		return;
	r->add(r, q);
	/* On the queue before the state is looked at: the other half of the
	 * fence between a change and the look for waiters. */
	atomic_thread_fence(memory_order_seq_cst);
}

struct file_stat;
struct dir_sink;

/*
 * What a kind of file does. Calls arrive with a reference held and no lock.
 * NULL entries answer as said. Source: docs/vfs.md.
 */
struct file_ops {
	/* off: NULL for streams; advanced by *done. NULL: ERR_NOTSUP (INVAL
	 * at the edge). Partial: yes. */
	enum err (*read)(
	    struct file *f, struct iter *it, uint64_t *off, size_t *done);
	enum err (*write)(
	    struct file *f, struct iter *it, uint64_t *off, size_t *done);
	/* Current events; registers on queues when r is not NULL. NULL: always
	 * POLL_IN | POLL_OUT. */
	unsigned (*poll)(struct file *f, struct poll_request *r);
	/* Control by number in the Linux encoding of the tty, fs and socket
	 * ioctls; arg is a user address or value. NULL: ERR_NOTTY. */
	enum err (*control)(
	    struct file *f, unsigned cmd, uintptr_t arg, long *ret);
	/* Attributes of files without vnode, into zeroes. NULL: from the
	 * vnode. */
	enum err (*stat)(struct file *f, struct file_stat *st);
	/* The memory object to map, referenced, or NULL for anonymous memory;
	 * may adjust req. NULL: ERR_NODEV. */
	enum err (*map)(struct file *f, struct map_request *req,
	    struct memobj **out);
	/* Directory entries from *off on. NULL: ERR_NOTDIR. */
	enum err (*list)(struct file *f, uint64_t *off, struct dir_sink *sink);
	/* NULL: ERR_SPIPE for streams; vnode files seek generically. */
	enum err (*seek)(
	    struct file *f, int64_t off, int whence, uint64_t *out);
	enum err (*sync)(struct file *f, bool data_only); /* NULL: INVAL */
	/* Flags changed by fcntl (FILE_NONBLOCK ...). NULL: fine. */
	void (*flags)(struct file *f, unsigned flags);
	/* Each handle closed (POSIX locks, flush). NULL: nothing. */
	void (*close)(struct file *f);
	/* The last reference went: frees what f->data stands for and, unless
	 * f has FILE_OWNED, what embeds f. NULL: nothing (FILE_OWNED only). */
	void (*release)(struct file *f);
	/* One line for /proc/PID/fd links of pathless files ("pipe:[12]"). */
	size_t (*describe)(struct file *f, char *buf, size_t len);
};

/* file.flags */
#define FILE_READ      0x0001u
#define FILE_WRITE     0x0002u
#define FILE_APPEND    0x0004u
#define FILE_NONBLOCK  0x0008u
#define FILE_DIRECT    0x0010u
#define FILE_SYNC      0x0020u
#define FILE_DSYNC     0x0040u
#define FILE_ASYNC     0x0080u
#define FILE_NOATIME   0x0100u
#define FILE_STREAM    0x0200u /* no offset */
#define FILE_EXEC      0x0400u /* opened to execute: denies writers */
#define FILE_PATH      0x0800u /* only names (O_PATH) */
#define FILE_OWNED     0x1000u /* made by file_create or vfs_open, which
	free the struct themselves after release */
#define FILE_NOCTTY    0x2000u /* opening does not take a terminal over */
#define FILE_SETTABLE  (FILE_APPEND | FILE_NONBLOCK | FILE_DIRECT | \
	FILE_ASYNC | FILE_NOATIME)

struct file {
	struct obj obj; /* kind among OBJ_ANY_FILE */
	const struct file_ops *ops; /* [I] */
	atomic_uint flags; /* [A] FILE_* */
	struct path path; /* [I] both NULL for pathless files */
	struct vnode *vnode; /* [I] of path.dentry, NULL for pathless */
	struct mutex lock; /* RANK_OFFSET: offset */
	uint64_t off; /* [l] */
	void *data; /* [I] owner's (driver, fs) */
	/* owner for SIGIO */
	int async_pid; /* [l] > 0 task, < 0 group */
	int async_signal; /* [l] */
	struct carrier *carrier; /* [I] it queues files; see inflight.c */
	struct list watches; /* epoll back-links; see waitset.c */
	struct spinlock watch_lock;
	bool watched; /* [watch_lock] was in a wait set once */
	uint64_t list_cookie; /* [l] for file systems' list */
	struct rcu_head rcu;
};

/* Fills the common part; embeds into f's owner. flags: FILE_*. */
void file_init(struct file *f, const struct file_ops *ops,
    enum obj_kind kind, unsigned flags);

/* A file that embeds in nothing: one reference, FILE_OWNED, data set. */
enum err file_create(const struct file_ops *ops, enum obj_kind kind,
    unsigned flags, void *data, struct file **out);

static inline struct file *
file_ref(struct file *f)
{
	obj_ref(&f->obj);
	return f;
}

static inline void
file_unref(struct file *f)
{
	if (f != NULL)
		obj_unref(&f->obj);
}

static inline struct file *
file_of(struct obj *o)
{
	return container_of(o, struct file, obj);
}

static inline unsigned
file_flags(const struct file *f)
{
	return atomic_load_explicit(
	    &f->flags, memory_order_relaxed);
}

/* handle_get for any kind that is a file; *out referenced. ERR_BADHANDLE
 * also when the handle is no file. */
enum err file_get(struct handle_table *t, uint32_t h, rights_t need,
    struct file **out);
/* The rights a handle gets for a file opened with these FILE_* flags. */
rights_t file_rights(unsigned flags);

/* Generic services used by every ABI. They check FILE_READ/FILE_WRITE, take
 * the offset lock, honour FILE_APPEND, RLIMIT_FSIZE, and count bytes. */
static inline enum err file_read(
    struct file *f, struct iter *it, size_t *done);
static inline enum err file_write(
    struct file *f, struct iter *it, size_t *done);
static inline enum err file_pread(
    struct file *f, struct iter *it, uint64_t off, size_t *done);
enum err file_pwrite(
    struct file *f, struct iter *it, uint64_t off, size_t *done);
#define SEEK_SET_  0
#define SEEK_CUR_  1
#define SEEK_END_  2
#define SEEK_DATA_ 3
#define SEEK_HOLE_ 4
enum err file_seek(struct file *f, int64_t off, int whence, uint64_t *out);

/* What these leave to functions. */
enum err file_read_refused(const struct file *f); /* why not */
enum err file_pread_refused(const struct file *f);
enum err file_read_shared(struct file *f, struct iter *it, size_t *done);
enum err file_write_at(struct file *f, struct iter *it, size_t *done);

/* Nobody else has the description: its offset needs no lock. */
static inline bool
file_is_private(const struct file *f)
{
	return LIKELY(atomic_load_explicit(
	    &f->obj.refs.count, memory_order_relaxed) == 1);
}

static inline enum err
file_read(struct file *f, struct iter *it, size_t *done)
{
	unsigned flags = file_flags(f);

	if (UNLIKELY((flags & FILE_READ) == 0 || f->ops->read == NULL))
		return file_read_refused(f);
	if (flags & FILE_STREAM)
		return f->ops->read(f, it, NULL, done);
	return file_is_private(f) ? f->ops->read(f, it, &f->off, done) :
	    file_read_shared(f, it, done);
}

static inline enum err
file_pread(struct file *f, struct iter *it, uint64_t off, size_t *done)
{
	if (UNLIKELY((file_flags(f) & (FILE_READ | FILE_STREAM)) !=
	    FILE_READ || f->ops->read == NULL || off > INT64_MAX))
		return file_pread_refused(f);
	return f->ops->read(f, it, &off, done);
}

static inline enum err
file_write(struct file *f, struct iter *it, size_t *done)
{
	unsigned flags = file_flags(f);

	if (UNLIKELY((flags & FILE_WRITE) == 0))
		return ERR_BADHANDLE;
	if (UNLIKELY(f->ops->write == NULL))
		return ERR_NOTSUP;
	return flags & FILE_STREAM ? f->ops->write(f, it, NULL, done) :
	    file_write_at(f, it, done);
}

/* What is ready; kinds that never wait always are. */
static inline unsigned
file_poll(struct file *f, struct poll_request *r)
{
	if (f->ops->poll == NULL)
		return POLL_IN | POLL_OUT | POLL_RDNORM | POLL_WRNORM;
	return f->ops->poll(f, r);
}

enum err file_control(
    struct file *f, unsigned cmd, uintptr_t arg, long *ret);
enum err file_stat_of(struct file *f, struct file_stat *st); /* sets all */
enum err file_list(struct file *f, struct dir_sink *sink);
enum err file_map(
    struct file *f, struct map_request *req, struct memobj **out);
enum err file_sync(struct file *f, bool data_only);
enum err file_resize(struct file *f, uint64_t size);
/* FILE_SETTABLE bits become set as in flags. */
enum err file_set_flags(struct file *f, unsigned flags);
/* Moves up to n bytes between files without user memory (sendfile, splice,
 * copy_file_range). */
struct file_transfer {
	struct file *in, *out;
	uint64_t *in_off, *out_off; /* moved on; NULL: the file's own */
};
enum err file_transfer(const struct file_transfer *t, size_t n, size_t *done);

/* Attributes, in kernel terms. */
struct file_time {
	int64_t sec;
	uint32_t nsec;
};
struct file_stat {
	uint64_t dev, ino;
	uint32_t mode; /* S_IF* | permissions, the usual octal values */
	uint32_t nlink, uid, gid;
	uint64_t rdev, size;
	uint32_t block_size;
	uint64_t blocks; /* of 512 bytes */
	struct file_time atime, mtime, ctime, btime;
	uint64_t mount_id;
};
#define S_TYPE_MASK 0170000u
#define S_SOCKET    0140000u
#define S_LINK      0120000u
#define S_REGULAR   0100000u
#define S_BLOCK     0060000u
#define S_DIRECTORY 0040000u
#define S_CHAR      0020000u
#define S_FIFO      0010000u
#define S_SETUID    0004000u
#define S_SETGID    0002000u
#define S_STICKY    0001000u
#define S_IS(mode, type) (((mode) & S_TYPE_MASK) == (type))

/* Receives directory entries; false stops (buffer full): the entry was not
 * taken and *off stays before it. next: the offset after it. */
struct dir_entry {
	const char *name; /* not NUL-terminated */
	size_t len;
	uint64_t ino;
	unsigned type; /* S_* type bits, 0 unknown */
	uint64_t next;
};
struct dir_sink {
	bool (*put)(struct dir_sink *s, const struct dir_entry *e);
};
