/*
 * Streams: what can be read and written through a handle, and terminals.
 *
 * Files, directories, pipes, sockets, terminals, events and timers are
 * streams. Calls that move data stop early only at the end, when nothing more
 * is there (pipes, terminals), or at an error after some bytes: then the count
 * is answered and the error is met by the next call.
 */
#pragma once

#include "handle.h"

struct cm_segment {
	void *base;
	size_t len; /* bytes */
};
#define CM_SEGMENTS_MAX 1024

/*
 * Reads up to len bytes at the position and advances it.
 *
 * Rights: READ.
 * Gives:  the count; 0 at the end.
 * Errors: CM_EAGAIN nothing there and NONBLOCK, CM_EINTR, CM_EIO,
 *         CM_EISDIR, CM_EINVAL.
 */
long cm_stream_read(cm_handle_t h, void *buf, size_t len);

/*
 * Writes up to len bytes at the position (APPEND: at the end) and advances.
 *
 * Rights: WRITE.
 * Gives:  the count.
 * Errors: CM_EAGAIN, CM_EINTR, CM_ENOSPC, CM_EFBIG, CM_EIO; CM_EPIPE nobody
 *         reads, and SIGPIPE.
 */
long cm_stream_write(cm_handle_t h, const void *buf, size_t len);

/* As read and write with count segments, in order. Errors: also CM_EINVAL
 * count > CM_SEGMENTS_MAX or a sum beyond INT64_MAX. */
long cm_stream_readv(
    cm_handle_t h, const struct cm_segment *segments, size_t count);
long cm_stream_writev(
    cm_handle_t h, const struct cm_segment *segments, size_t count);

/* As read and write at an offset; the position stays. Rights: also SEEK.
 * Errors: also CM_ESPIPE. */
long cm_stream_pread(cm_handle_t h, void *buf, size_t len, uint64_t offset);
long cm_stream_pwrite(
    cm_handle_t h, const void *buf, size_t len, uint64_t offset);

enum cm_whence {
	CM_SEEK_SET, CM_SEEK_CUR, CM_SEEK_END,
	CM_SEEK_DATA, CM_SEEK_HOLE, /* next data or hole at or after offset */
};

/* Sets the position. Rights: SEEK. Gives: the position in bytes. Errors:
 * CM_ESPIPE, CM_EINVAL, CM_EOVERFLOW, CM_ENXIO beyond the end. */
long cm_stream_seek(cm_handle_t h, int64_t offset, enum cm_whence whence);

/* Answers when all data (and with CM_SYNC_ALL all attributes) are on the
 * device. Rights: none. Errors: CM_EIO, CM_EINVAL not a file. */
#define CM_SYNC_ALL 0x1u
long cm_stream_sync(cm_handle_t h, uint32_t flags);

/* Sets a file's size; new bytes are zero. Rights: WRITE. Errors: CM_EINVAL
 * not a regular file, CM_EFBIG, CM_ENOSPC, CM_EROFS, CM_EPERM sealed. */
long cm_stream_resize(cm_handle_t h, uint64_t size);

/* Flags of the open stream, shared by all copies of the handle. */
#define CM_STREAM_APPEND   0x1u
#define CM_STREAM_NONBLOCK 0x2u
#define CM_STREAM_READ     0x4u /* told only: opened for reading */
#define CM_STREAM_WRITE    0x8u /* told only: opened for writing */

/* Sets the flags selected by mask to value; mask 0 only asks. Rights: CONTROL
 * when mask is not 0. Gives: the flags as they were. Errors: CM_EINVAL. */
long cm_stream_flags(cm_handle_t h, uint32_t mask, uint32_t value);

#define CM_LOCK_SHARED    0u
#define CM_LOCK_EXCLUSIVE 1u
#define CM_LOCK_NONE      2u /* unlock; told: no conflict */

struct cm_lock {
	uint32_t type; /* CM_LOCK_* */
	cm_pid_t pid; /* told: who holds it */
	uint64_t start; /* bytes */
	uint64_t size; /* 0: to the end, however far it grows */
};
#define CM_LOCK_TEST   0x1u /* only tell the first conflict in *lock */
#define CM_LOCK_WAIT   0x2u /* wait until it can be had */
#define CM_LOCK_STREAM 0x4u /* of the open stream, whole file (flock) */

