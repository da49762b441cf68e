/* Opening and controlling descriptors. */
#ifndef _SYS__DEFAULT_FCNTL_H_
#define _SYS__DEFAULT_FCNTL_H_

#include <sys/cdefs.h>
#include <sys/types.h>
#include <sys/stat.h>

__BEGIN_DECLS

#define O_RDONLY    0x0000
#define O_WRONLY    0x0001
#define O_RDWR      0x0002
#define O_ACCMODE   0x0003
#define O_APPEND    0x0008
#define O_CREAT     0x0200
#define O_TRUNC     0x0400
#define O_EXCL      0x0800
#define O_SYNC      0x2000
#define O_DSYNC     O_SYNC
#define O_NONBLOCK  0x4000
#define O_NDELAY    O_NONBLOCK
#define O_NOCTTY    0x8000
#define O_CLOEXEC   0x40000
#define O_NOFOLLOW  0x100000
#define O_DIRECTORY 0x200000
#define O_TMPFILE   0x800000
#define O_PATH      0x2000000

/* newlib's stdio names these. */
#define _FREAD     0x0001
#define _FWRITE    0x0002
#define _FAPPEND   O_APPEND
#define _FNONBLOCK O_NONBLOCK
#define FREAD      _FREAD
#define FWRITE     _FWRITE
#define FAPPEND    O_APPEND
#define FNONBLOCK  O_NONBLOCK

#define FD_CLOEXEC 1

#define F_DUPFD  0
#define F_GETFD  1
#define F_SETFD  2
#define F_GETFL  3
#define F_SETFL  4
#define F_GETLK  7
#define F_SETLK  8
#define F_SETLKW 9
#define F_DUPFD_CLOEXEC 14

#define F_RDLCK 1
#define F_WRLCK 2
#define F_UNLCK 3

#define AT_FDCWD            (-2)
#define AT_EACCESS          1
#define AT_SYMLINK_NOFOLLOW 2
#define AT_SYMLINK_FOLLOW   4
#define AT_REMOVEDIR        8
#define AT_EMPTY_PATH       16

#define LOCK_SH 0x01
#define LOCK_EX 0x02
#define LOCK_NB 0x04
#define LOCK_UN 0x08

struct flock {
	short l_type;
	short l_whence;
	off_t l_start;
	off_t l_len; /* 0: to the end */
	pid_t l_pid; /* F_GETLK: who holds it */
};

int open(const char *, int, ...);
int openat(int, const char *, int, ...);
int creat(const char *, mode_t);
int fcntl(int, int, ...);
int flock(int, int);
int posix_fallocate(int, off_t, off_t);

__END_DECLS
#endif
