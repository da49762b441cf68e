/*
 * Files by name and their attributes.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>

#include "internal.h"

/* Open flags as the native call wants them. */
static uint32_t
open_how(int flags)
{
	static const struct {
		int posix;
		uint32_t native;
	} bits[] = {
		{ O_APPEND, CM_OPEN_APPEND },
		{ O_CREAT, CM_OPEN_CREATE },
		{ O_TRUNC, CM_OPEN_TRUNCATE },
		{ O_EXCL, CM_OPEN_EXCLUSIVE },
		{ O_SYNC, CM_OPEN_SYNC },
		{ O_NONBLOCK, CM_OPEN_NONBLOCK },
		{ O_NOCTTY, CM_OPEN_NOTTY },
		{ O_CLOEXEC, CM_OPEN_CLOEXEC },
		{ O_NOFOLLOW, CM_OPEN_NOFOLLOW },
		{ O_DIRECTORY, CM_OPEN_DIRECTORY },
		{ O_TMPFILE, CM_OPEN_UNNAMED },
		{ O_PATH, CM_OPEN_PATH },
	};
	uint32_t how = 0;

	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
		if (flags & bits[i].posix)
			how |= bits[i].native;
	if (flags & O_PATH)
		return how;
	if ((flags & O_ACCMODE) != O_WRONLY)
		how |= CM_OPEN_READ;
	if ((flags & O_ACCMODE) != O_RDONLY)
		how |= CM_OPEN_WRITE;
	return how;
}

int
openat(int dir, const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode = 0;

	if (flags & (O_CREAT | O_TMPFILE)) {
		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
	}
	return (int)__cm_result(cm_fs_open(
	    (cm_handle_t)dir, path, open_how(flags), mode));
}

int
open(const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = va_arg(ap, mode_t);
	va_end(ap);
	return (int)__cm_result(
	    cm_fs_open(CM_CWD, path, open_how(flags), mode));
}

