/*
 * Linux's structures and constants, as 64-bit little-endian architectures
 * with the generic layout have them; <lx_arch.h>, which includes this file, has
 * what differs. Source: Linux 6.6 include/uapi, man-pages 6.05.
 */
#pragma once

#include <stdint.h>

#define LX_SIZE(type, bytes) \
	_Static_assert(sizeof(type) == (bytes), #type " has Linux's size")

/* ---- open and friends ------------------------------------------------- */

#define LX_O_ACCMODE   03u
#define LX_O_WRONLY    01u
#define LX_O_RDWR      02u
#define LX_O_CREAT     0100u
#define LX_O_EXCL      0200u
#define LX_O_NOCTTY    0400u
#define LX_O_TRUNC     01000u
#define LX_O_APPEND    02000u
#define LX_O_NONBLOCK  04000u
#define LX_O_DSYNC     010000u
#define LX_O_ASYNC     020000u
#ifndef LX_O_DIRECT
#define LX_O_DIRECT    040000u
#define LX_O_LARGEFILE 0100000u
#define LX_O_DIRECTORY 0200000u
#define LX_O_NOFOLLOW  0400000u
#endif
#define LX_O_NOATIME   01000000u
#define LX_O_CLOEXEC   02000000u
#define LX_O_SYNC_BIT  04000000u
#define LX_O_PATH      010000000u
#define LX_O_TMPFILE   020000000u

#define LX_AT_FDCWD            (-100)
#define LX_AT_SYMLINK_NOFOLLOW 0x100u
#define LX_AT_REMOVEDIR        0x200u
#define LX_AT_EACCESS          0x200u
#define LX_AT_SYMLINK_FOLLOW   0x400u
#define LX_AT_NO_AUTOMOUNT     0x800u
#define LX_AT_EMPTY_PATH       0x1000u
#define LX_AT_STATX_SYNC       0x6000u

struct lx_open_how {
	uint64_t flags, mode, resolve;
};
LX_SIZE(struct lx_open_how, 24);

/* ---- time ------------------------------------------------------------- */

enum {
	LX_CLOCK_REALTIME = 0, LX_CLOCK_MONOTONIC = 1,
	LX_CLOCK_PROCESS_CPUTIME = 2, LX_CLOCK_THREAD_CPUTIME = 3,
	LX_CLOCK_MONOTONIC_RAW = 4, LX_CLOCK_REALTIME_COARSE = 5,
	LX_CLOCK_MONOTONIC_COARSE = 6, LX_CLOCK_BOOTTIME = 7,
	LX_CLOCK_REALTIME_ALARM = 8, LX_CLOCK_BOOTTIME_ALARM = 9,
	LX_CLOCK_TAI = 11,
};

struct lx_timespec {
	int64_t sec, nsec;
};
struct lx_timeval {
	int64_t sec, usec;
};
struct lx_itimerspec {
	struct lx_timespec interval, value;
};
struct lx_itimerval {
	struct lx_timeval interval, value;
};
struct lx_tms {
	int64_t utime, stime, cutime, cstime;
};
struct lx_timezone {
	int32_t minutes_west, dst;
};
LX_SIZE(struct lx_itimerspec, 32);

/* ---- files ------------------------------------------------------------ */

struct lx_statx_time {
	int64_t sec;
	uint32_t nsec;
	int32_t reserved;
};
struct lx_statx {
	uint32_t mask, block_size;
	uint64_t attributes;
	uint32_t nlink, uid, gid;
	uint16_t mode, spare0;
	uint64_t ino, size, blocks, attributes_mask;
	struct lx_statx_time atime, btime, ctime, mtime;
	uint32_t rdev_major, rdev_minor, dev_major, dev_minor;
	uint64_t mount_id;
	uint32_t dio_memory_align, dio_offset_align;
	uint64_t spare3[12];
};
LX_SIZE(struct lx_statx, 256);
#define LX_STATX_BASIC  0x7ffu
#define LX_STATX_BTIME  0x800u
#define LX_STATX_MNT_ID 0x1000u

struct lx_statfs {
	int64_t type, block_size;
	uint64_t blocks, free, avail, files, files_free;
	int32_t fsid[2];
	int64_t name_len, fragment_size, flags, spare[4];
};
LX_SIZE(struct lx_statfs, 120);

/* The fixed part of getdents64's records. */
struct lx_dirent {
	uint64_t ino;
	int64_t off;
	uint16_t record_len;
	uint8_t type;
	char name[];
};
#define LX_DIRENT_HEAD 19

struct lx_flock {
	int16_t type, whence;
	int64_t start, len;
	int32_t pid;
};
LX_SIZE(struct lx_flock, 32);

struct lx_iovec {
	uint64_t base, len;
};

struct lx_pollfd {
	int32_t fd;
	int16_t events, revents;
};
LX_SIZE(struct lx_pollfd, 8);

/* ---- signals ---------------------------------------------------------- */

struct lx_stack {
	uint64_t sp;
	int32_t flags, pad;
	uint64_t size;
};
LX_SIZE(struct lx_stack, 24);
#ifndef LX_MINSIGSTKSZ
#define LX_MINSIGSTKSZ   2048
#endif
#ifndef LX_FRAME_ALIGN
#define LX_FRAME_ALIGN   16 /* of signal frames */
#endif
#define LX_SS_ONSTACK    1
#define LX_SS_DISABLE    2
#define LX_SS_AUTODISARM (1 << 31)

#define LX_SA_NOCLDSTOP 0x00000001u
#define LX_SA_NOCLDWAIT 0x00000002u
#define LX_SA_SIGINFO   0x00000004u
#define LX_SA_RESTORER  0x04000000u
#define LX_SA_ONSTACK   0x08000000u
#define LX_SA_RESTART   0x10000000u
#define LX_SA_NODEFER   0x40000000u
#define LX_SA_RESETHAND 0x80000000u

struct lx_siginfo {
	int32_t signo, error, code, pad;
	union {
		uint8_t bytes[112];
		struct {
			int32_t pid;
			uint32_t uid;
			uint64_t value;
		} rt;
		struct {
			int32_t id, overrun;
			uint64_t value;
		} timer;
		struct {
			int32_t pid;
			uint32_t uid;
			int32_t status, pad;
			int64_t utime, stime;
		} child;
		struct {
			uint64_t addr;
		} fault;
		struct {
			int64_t band;
			int32_t fd;
		} poll;
	};
};
LX_SIZE(struct lx_siginfo, 128);

/* What a signal frame brings back beside registers. */
struct lx_frame_back {
	struct lx_stack stack;
	uint64_t mask;
};

/* As signal frames begin: siginfo and the first part of the ucontext. x86_64
 * has another order. */
struct lx_frame_head {
	struct lx_siginfo info;
	struct {
		uint64_t flags, link;
		struct lx_frame_back back;
	} uc;
};
LX_SIZE(struct lx_frame_head, 176);

struct lx_signalfd_info {
	uint32_t signo;
	int32_t error, code;
	uint32_t pid, uid;
	int32_t fd;
	uint32_t timer_id, band, overrun, trap_no;
	int32_t status, int_value;
	uint64_t ptr, utime, stime, addr;
	uint8_t pad[48];
};
LX_SIZE(struct lx_signalfd_info, 128);

struct lx_sigevent {
	uint64_t value;
	int32_t signo, notify;
	int32_t tid, pad[11];
};
LX_SIZE(struct lx_sigevent, 64);

/* ---- processes -------------------------------------------------------- */

struct lx_rusage {
	struct lx_timeval utime, stime;
	int64_t max_rss, ix_rss, id_rss, is_rss;
	int64_t minor_faults, major_faults, swaps;
	int64_t in_blocks, out_blocks, msgs_sent, msgs_received, signals;
	int64_t switches_voluntary, switches_forced;
};
LX_SIZE(struct lx_rusage, 144);

struct lx_rlimit {
	uint64_t soft, hard;
};

struct lx_utsname {
	char sysname[65], nodename[65], release[65], version[65];
	char machine[65], domainname[65];
};
LX_SIZE(struct lx_utsname, 390);

struct lx_sysinfo {
	int64_t uptime;
	uint64_t loads[3];
	uint64_t total_ram, free_ram, shared_ram, buffer_ram;
	uint64_t total_swap, free_swap;
	uint16_t procs, pad;
	uint64_t total_high, free_high;
	uint32_t unit;
};
LX_SIZE(struct lx_sysinfo, 112);

struct lx_clone_args {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal;
	uint64_t stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};
LX_SIZE(struct lx_clone_args, 88);

struct lx_cap_header {
	uint32_t version;
	int32_t pid;
};
struct lx_cap_data {
	uint32_t effective, permitted, inheritable;
};

struct lx_sched_param {
	int32_t priority;
};
struct lx_sched_attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};
LX_SIZE(struct lx_sched_attr, 48);

struct lx_futex_waitv {
	uint64_t val, uaddr;
	uint32_t flags, reserved;
};
LX_SIZE(struct lx_futex_waitv, 24);

/* ---- sockets ---------------------------------------------------------- */

struct lx_msghdr {
	uint64_t name;
	uint32_t name_len, pad1;
	uint64_t iov, iov_len, control, control_len;
	uint32_t flags, pad2;
};
LX_SIZE(struct lx_msghdr, 56);

struct lx_mmsghdr {
	struct lx_msghdr hdr;
	uint32_t len, pad;
};
LX_SIZE(struct lx_mmsghdr, 64);

struct lx_cmsghdr {
	uint64_t len;
	int32_t level, type;
};
LX_SIZE(struct lx_cmsghdr, 16);

struct lx_ucred {
	int32_t pid;
	uint32_t uid, gid;
};