/*
 * Takes, changes or drops an advisory lock on bytes of a file. Locks belong
 * to the task and go when it closes any handle of the file; with
 * CM_LOCK_STREAM they belong to the open stream.
 *
 * Rights: READ for shared, WRITE for exclusive ones (either with
 *         CM_LOCK_STREAM).
 * Errors: CM_EAGAIN held by another, CM_EDEADLOCK, CM_EINTR, CM_EINVAL.
 */
long cm_stream_lock(cm_handle_t h, struct cm_lock *lock, uint32_t flags);

/* Tells how many bytes can be read without waiting. Rights: READ. Errors:
 * CM_ENOTTY the stream cannot tell. */
long cm_stream_available(cm_handle_t h, int32_t *out);

/*
 * Moves up to len bytes from one stream to another inside the kernel.
 *
 * Rights: READ on from, WRITE on to.
 * Gives:  the count; 0 at the end of from.
 * Errors: as read and write.
 */
long cm_stream_splice(cm_handle_t from, cm_handle_t to, size_t len);

struct cm_stat {
	uint64_t dev, ino;
	uint32_t mode; /* POSIX file type and permission bits */
	uint32_t links;
	uint32_t uid, gid;
	uint64_t rdev; /* major << 32 | minor, devices only */
	uint64_t size; /* bytes */
	uint64_t blocks; /* 512 bytes each */
	uint32_t block_size; /* good size for reading and writing */
	uint32_t reserved;
	int64_t atime, mtime, ctime, btime; /* ns since 1970 */
};

/* Tells attributes. Rights: STAT. Errors: CM_EIO. */
long cm_stream_stat(cm_handle_t h, struct cm_stat *out);

#define CM_ATTR_MODE      0x01u
#define CM_ATTR_UID       0x02u
#define CM_ATTR_GID       0x04u
#define CM_ATTR_SIZE      0x08u
#define CM_ATTR_ATIME     0x10u
#define CM_ATTR_MTIME     0x20u
#define CM_ATTR_ATIME_NOW 0x40u
#define CM_ATTR_MTIME_NOW 0x80u

struct cm_attr {
	uint32_t set; /* CM_ATTR_*: which members count */
	uint32_t mode; /* permission bits */
	uint32_t uid, gid;
	uint64_t size;
	int64_t atime, mtime; /* ns since 1970 */
};

/* Sets attributes. Rights: CONTROL. Errors: CM_EPERM not the owner, CM_EROFS,
 * CM_EINVAL, CM_ENOSPC. */
long cm_stream_set_attr(cm_handle_t h, const struct cm_attr *attr);

/* ---- terminals ---------------------------------------------------------- */

/* Input, output, control and local modes and characters: the bits and
 * positions that POSIX names, with the values of the generic Linux ABI. */
#define CM_TTY_CHARS 19

struct cm_tty_modes {
	uint32_t input, output, control, local;
	uint8_t line; /* discipline: 0 */
	uint8_t chars[CM_TTY_CHARS];
	uint32_t input_speed, output_speed; /* baud */
};

