/*
 * Attributes of files, read.
 * Source: man-pages 6.05 stat(2), statx(2), statfs(2), access(2).
 */
#include "call.h"

#include <kernel/chardev.h>

/* Linux packs major and minor so that the low 16 bits look as they always
 * did: minor's low byte, 12 bits of major, the rest of minor above. */
uint64_t
lx_dev(uint64_t rdev)
{
	uint64_t major = RDEV_MAJOR(rdev), minor = RDEV_MINOR(rdev);

	return (minor & 0xff) | (major & 0xfff) << 8 |
	    (minor & ~UINT64_C(0xff)) << 12 | (major & ~UINT64_C(0xfff)) << 32;
}

uint64_t
lx_dev_decode(uint64_t dev)
{
	uint32_t major = (uint32_t)((dev >> 8 & 0xfff) | (dev >> 32 & ~0xfffu));
	uint32_t minor = (uint32_t)((dev & 0xff) | (dev >> 12 & 0xffffff00u));

	return RDEV(major, minor);
}

static struct lx_timespec
stat_time(const struct file_time *t)
{
	return (struct lx_timespec){ t->sec, t->nsec };
}

/* Every byte; field by field, so that it is done in place. */
static ALWAYS_INLINE void
stat_encode(const struct file_stat *restrict st, struct lx_stat *restrict out)
{
	out->dev = lx_dev(st->dev);
	out->ino = st->ino;
	out->mode = st->mode;
	out->nlink = st->nlink;
	out->uid = st->uid;
	out->gid = st->gid;
	out->rdev = LIKELY(st->rdev == 0) ? 0 : lx_dev(st->rdev);
	out->size = (int64_t)st->size;
	out->block_size = (int32_t)st->block_size;
	out->blocks = (int64_t)st->blocks;
	out->atime = stat_time(&st->atime);
	out->mtime = stat_time(&st->mtime);
	out->ctime = stat_time(&st->ctime);
	lx_stat_pad(out);
}

static NOINLINE enum err
stat_copy_out(const struct file_stat *st, uintptr_t user)
{
	struct lx_stat out;

	stat_encode(st, &out);
	return user_copy_out(user, &out, sizeof(out));
}

/* NO_CANARY: nothing here can overflow. */
static ALWAYS_INLINE NO_CANARY enum err
stat_out(const struct file_stat *st, uintptr_t user)
{
	struct lx_stat *there = user_view(user, sizeof(*there), PROT_WRITE);

	if (UNLIKELY(there == NULL))
		return stat_copy_out(st, user);
	stat_encode(st, there);
	user_release();
	return OK;
}

static struct lx_statx_time
statx_time(const struct file_time *t)
{
	return (struct lx_statx_time){ t->sec, t->nsec, 0 };
}

static enum err
statx_out(const struct file_stat *st, uintptr_t user)
{
	bool has_btime = st->btime.sec != 0 || st->btime.nsec != 0;
	struct lx_statx out = {
		.mask = LX_STATX_BASIC | LX_STATX_MNT_ID |
		    (has_btime ? LX_STATX_BTIME : 0),
		.block_size = st->block_size,
		.nlink = st->nlink,
		.uid = st->uid,
		.gid = st->gid,
		.mode = (uint16_t)st->mode,
		.ino = st->ino,
		.size = st->size,
		.blocks = st->blocks,
		.atime = statx_time(&st->atime),
		.btime = statx_time(&st->btime),
		.ctime = statx_time(&st->ctime),
		.mtime = statx_time(&st->mtime),
		.rdev_major = RDEV_MAJOR(st->rdev),
		.rdev_minor = RDEV_MINOR(st->rdev),
		.dev_major = RDEV_MAJOR(st->dev),
		.dev_minor = RDEV_MINOR(st->dev),
		.mount_id = st->mount_id,
	};

	return user_copy_out(user, &out, sizeof(out));
}

static NOINLINE enum err
stat_other(struct thread *t, uintptr_t h, uintptr_t user)
{
	struct file_stat st;
	struct file *f;
	enum err e = lx_file(t, h, RIGHT_STAT, &f);

	if (e != OK)
		return e;
	e = file_stat_of(f, &st);
	file_unref(f);
	return e == OK ? stat_out(&st, user) : e;
}