int
creat(const char *path, mode_t mode)
{
	return open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

static void
fill_stat(struct stat *st, const struct cm_stat *s)
{
	memset(st, 0, sizeof(*st));
	st->st_dev = s->dev;
	st->st_ino = s->ino;
	st->st_mode = s->mode;
	st->st_nlink = s->links;
	st->st_uid = s->uid;
	st->st_gid = s->gid;
	st->st_rdev = s->rdev;
	st->st_size = (off_t)s->size;
	st->st_blocks = (blkcnt_t)s->blocks;
	st->st_blksize = s->block_size;
	st->st_atim = __cm_timespec(s->atime);
	st->st_mtim = __cm_timespec(s->mtime);
	st->st_ctim = __cm_timespec(s->ctime);
	st->st_birthtim = __cm_timespec(s->btime);
}

static uint32_t
at_flags(int flags)
{
	return flags & AT_SYMLINK_NOFOLLOW ? CM_AT_NOFOLLOW : 0;
}

int
fstatat(int dir, const char *restrict path, struct stat *restrict st,
    int flags)
{
	struct cm_stat s;
	long r;

	if ((flags & AT_EMPTY_PATH) && path[0] == '\0' && dir != AT_FDCWD)
		r = cm_stream_stat((cm_handle_t)dir, &s);
	else
		r = cm_fs_stat((cm_handle_t)dir, path, at_flags(flags), &s);
	if (r >= 0)
		fill_stat(st, &s);
	return (int)__cm_result(r);
}

int
stat(const char *restrict path, struct stat *restrict st)
{
	return fstatat(AT_FDCWD, path, st, 0);
}

int
lstat(const char *restrict path, struct stat *restrict st)
{
	return fstatat(AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW);
}

int
fstat(int fd, struct stat *st)
{
	struct cm_stat s;
	long r = cm_stream_stat((cm_handle_t)fd, &s);

	if (r >= 0)
		fill_stat(st, &s);
	return (int)__cm_result(r);
}

static int
set_at(int dir, const char *path, int flags, const struct cm_attr *a)
{
	return (int)__cm_result(
	    cm_fs_set_attr((cm_handle_t)dir, path, at_flags(flags), a));
}

static int
set_fd(int fd, const struct cm_attr *a)
{
	return (int)__cm_result(cm_stream_set_attr((cm_handle_t)fd, a));
}

int
fchmodat(int dir, const char *path, mode_t mode, int flags)
{
	struct cm_attr a = { .set = CM_ATTR_MODE, .mode = mode & 07777 };

	return set_at(dir, path, flags, &a);
}

int
chmod(const char *path, mode_t mode)
{
	return fchmodat(AT_FDCWD, path, mode, 0);
}

int
fchmod(int fd, mode_t mode)
{
	struct cm_attr a = { .set = CM_ATTR_MODE, .mode = mode & 07777 };

	return set_fd(fd, &a);
}

static struct cm_attr
owner_attr(uid_t uid, gid_t gid)
{
	return (struct cm_attr){
		.set = (uid != (uid_t)-1 ? CM_ATTR_UID : 0) |
		    (gid != (gid_t)-1 ? CM_ATTR_GID : 0),
		.uid = uid,
		.gid = gid,
	};
}

int
fchownat(int dir, const char *path, uid_t uid, gid_t gid, int flags)
{
	struct cm_attr a = owner_attr(uid, gid);

	return set_at(dir, path, flags, &a);
}

int
chown(const char *path, uid_t uid, gid_t gid)
{
	return fchownat(AT_FDCWD, path, uid, gid, 0);
}

int
lchown(const char *path, uid_t uid, gid_t gid)
{
	return fchownat(AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW);
}

int
fchown(int fd, uid_t uid, gid_t gid)
{
	struct cm_attr a = owner_attr(uid, gid);

	return set_fd(fd, &a);
}

static struct cm_attr
times_attr(const struct timespec *t)
{
	struct cm_attr a = { .set = CM_ATTR_ATIME_NOW | CM_ATTR_MTIME_NOW };

	if (t == NULL)
		return a;
	a.set = 0;
	if (t[0].tv_nsec == UTIME_NOW)
		a.set |= CM_ATTR_ATIME_NOW;
	else if (t[0].tv_nsec != UTIME_OMIT) {
		a.set |= CM_ATTR_ATIME;
		a.atime = __cm_ns(&t[0]);
	}
	if (t[1].tv_nsec == UTIME_NOW)
		a.set |= CM_ATTR_MTIME_NOW;
	else if (t[1].tv_nsec != UTIME_OMIT) {
		a.set |= CM_ATTR_MTIME;
		a.mtime = __cm_ns(&t[1]);
	}
	return a;
}

int
utimensat(int dir, const char *path, const struct timespec *t, int flags)
{
	struct cm_attr a = times_attr(t);

	return set_at(dir, path, flags, &a);
}

int
futimens(int fd, const struct timespec *t)
{
	struct cm_attr a = times_attr(t);

	return set_fd(fd, &a);
}

int
utimes(const char *path, const struct timeval *tv)
{
	struct timespec t[2];

	if (tv == NULL)
		return utimensat(AT_FDCWD, path, NULL, 0);
	for (int i = 0; i < 2; i++)
		t[i] = (struct timespec){ tv[i].tv_sec,
			tv[i].tv_usec * 1000L };
	return utimensat(AT_FDCWD, path, t, 0);
}

int
utime(const char *path, const struct utimbuf *u)
{
	struct timespec t[2];

	if (u == NULL)
		return utimensat(AT_FDCWD, path, NULL, 0);
	t[0] = (struct timespec){ u->actime, 0 };
	t[1] = (struct timespec){ u->modtime, 0 };
	return utimensat(AT_FDCWD, path, t, 0);
}

int
mkdirat(int dir, const char *path, mode_t mode)
{
	return (int)__cm_result(cm_fs_mkdir((cm_handle_t)dir, path, mode));
}

int
mkdir(const char *path, mode_t mode)
{
	return mkdirat(AT_FDCWD, path, mode);
}

int
mknodat(int dir, const char *path, mode_t mode, dev_t dev)
{
	return (int)__cm_result(
	    cm_fs_mknod((cm_handle_t)dir, path, mode, dev));
}

int
mknod(const char *path, mode_t mode, dev_t dev)
{
	return mknodat(AT_FDCWD, path, mode, dev);
}

int
mkfifoat(int dir, const char *path, mode_t mode)
{
	return mknodat(dir, path, (mode & 07777) | S_IFIFO, 0);
}

int
mkfifo(const char *path, mode_t mode)
{
	return mkfifoat(AT_FDCWD, path, mode);
}

int
unlinkat(int dir, const char *path, int flags)
{
	return (int)__cm_result(cm_fs_unlink((cm_handle_t)dir, path,
	    flags & AT_REMOVEDIR ? CM_AT_DIRECTORY : 0));
}

int
unlink(const char *path)
{
	return unlinkat(AT_FDCWD, path, 0);
}

int
rmdir(const char *path)
{
	return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

int
remove(const char *path)
{
	long r = cm_fs_unlink(CM_CWD, path, 0);

	if (r == -CM_EISDIR)
		r = cm_fs_unlink(CM_CWD, path, CM_AT_DIRECTORY);
	return (int)__cm_result(r);
}

int
renameat(int odir, const char *opath, int ndir, const char *npath)
{
	return (int)__cm_result(cm_fs_rename(
	    (cm_handle_t)odir, opath, (cm_handle_t)ndir, npath, 0));
}

int
rename(const char *from, const char *to)
{
	return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

int
linkat(int odir, const char *opath, int ndir, const char *npath, int flags)
{
	return (int)__cm_result(cm_fs_link((cm_handle_t)odir, opath,
	    (cm_handle_t)ndir, npath,
	    flags & AT_SYMLINK_FOLLOW ? CM_AT_FOLLOW : 0));
}

int
link(const char *from, const char *to)
{
	return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int
symlinkat(const char *target, int dir, const char *path)
{
	return (int)__cm_result(
	    cm_fs_symlink((cm_handle_t)dir, path, target));
}

int
symlink(const char *target, const char *path)
{
	return symlinkat(target, AT_FDCWD, path);
}

ssize_t
readlinkat(int dir, const char *restrict path, char *restrict buf, size_t n)
{
	return __cm_result(cm_fs_readlink((cm_handle_t)dir, path, buf, n));
}

ssize_t
readlink(const char *restrict path, char *restrict buf, size_t n)
{
	return readlinkat(AT_FDCWD, path, buf, n);
}

int
faccessat(int dir, const char *path, int mode, int flags)
{
	return (int)__cm_result(cm_fs_access((cm_handle_t)dir, path,
	    (uint32_t)mode, at_flags(flags) |
	    (flags & AT_EACCESS ? 0 : CM_AT_REAL_IDS)));
}

int
access(const char *path, int mode)
{
	return faccessat(AT_FDCWD, path, mode, 0);
}

int
chdir(const char *path)
{
	return (int)__cm_result(cm_fs_chdir(CM_CWD, path));
}

int
fchdir(int fd)
{
	return (int)__cm_result(cm_fs_chdir((cm_handle_t)fd, "."));
}

int
chroot(const char *path)
{
	return (int)__cm_result(cm_fs_chroot(path));
}

char *
getcwd(char *buf, size_t size)
{
	char *room = buf;
	long r;

	if (buf == NULL) {
		size = size != 0 ? size : 4096;
		room = malloc(size);
		if (room == NULL)
			return NULL;
	}
	r = cm_fs_getcwd(room, size);
	if (__cm_result(r) >= 0)
		return room;
	if (buf == NULL)
		free(room);
	return NULL;
}

mode_t
umask(mode_t mask)
{
	return (mode_t)cm_fs_umask((int)(mask & 0777));
}

int
truncate(const char *path, off_t size)
{
	struct cm_attr a = { .set = CM_ATTR_SIZE, .size = (uint64_t)size };

	if (size < 0) {
		errno = EINVAL;
		return -1;
	}
	return set_at(AT_FDCWD, path, 0, &a);
}

int
statvfs(const char *restrict path, struct statvfs *restrict out)
{
	struct cm_statfs s;
	long r = cm_fs_statfs(CM_CWD, path, &s);

	if (__cm_result(r) < 0)
		return -1;
	memset(out, 0, sizeof(*out));
	out->f_bsize = out->f_frsize = s.block_size;
	out->f_blocks = s.blocks;
	out->f_bfree = s.blocks_free;
	out->f_bavail = s.blocks_available;
	out->f_files = s.files;
	out->f_ffree = out->f_favail = s.files_free;
	out->f_fsid = s.id;
	out->f_namemax = s.name_max;
	out->f_flag = s.flags & (ST_RDONLY | ST_NOSUID);
	memcpy(out->f_basetype, s.type, sizeof(out->f_basetype));
	return 0;
}

void
sync(void)
{
	cm_fs_sync();
}
