/*
 * Files by name.
 *
 * A name is a directory (handle or CM_CWD) and a path: bytes up to a NUL, at
 * most 4095, components at most 255, separated by '/'. A path that begins
 * with '/' begins at the task's root and ignores the directory.
 *
 * Errors of every call with a path: CM_ENOENT, CM_ENOTDIR, CM_EACCESS (search
 * permission), CM_ELOOP, CM_ENAMETOOLONG, CM_EIO; of every call that changes
 * a directory also CM_EROFS, CM_ENOSPC, CM_EQUOTA.
 */
#pragma once

#include "stream.h"

/* fs_open: how. */
#define CM_OPEN_READ      0x0001u
#define CM_OPEN_WRITE     0x0002u
#define CM_OPEN_CREATE    0x0004u /* make it when it is not there */
#define CM_OPEN_EXCLUSIVE 0x0008u /* with CREATE: it must not be there */
#define CM_OPEN_TRUNCATE  0x0010u /* drop the content */
#define CM_OPEN_APPEND    0x0020u
#define CM_OPEN_NONBLOCK  0x0040u
#define CM_OPEN_DIRECTORY 0x0080u /* it must be a directory */
#define CM_OPEN_NOFOLLOW  0x0100u /* it must not be a symbolic link */
#define CM_OPEN_CLOEXEC   0x0200u
#define CM_OPEN_NOTTY     0x0400u /* does not become the session's terminal */
#define CM_OPEN_SYNC      0x0800u /* writes answer when on the device */
#define CM_OPEN_UNNAMED   0x1000u /* a file without name in directory path */
#define CM_OPEN_PATH      0x2000u /* only name it: stat, chdir, *at */

/* Flags of other calls. */
#define CM_AT_NOFOLLOW    0x01u /* act on a symbolic link itself */
#define CM_AT_FOLLOW      0x02u /* fs_link: follow a link at the end */
#define CM_AT_DIRECTORY   0x04u /* fs_unlink: remove an empty directory */
#define CM_AT_REAL_IDS    0x08u /* fs_access: real instead of effective */
#define CM_RENAME_KEEP    0x10u /* fs_rename: CM_EEXISTS if new is there */
#define CM_RENAME_SWAP    0x20u /* fs_rename: exchange both */

/*
 * Opens a file.
 *
 * how:    CM_OPEN_*; at least one of READ, WRITE, PATH.
 * mode:   permissions of a new file, before the task's umask.
 * Rights: LOOKUP; CREATE as well with CM_OPEN_CREATE or UNNAMED.
 * Gives:  a handle: READ, WRITE as asked for; LOOKUP and CREATE on
 *         directories; MAP, EXEC, SEEK, STAT, CONTROL, WAIT, DUP, TRANSFER
 *         as the file allows.
 * Errors: CM_EEXISTS, CM_EISDIR, CM_EMFILE, CM_ETXTBUSY, CM_ENODEV,
 *         CM_EINVAL, CM_EAGAIN.
 */
long cm_fs_open(
    cm_handle_t dir, const char *path, uint32_t how, uint32_t mode);

/* Tells attributes. flags: CM_AT_NOFOLLOW. Rights: LOOKUP. */
long cm_fs_stat(
    cm_handle_t dir, const char *path, uint32_t flags, struct cm_stat *out);

/* Sets attributes. flags: CM_AT_NOFOLLOW. Rights: LOOKUP. Errors: CM_EPERM
 * not the owner, CM_EROFS, CM_EINVAL. */
long cm_fs_set_attr(cm_handle_t dir, const char *path, uint32_t flags,
    const struct cm_attr *attr);

/* Makes a directory. Rights: LOOKUP CREATE. Errors: CM_EEXISTS, CM_EMLINK. */
long cm_fs_mkdir(cm_handle_t dir, const char *path, uint32_t mode);

/* Makes a device, FIFO, socket name or empty file. mode: type and
 * permissions; dev: major << 32 | minor. Rights: LOOKUP CREATE. Errors:
 * CM_EEXISTS, CM_EPERM devices without privilege, CM_EINVAL. */
long cm_fs_mknod(
    cm_handle_t dir, const char *path, uint32_t mode, uint64_t dev);

/* Removes a name. flags: CM_AT_DIRECTORY. Rights: LOOKUP CREATE. Errors:
 * CM_EISDIR, CM_ENOTEMPTY, CM_EBUSY a mount, CM_EPERM sticky directory. */
long cm_fs_unlink(cm_handle_t dir, const char *path, uint32_t flags);

/* Renames; new is replaced. flags: CM_RENAME_*. Rights: LOOKUP CREATE on both.
 * Errors: CM_EXDEV, CM_EISDIR, CM_ENOTEMPTY, CM_EINVAL into itself, CM_EBUSY,
 * CM_EEXISTS. */