/* NO_CANARY: nothing here can overflow. */
static NO_CANARY enum err
stat_descriptor(struct thread *t, uintptr_t h, uintptr_t user)
{
	/* file_stat_of() sets all of it. */
	__attribute__((uninitialized)) struct file_stat st;
	struct file *f = lx_fd_peek(t, h, OBJ_ANY_FILE, RIGHT_STAT);
	enum err e;

	if (UNLIKELY(f == NULL))
		return stat_other(t, h, user);
	e = file_stat_of(f, &st);
	return LIKELY(e == OK) ? stat_out(&st, user) : e;
}

enum err
lx_fstat(struct thread *t, const struct sysargs *a, long *ret)
{
	*ret = 0;
	return stat_descriptor(t, a->v[0], a->v[1]);
}

/* An empty path (or none) names the descriptor itself, whatever it is. */
static enum err
stat_at(struct thread *t, const struct lx_at *at, uintptr_t dirfd,
    unsigned walk, struct file_stat *st)
{
	struct file *f;
	struct path p;
	enum err e;

	if (at->path.len == 0 && (int)dirfd != LX_AT_FDCWD) {
		e = lx_file(t, dirfd, RIGHT_STAT, &f);
		if (e != OK)
			return e;
		e = file_stat_of(f, st);
		file_unref(f);
		return e;
	}
	e = vfs_walk(at->base, at->path.text, walk, &p);
	if (e != OK)
		return e;
	e = vfs_stat(&p, st);
	path_unref(&p);
	return e;
}

#define STAT_FLAGS \
	(LX_AT_SYMLINK_NOFOLLOW | LX_AT_EMPTY_PATH | LX_AT_NO_AUTOMOUNT)

/* Fetches the path first, so that "" on a pipe's descriptor is no error. */
static enum err
stat_fetch(struct thread *t, const struct sysargs *a, uintptr_t flags,
    struct file_stat *st)
{
	__attribute__((uninitialized)) struct lx_at at; /* set at once */
	unsigned walk;
	enum err e = lx_at_flags(flags, STAT_FLAGS | LX_AT_STATX_SYNC, &walk);

	if (e != OK)
		return e;
	e = lx_at_fetch(&at, a->v[1]);
	if (e != OK)
		return e;
	if (at.path.len > 0)
		e = lx_at_base(&at, t, a->v[0]);
	else if ((walk & WALK_EMPTY) == 0)
		e = ERR_NOENT;
	if (e == OK)
		e = stat_at(t, &at, a->v[0], walk, st);
	lx_at_put(&at);
	return e;
}

/* fstat() of the C library: an empty path, which is not worth a buffer. */
static inline bool
names_descriptor(const struct sysargs *a)
{
	return (a->v[3] & LX_AT_EMPTY_PATH) && (int)a->v[0] >= 0 &&
	    (a->v[3] & ~(uintptr_t)STAT_FLAGS) == 0 &&
	    user_peek_byte(a->v[1]) == '\0';
}

static NOINLINE enum err
stat_path(struct thread *t, const struct sysargs *a)
{
	struct file_stat st = { 0 };
	enum err e = stat_fetch(t, a, a->v[3], &st);

	return e == OK ? stat_out(&st, a->v[2]) : e;
}

NO_CANARY enum err
lx_newfstatat(struct thread *t, const struct sysargs *a, long *ret)
{
	*ret = 0;
	if (names_descriptor(a))
		return stat_descriptor(t, a->v[0], a->v[2]);
	return a->v[3] & LX_AT_STATX_SYNC ? ERR_INVAL : stat_path(t, a);
}

#define STATX_RESERVED 0x80000000u

enum err
lx_statx_call(struct thread *t, const struct sysargs *a, long *ret)
{
	struct file_stat st = { 0 };
	enum err e;

	if ((a->v[3] & STATX_RESERVED) ||
	    (a->v[2] & LX_AT_STATX_SYNC) == LX_AT_STATX_SYNC)
		return ERR_INVAL;
	/* A null path means the descriptor since Linux 6.11; here EFAULT. */
	e = stat_fetch(t, a, a->v[2], &st);
	*ret = 0;
	return e == OK ? statx_out(&st, a->v[4]) : e;
}

