/*
 * Calls that only the oldest tables have (table_x86_64.def): those that a
 * newer call contains, handed on with its arguments, and the few that do more.
 * They are compiled for every port and linked where a table names them.
 *
 * Source: man-pages 6.05, each call's page.
 */
#include "lx.h"

#include <kernel/mm.h>
#include <kernel/time.h>

#define HERE ((uintptr_t)LX_AT_FDCWD)

/* NAME(arguments) is OTHER(these). */
#define SAME_AS(name, other, ...) \
	lx_handler name, other; \
	enum err \
	name(struct thread *t, const struct sysargs *a UNUSED, long *ret) \
	{ \
		const struct sysargs as = { { __VA_ARGS__ } }; \
		return other(t, &as, ret); \
	}

#define OPEN_CREAT (LX_O_CREAT | LX_O_WRONLY | LX_O_TRUNC)

SAME_AS(lx_open, lx_openat, HERE, a->v[0], a->v[1], a->v[2])
SAME_AS(lx_creat, lx_openat, HERE, a->v[0], OPEN_CREAT, a->v[1])
SAME_AS(lx_stat, lx_newfstatat, HERE, a->v[0], a->v[1], 0)
SAME_AS(lx_lstat, lx_newfstatat, HERE, a->v[0], a->v[1],
    LX_AT_SYMLINK_NOFOLLOW)
SAME_AS(lx_access, lx_faccessat, HERE, a->v[0], a->v[1])
SAME_AS(lx_pipe, lx_pipe2, a->v[0], 0)
SAME_AS(lx_rename, lx_renameat, HERE, a->v[0], HERE, a->v[1])
SAME_AS(lx_mkdir, lx_mkdirat, HERE, a->v[0], a->v[1])
SAME_AS(lx_rmdir, lx_unlinkat, HERE, a->v[0], LX_AT_REMOVEDIR)
SAME_AS(lx_unlink, lx_unlinkat, HERE, a->v[0], 0)
SAME_AS(lx_link, lx_linkat, HERE, a->v[0], HERE, a->v[1], 0)
SAME_AS(lx_symlink, lx_symlinkat, a->v[0], HERE, a->v[1])
SAME_AS(lx_readlink, lx_readlinkat, HERE, a->v[0], a->v[1], a->v[2])
SAME_AS(lx_mknod, lx_mknodat, HERE, a->v[0], a->v[1], a->v[2])
SAME_AS(lx_chmod, lx_fchmodat, HERE, a->v[0], a->v[1])
SAME_AS(lx_chown, lx_fchownat, HERE, a->v[0], a->v[1], a->v[2], 0)
SAME_AS(lx_lchown, lx_fchownat, HERE, a->v[0], a->v[1], a->v[2],
    LX_AT_SYMLINK_NOFOLLOW)
SAME_AS(lx_getpgrp, lx_getpgid, 0)
SAME_AS(lx_inotify_init, lx_inotify_init1, 0)
SAME_AS(lx_eventfd, lx_eventfd2, a->v[0], 0)
SAME_AS(lx_signalfd, lx_signalfd4, a->v[0], a->v[1], a->v[2], 0)
SAME_AS(lx_epoll_wait, lx_epoll_pwait, a->v[0], a->v[1], a->v[2], a->v[3])

/* ---- processes --------------------------------------------------------- */

#define CLONE_VM    0x100u
#define CLONE_VFORK 0x4000u

SAME_AS(lx_fork, lx_clone, SIG_CHLD)
SAME_AS(lx_vfork, lx_clone, CLONE_VFORK | CLONE_VM | SIG_CHLD)

lx_handler lx_dup2, lx_dup3, lx_epoll_create, lx_epoll_create1, lx_getdents;
lx_handler lx_poll, lx_select, lx_pause, lx_time, lx_alarm, lx_utimes;
lx_handler lx_futimesat, lx_utime;

/* ---- descriptors ------------------------------------------------------- */

/* Onto itself it only checks. */
enum err
lx_dup2(struct thread *t, const struct sysargs *a, long *ret)
{
	const struct sysargs as = { { a->v[0], a->v[1], 0 } };
	struct file *f;
	enum err e;

	if ((uint32_t)a->v[0] != (uint32_t)a->v[1])
		return lx_dup3(t, &as, ret);
	e = lx_file(t, a->v[0], 0, &f);
	if (e != OK)
		return e;
	file_unref(f);
	*ret = (long)(uint32_t)a->v[0];
	return OK;
}

/* The size is no longer used, but must be one. */
enum err
lx_epoll_create(struct thread *t, const struct sysargs *a, long *ret)
{
	const struct sysargs as = { { 0 } };

	return (int)a->v[0] <= 0 ? ERR_INVAL : lx_epoll_create1(t, &as, ret);
}

/* The type lies in the last byte of a record, and names begin 18 bytes in. */
enum err
lx_getdents(struct thread *t, const struct sysargs *a, long *ret)
{
	return lx_list(t, a, true, ret);
}

/* ---- waiting ----------------------------------------------------------- */