/* input */
#define CM_TTY_IGNBRK 0x0001u
#define CM_TTY_BRKINT 0x0002u
#define CM_TTY_IGNPAR 0x0004u
#define CM_TTY_PARMRK 0x0008u
#define CM_TTY_INPCK  0x0010u
#define CM_TTY_ISTRIP 0x0020u
#define CM_TTY_INLCR  0x0040u
#define CM_TTY_IGNCR  0x0080u
#define CM_TTY_ICRNL  0x0100u
#define CM_TTY_IXON   0x0400u
#define CM_TTY_IXANY  0x0800u
#define CM_TTY_IXOFF  0x1000u
#define CM_TTY_IUTF8  0x4000u
/* output */
#define CM_TTY_OPOST  0x0001u
#define CM_TTY_ONLCR  0x0004u
#define CM_TTY_OCRNL  0x0008u
#define CM_TTY_ONOCR  0x0010u
#define CM_TTY_ONLRET 0x0020u
/* control */
#define CM_TTY_CSIZE  0x0030u
#define CM_TTY_CS5    0x0000u
#define CM_TTY_CS6    0x0010u
#define CM_TTY_CS7    0x0020u
#define CM_TTY_CS8    0x0030u
#define CM_TTY_CSTOPB 0x0040u
#define CM_TTY_CREAD  0x0080u
#define CM_TTY_PARENB 0x0100u
#define CM_TTY_PARODD 0x0200u
#define CM_TTY_HUPCL  0x0400u
#define CM_TTY_CLOCAL 0x0800u
/* local */
#define CM_TTY_ISIG   0x0001u
#define CM_TTY_ICANON 0x0002u
#define CM_TTY_ECHO   0x0008u
#define CM_TTY_ECHOE  0x0010u
#define CM_TTY_ECHOK  0x0020u
#define CM_TTY_ECHONL 0x0040u
#define CM_TTY_NOFLSH 0x0080u
#define CM_TTY_TOSTOP 0x0100u
#define CM_TTY_ECHOCTL 0x0200u
#define CM_TTY_ECHOKE 0x0800u
#define CM_TTY_IEXTEN 0x8000u
/* chars */
enum cm_tty_char {
	CM_TTY_VINTR, CM_TTY_VQUIT, CM_TTY_VERASE, CM_TTY_VKILL, CM_TTY_VEOF,
	CM_TTY_VTIME, CM_TTY_VMIN, CM_TTY_VSWTC, CM_TTY_VSTART, CM_TTY_VSTOP,
	CM_TTY_VSUSP, CM_TTY_VEOL, CM_TTY_VREPRINT, CM_TTY_VDISCARD,
	CM_TTY_VWERASE, CM_TTY_VLNEXT, CM_TTY_VEOL2,
};

/* Tells the modes. Rights: CONTROL. Errors: CM_ENOTTY. */
long cm_tty_get(cm_handle_t h, struct cm_tty_modes *out);

enum cm_tty_when {
	CM_TTY_NOW,
	CM_TTY_DRAIN, /* when all output is gone */
	CM_TTY_FLUSH, /* likewise, and drop input that was not read */
};

/* Sets the modes. Rights: CONTROL. Errors: CM_ENOTTY, CM_EINVAL, CM_EINTR,
 * CM_EIO from an orphaned background group. */
long cm_tty_set(
    cm_handle_t h, enum cm_tty_when when, const struct cm_tty_modes *modes);

struct cm_tty_size {
	uint16_t rows, columns, width_pixels, height_pixels;
};

/* Sets the window size (set may be NULL), tells what it was (old may be
 * NULL); a change sends SIGWINCH to the foreground group. Rights: CONTROL.
 * Errors: CM_ENOTTY. */
long cm_tty_size(cm_handle_t h, const struct cm_tty_size *set,
    struct cm_tty_size *old);

/* Makes *set (may be NULL) the foreground group of the caller's terminal and
 * tells which one it then is (out may be NULL). Rights: CONTROL. Errors:
 * CM_ENOTTY not its terminal, CM_EPERM group of another session, CM_EINVAL. */
long cm_tty_group(cm_handle_t h, const cm_pid_t *set, cm_pid_t *out);

enum cm_tty_control {
	CM_TTY_TAKE,     /* becomes the controlling terminal (session leader);
	                    arg 1: take it from another session */
	CM_TTY_GIVE_UP,  /* no longer the controlling terminal */
	CM_TTY_SESSION,  /* arg: int32_t *, gets the session's id */
	CM_TTY_WAIT_OUT, /* answers when all output is gone */
	CM_TTY_DISCARD,  /* arg: 1 input, 2 output, 3 both */
	CM_TTY_FLOW,     /* arg: 0 stop, 1 go on; 2, 3 send STOP, START */
	CM_TTY_BREAK,    /* send a break */
	CM_PTY_NUMBER,   /* arg: int32_t *, gets n of /dev/pts/n (ptmx side) */
	CM_PTY_LOCK,     /* arg: const int32_t *, 0: the other side may be
	                    opened */
	CM_TTY_PENDING,  /* arg: int32_t *, gets bytes of output not sent */
};

/* Does op; arg is a value or an address as op says. Rights: CONTROL. Errors:
 * CM_ENOTTY, CM_EPERM, CM_EINVAL, CM_EINTR. */
long cm_tty_control(cm_handle_t h, enum cm_tty_control op, intptr_t arg);