/* ---- statfs ----------------------------------------------------------- */

static enum err
statfs_out(const struct path *p, uintptr_t user)
{
	struct fs_stat st = { 0 };
	struct lx_statfs out;
	enum err e = vfs_statfs(p, &st);

	if (e != OK)
		return e;
	out = (struct lx_statfs){
		.type = (int64_t)st.magic,
		.block_size = st.block_size,
		.blocks = st.blocks,
		.free = st.free,
		.avail = st.avail,
		.files = st.files,
		.files_free = st.files_free,
		.name_len = st.name_max,
		.fragment_size = st.block_size,
	};
	return user_copy_out(user, &out, sizeof(out));
}

enum err
lx_statfs_call(struct thread *t, const struct sysargs *a, long *ret)
{
	struct path p;
	enum err e = lx_at_walk(t, (uintptr_t)LX_AT_FDCWD, a->v[0], 0, &p);

	if (e != OK)
		return e;
	*ret = 0;
	e = statfs_out(&p, a->v[1]);
	path_unref(&p);
	return e;
}

#define PIPEFS_MAGIC 0x50495045

enum err
lx_fstatfs(struct thread *t, const struct sysargs *a, long *ret)
{
	struct lx_statfs pathless = {
		.type = PIPEFS_MAGIC, .block_size = (int64_t)PAGE_SIZE,
		.name_len = 255, .fragment_size = (int64_t)PAGE_SIZE,
	};
	struct path p;
	enum err e = lx_fd_path(t, a->v[0], RIGHT_STAT, &p);

	*ret = 0;
	if (e == ERR_INVAL)
		return user_copy_out(a->v[1], &pathless, sizeof(pathless));
	if (e != OK)
		return e;
	e = statfs_out(&p, a->v[1]);
	path_unref(&p);
	return e;
}

/* ---- access, readlink -------------------------------------------------- */

static enum err
access_at(struct thread *t, const struct sysargs *a, uintptr_t flags)
{
	struct path p;
	unsigned walk;
	enum err e;

	if (a->v[2] & ~(uintptr_t)7)
		return ERR_INVAL;
	e = lx_at_flags(flags & ~(uintptr_t)LX_AT_EACCESS,
	    LX_AT_SYMLINK_NOFOLLOW | LX_AT_EMPTY_PATH, &walk);
	if (e == OK)
		e = lx_at_walk(t, a->v[0], a->v[1], walk, &p);
	if (e != OK)
		return e;
	if (a->v[2] != 0)
		e = vfs_access(
		    &p, (unsigned)a->v[2], (flags & LX_AT_EACCESS) != 0);
	path_unref(&p);
	return e;
}

enum err
lx_faccessat(struct thread *t, const struct sysargs *a, long *ret)
{
	*ret = 0;
	return access_at(t, a, 0);
}

enum err
lx_faccessat2(struct thread *t, const struct sysargs *a, long *ret)
{
	*ret = 0;
	return access_at(t, a, (unsigned)a->v[3]);
}

/* readlinkat(fd, "", ...) reads the link that an O_PATH descriptor names. */
enum err
lx_readlinkat(struct thread *t, const struct sysargs *a, long *ret)
{
	struct path p;
	size_t done = 0;
	char *buf;
	enum err e;

	if ((int)a->v[3] <= 0)
		return ERR_INVAL;
	e = lx_at_walk(t, a->v[0], a->v[1], WALK_NOFOLLOW |
	    ((int)a->v[0] != LX_AT_FDCWD ? WALK_EMPTY : 0), &p);
	if (e != OK)
		return e;
	buf = kmalloc(PATH_MAX);
	if (buf == NULL) {
		e = ERR_NOMEM;
		goto out;
	}
	if (!vnode_is(path_vnode(&p), S_LINK))
		e = ERR_INVAL;
	else
		e = vfs_read_link(&p, buf, PATH_MAX, &done);
	if (e == OK) {
		done = MIN(done, a->v[3]);
		*ret = (long)done;
		e = user_copy_out(a->v[2], buf, done);
	}
	kfree(buf, PATH_MAX);
out:
	path_unref(&p);
	return e;
}