/* After a stop and its continuation, a poll waits until its first deadline. */
static enum err
poll_go_on(struct thread *t, long *ret)
{
	const struct sysargs a = {
		.v = { t->restart_args[0], t->restart_args[1] },
	};
	enum err e = lx_poll_until(t, &a, t->restart_args[2], ret);

	if (e != ERR_RESTART_NOHANDLER)
		return e;
	t->restart = poll_go_on;
	return ERR_RESTART_BLOCK;
}

enum err
lx_poll(struct thread *t, const struct sysargs *a, long *ret)
{
	int ms = (int)a->v[2];

	t->restart_args[0] = a->v[0];
	t->restart_args[1] = a->v[1];
	t->restart_args[2] = ms < 0 ? NS_NEVER : ms == 0 ? 0 :
	    lx_deadline((ns_t)ms * NS_PER_MS);
	return poll_go_on(t, ret);
}

enum err
lx_select(struct thread *t, const struct sysargs *a, long *ret)
{
	struct lx_timeval tv;
	ns_t deadline = NS_NEVER, now;
	enum err e;

	if ((int)a->v[0] < 0)
		return ERR_INVAL;
	if (a->v[4] != 0) {
		e = user_copy_in(&tv, a->v[4], sizeof(tv));
		if (e != OK)
			return e;
		if (tv.sec < 0 || tv.usec < 0)
			return ERR_INVAL;
		deadline = (uint64_t)tv.sec >= NS_NEVER / NS_PER_SEC / 2 ?
		    NS_NEVER : lx_deadline((ns_t)tv.sec * NS_PER_SEC +
		    (ns_t)(tv.usec % 1000000) * NS_PER_US +
		    (ns_t)(tv.usec / 1000000) * NS_PER_SEC);
	}
	e = lx_select_until(t, a, deadline, ret);
	if (a->v[4] == 0)
		return e;
	/* A read-only timeout is no error: select(2), notes. */
	now = time_now();
	tv = lx_timeval_of(deadline > now ? deadline - now : 0);
	err_ignore(user_copy_out(a->v[4], &tv, sizeof(tv)));
	return e;
}

enum err
lx_pause(struct thread *t, const struct sysargs *a, long *ret)
{
	struct waitq q;

	(void)t;
	(void)a;
	(void)ret;
	waitq_init(&q);
	return lx_no_restart(wait_until(&q, false, WAIT_SIGNALS));
}

/* ---- times ------------------------------------------------------------- */

enum err
lx_time(struct thread *t, const struct sysargs *a, long *ret)
{
	(void)t;
	*ret = (long)(time_wall() / NS_PER_SEC);
	return a->v[0] != 0 ? user_store64(a->v[0], (uint64_t)*ret) : OK;
}

/* Seconds left are rounded, but never to 0 while the alarm is set. */
enum err
lx_alarm(struct thread *t, const struct sysargs *a, long *ret)
{
	ns_t left = lx_alarm_exchange(
	    t->task, (ns_t)(unsigned)a->v[0] * NS_PER_SEC);

	*ret = (long)((left + NS_PER_SEC / 2) / NS_PER_SEC);
	if (*ret == 0 && left != 0)
		*ret = 1;
	return OK;
}

static enum err
utimes_at(struct thread *t, const uintptr_t at[2], uintptr_t user)
{
	struct lx_timespec ts[2] = {
		{ 0, LX_UTIME_NOW }, { 0, LX_UTIME_NOW },
	};
	struct lx_timeval tv[2];
	enum err e = OK;

	if (user != 0)
		e = user_copy_in(tv, user, sizeof(tv));
	for (unsigned i = 0; e == OK && user != 0 && i < 2; i++) {
		if (tv[i].usec < 0 || tv[i].usec >= 1000000)
			e = ERR_INVAL;
		ts[i] = (struct lx_timespec){ tv[i].sec, tv[i].usec * 1000 };
	}
	return e == OK ? lx_utime_at(t, at, 0, ts) : e;
}

enum err
lx_utimes(struct thread *t, const struct sysargs *a, long *ret)
{
	*ret = 0;
	return utimes_at(t, (uintptr_t[2]){ HERE, a->v[0] }, a->v[1]);
}

enum err
lx_futimesat(struct thread *t, const struct sysargs *a, long *ret)
{
	*ret = 0;
	return utimes_at(t, a->v, a->v[2]);
}

struct lx_utimbuf {
	int64_t atime, mtime;
};

enum err
lx_utime(struct thread *t, const struct sysargs *a, long *ret)
{
	struct lx_timespec ts[2] = {
		{ 0, LX_UTIME_NOW }, { 0, LX_UTIME_NOW },
	};
	struct lx_utimbuf buf;
	enum err e;

	*ret = 0;
	if (a->v[1] != 0) {
		e = user_copy_in(&buf, a->v[1], sizeof(buf));
		if (e != OK)
			return e;
		ts[0] = (struct lx_timespec){ buf.atime, 0 };
		ts[1] = (struct lx_timespec){ buf.mtime, 0 };
	}
	return lx_utime_at(t, (uintptr_t[2]){ HERE, a->v[0] }, 0, ts);
}