long cm_fs_rename(cm_handle_t old_dir, const char *old_path,
    cm_handle_t new_dir, const char *new_path, uint32_t flags);

/* Makes another name for a file. flags: CM_AT_FOLLOW. Rights: LOOKUP on
 * both, CREATE on new_dir. Errors: CM_EEXISTS, CM_EXDEV, CM_EMLINK,
 * CM_EPERM a directory. */
long cm_fs_link(cm_handle_t old_dir, const char *old_path,
    cm_handle_t new_dir, const char *new_path, uint32_t flags);

/* Makes a symbolic link at path with text target. Rights: LOOKUP CREATE.
 * Errors: CM_EEXISTS. */
long cm_fs_symlink(cm_handle_t dir, const char *path, const char *target);

/* Reads a symbolic link's text, without NUL, cut to len. Rights: LOOKUP.
 * Gives: the count. Errors: CM_EINVAL not a link. */
long cm_fs_readlink(cm_handle_t dir, const char *path, char *buf, size_t len);

#define CM_ACCESS_EXEC  1u
#define CM_ACCESS_WRITE 2u
#define CM_ACCESS_READ  4u

/* Tells whether the caller may use the file so; mode 0: whether it is there.
 * flags: CM_AT_REAL_IDS, CM_AT_NOFOLLOW. Rights: LOOKUP. Errors: CM_EACCESS,
 * CM_EROFS. */
long cm_fs_access(
    cm_handle_t dir, const char *path, uint32_t mode, uint32_t flags);

/* One directory entry; the next begins size bytes further on. */
struct cm_entry {
	uint64_t ino;
	uint64_t next; /* position behind it, for stream_seek */
	uint16_t size; /* bytes of this entry, a multiple of 8 */
	uint8_t type; /* file type: mode bits 12-15; 0 unknown */
	uint8_t name_len;
	char name[4]; /* name_len bytes and a NUL */
};

/* Reads entries of the directory at its position. Rights: READ. Gives: bytes
 * filled, 0 at the end. Errors: CM_ENOTDIR, CM_EINVAL len too small. */
long cm_fs_list(cm_handle_t h, void *buf, size_t len);

/* Sets the working directory. Rights: LOOKUP. */
long cm_fs_chdir(cm_handle_t dir, const char *path);

/* Tells the working directory's path with a NUL. Gives: its length. Errors:
 * CM_ERANGE len too small, CM_ENOENT it was removed or is out of sight. */
long cm_fs_getcwd(char *buf, size_t len);

/* Sets the mask of permission bits that new files do not get; -1 only asks.
 * Gives: the mask as it was. */
long cm_fs_umask(int mask);

struct cm_statfs {
	char type[16]; /* name of the file system */
	uint64_t block_size; /* bytes */
	uint64_t blocks, blocks_free, blocks_available;
	uint64_t files, files_free;
	uint64_t id;
	uint32_t name_max;
	uint32_t flags; /* CM_MOUNT_* */
};

/* Tells about the file system that path is on. Rights: LOOKUP. */
long cm_fs_statfs(cm_handle_t dir, const char *path, struct cm_statfs *out);

#define CM_MOUNT_READONLY  0x01u
#define CM_MOUNT_NOSUID    0x02u
#define CM_MOUNT_NODEV     0x04u
#define CM_MOUNT_NOEXEC    0x08u
#define CM_MOUNT_BIND      0x10u /* source is a directory or file */
#define CM_MOUNT_RECURSIVE 0x20u /* with BIND: and what is mounted below */
#define CM_MOUNT_CHANGE    0x40u /* only set READONLY to NOEXEC of target */
#define CM_MOUNT_MOVE      0x80u /* source is a mount to be moved */

struct cm_mount {
	const char *type; /* "tmpfs", "proc", ...; NULL with BIND, MOVE */
	const char *source; /* device, directory, or NULL */
	const char *target;
	const char *options; /* the file system's own, comma-separated; NULL */
	uint32_t flags; /* CM_MOUNT_* */
	uint32_t reserved;
};

/* Mounts in the caller's name space. Errors: CM_EPERM, CM_ENODEV no such file
 * system, CM_EBUSY, CM_EINVAL, CM_EQUOTA. */
long cm_fs_mount(const struct cm_mount *m);

#define CM_UNMOUNT_DETACH   0x1u /* out of sight now, gone when unused */
#define CM_UNMOUNT_NOFOLLOW 0x2u

/* Unmounts what is mounted at path. Errors: CM_EPERM, CM_EBUSY, CM_EINVAL not
 * a mount. */
long cm_fs_unmount(const char *path, uint32_t flags);

/* Makes path the task's root. Errors: CM_EPERM. */
long cm_fs_chroot(const char *path);

/* Writes everything back. */
long cm_fs_sync(void);
