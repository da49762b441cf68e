/*
 * Descriptors that are events: eventfd, timerfd, signalfd, epoll, inotify.
 * Source: man-pages 6.05 eventfd(2), timerfd_create(2), signalfd(2),
 * epoll_ctl(2), epoll_wait(2), inotify(7).
 */
#include "call.h"

#include <kernel/ipc.h>
#include <kernel/mm.h>

enum err
lx_eventfd2(struct thread *t, const struct sysargs *a, long *ret)
{
	unsigned flags = (unsigned)a->v[1];
	struct file *f;
	enum err e;

	if (flags & ~(LX_FD_FLAGS | EVENT_SEMAPHORE))
		return ERR_INVAL;
	e = event_create((uint32_t)a->v[0], flags & EVENT_SEMAPHORE,
	    lx_file_flags(flags), &f);
	return e == OK ?
	    lx_install(t, f, (flags & LX_O_CLOEXEC) != 0, ret) : e;
}

/* ---- timerfd ---------------------------------------------------------- */

#define TFD_ABSTIME 1u
#define TFD_CANCEL  2u

enum err
lx_timerfd_create(struct thread *t, const struct sysargs *a, long *ret)
{
	unsigned flags = (unsigned)a->v[1];
	enum clock_id clock;
	struct file *f;
	enum err e;

	switch ((int)a->v[0]) {
	case 0:
	case 8:
		clock = CLOCK_WALL;
		break;
	case 1:
	case 7:
	case 9:
		clock = CLOCK_MONO;
		break;
	default:
		return ERR_INVAL;
	}
	if (flags & ~LX_FD_FLAGS)
		return ERR_INVAL;
	e = timer_create(clock, lx_file_flags(flags), &f);
	return e == OK ?
	    lx_install(t, f, (flags & LX_O_CLOEXEC) != 0, ret) : e;
}

static enum err
timerfd_out(struct file *f, uintptr_t user)
{
	ns_t left, interval;
	enum err e = timer_get(f, &left, &interval);

	if (e == OK)
		e = lx_timespec_out(user, interval);
	return e == OK ?
	    lx_timespec_out(user + sizeof(struct lx_timespec), left) : e;
}

enum err
lx_timerfd_settime(struct thread *t, const struct sysargs *a, long *ret)
{
	unsigned flags = (unsigned)a->v[1];
	ns_t value, interval;
	struct file *f;
	enum err e;

	if (flags & ~(TFD_ABSTIME | TFD_CANCEL))
		return ERR_INVAL;
	e = lx_timespec_in(a->v[2], &interval);
	if (e == OK)
		e = lx_timespec_in(
		    a->v[2] + sizeof(struct lx_timespec), &value);
	if (e == OK)
		e = lx_file(t, a->v[0], 0, &f);
	if (e != OK)
		return e;
	*ret = 0;
	if (f->obj.kind != OBJ_TIMER)
		e = ERR_INVAL;
	if (e == OK && a->v[3] != 0)
		e = timerfd_out(f, a->v[3]);
	if (e == OK && value != 0 && (flags & TFD_ABSTIME) == 0)
		value += timer_clock(f) == CLOCK_WALL ? time_wall() :
		    time_now();
	if (e == OK)
		e = timer_set(f, value, interval, (flags & TFD_CANCEL) != 0);
	file_unref(f);
	return e;
}

enum err
lx_timerfd_gettime(struct thread *t, const struct sysargs *a, long *ret)
{
	struct file *f;
	enum err e = lx_file(t, a->v[0], 0, &f);

	if (e != OK)
		return e;
	*ret = 0;
	e = f->obj.kind == OBJ_TIMER ? timerfd_out(f, a->v[1]) : ERR_INVAL;
	file_unref(f);
	return e;
}

/* ---- signalfd --------------------------------------------------------- */

enum err
lx_signalfd4(struct thread *t, const struct sysargs *a, long *ret)
{
	unsigned flags = (unsigned)a->v[3];
	sigset_bits set;
	struct file *f;
	enum err e;

	if (flags & ~LX_FD_FLAGS)
		return ERR_INVAL;
	e = lx_sigset_in(a->v[1], a->v[2], &set);
	if (e != OK)
		return e;
	set &= ~SIG_UNBLOCKABLE;
	if ((int)a->v[0] == -1) {
		e = signalfd_create(set, lx_file_flags(flags), &f);
		return e == OK ?
		    lx_install(t, f, (flags & LX_O_CLOEXEC) != 0, ret) : e;
	}
	e = lx_file(t, a->v[0], 0, &f);
	if (e != OK)
		return e;
	*ret = (long)a->v[0];
	e = f->obj.kind == OBJ_SIGNALFD ? signalfd_set(f, set) : ERR_INVAL;
	file_unref(f);
	return e;
}

/* ---- epoll ------------------------------------------------------------ */

#define EPOLL_CTL_ADD   1
#define EPOLL_CTL_DEL   2
#define EPOLL_CTL_MOD   3
#define EPOLL_EXCLUSIVE (1u << 28)
#define EPOLL_WAKEUP    (1u << 29)
#define EPOLL_ONESHOT   (1u << 30)
#define EPOLL_EDGE      (1u << 31)

enum err
lx_epoll_create1(struct thread *t, const struct sysargs *a, long *ret)
{
	struct file *f;
	enum err e;

	if (a->v[0] & ~(uintptr_t)LX_O_CLOEXEC)
		return ERR_INVAL;
	e = waitset_create(0, &f);
	return e == OK ? lx_install(t, f, a->v[0] != 0, ret) : e;
}

static unsigned
epoll_flags(uint32_t events)
{
	unsigned flags = 0;

	if (events & EPOLL_EDGE)
		flags |= WAITSET_EDGE;
	if (events & EPOLL_ONESHOT)
		flags |= WAITSET_ONESHOT;
	if (events & EPOLL_EXCLUSIVE)
		flags |= WAITSET_EXCLUSIVE;
	return flags;
}

static enum err
epoll_change(struct file *set, struct file *f, const struct sysargs *a,
    const struct lx_epoll_event *ev)
{
	uint32_t h = (uint32_t)a->v[2];
	struct waitset_event we;
	unsigned flags;

	if (set->obj.kind != OBJ_WAITSET || set == f)
		return ERR_INVAL;
	if ((int)a->v[1] == EPOLL_CTL_DEL)
		return waitset_remove(set, f, h);
	flags = epoll_flags(ev->events);
	we.events = (ev->events & 0x0fffffffu) | POLL_ERR | POLL_HUP;
	we.data = ev->data;
	if ((int)a->v[1] == EPOLL_CTL_ADD)
		return waitset_add(set, f, h, &we, flags);
	if ((int)a->v[1] != EPOLL_CTL_MOD || (flags & WAITSET_EXCLUSIVE))
		return ERR_INVAL;
	return waitset_modify(set, f, h, &we, flags);
}

enum err
lx_epoll_ctl(struct thread *t, const struct sysargs *a, long *ret)
{
	struct lx_epoll_event ev = { 0 };
	struct lx_fd set, fd;
	enum err e = OK;

	if ((int)a->v[1] != EPOLL_CTL_DEL)
		e = user_copy_in(&ev, a->v[3], sizeof(ev));
	if (e == OK)
		e = lx_fd_get(t, a->v[0], 0, &set);
	if (e != OK)
		return e;
	*ret = 0;
	e = lx_fd_get(t, a->v[2], 0, &fd);
	if (e == OK) {
		e = epoll_change(set.file, fd.file, a, &ev);
		lx_fd_put(&fd);
	}
	lx_fd_put(&set);
	return e;
}

#define EPOLL_BATCH 32

static enum err
epoll_out(const struct waitset_event *in, unsigned n, uintptr_t user)
{
	struct lx_epoll_event ev = { 0 };
	enum err e = OK;

	for (unsigned i = 0; e == OK && i < n; i++) {
		ev.events = in[i].events;
		ev.data = in[i].data;
		e = user_copy_out(user + i * sizeof(ev), &ev, sizeof(ev));
	}
	return e;
}

static NOINLINE enum err
epoll_wait_other(struct thread *t, const struct sysargs *a,
    struct waitset_event *ev, ns_t deadline, unsigned *n)
{
	struct lx_fd set;
	enum err e = lx_fd_get(t, a->v[0], 0, &set);

	if (e != OK)
		return e;
	e = set.file->obj.kind != OBJ_WAITSET ? ERR_INVAL :
	    waitset_wait(set.file, ev,
	    (unsigned)MIN(a->v[2], (uintptr_t)EPOLL_BATCH), deadline, n);
	lx_fd_put(&set);
	return e;
}

static inline enum err
epoll_wait(struct thread *t, const struct sysargs *a, ns_t deadline,
    long *ret)
{
	/* The first n are set by then. */
	__attribute__((uninitialized)) struct waitset_event ev[EPOLL_BATCH];
	struct file *set = lx_fd_peek(t, a->v[0], OBJ_WAITSET, 0);
	unsigned n = 0;
	enum err e;

	if (UNLIKELY((int)a->v[2] <= 0))
		return ERR_INVAL;
	e = LIKELY(set != NULL) ? waitset_wait(set, ev,
	    (unsigned)MIN(a->v[2], (uintptr_t)EPOLL_BATCH), deadline, &n) :
	    epoll_wait_other(t, a, ev, deadline, &n);
	*ret = (long)n;
	if (LIKELY(e == OK))
		return epoll_out(ev, n, a->v[1]);
	if (e == ERR_TIMEDOUT)
		return OK;
	/* Never restarted: signal(7). */
	return e == ERR_RESTART ? ERR_INTR : e;
}

enum err
lx_epoll_pwait(struct thread *t, const struct sysargs *a, long *ret)
{
	int ms = (int)a->v[3];
	enum err e = OK;

	if (a->v[4] != 0)
		e = lx_wait_mask(a->v[4], a->v[5]);
	if (UNLIKELY(e != OK))
		return e;
	return epoll_wait(t, a, ms < 0 ? NS_NEVER : ms == 0 ? 0 :
	    lx_deadline((ns_t)ms * NS_PER_MS), ret);
}

enum err
lx_epoll_pwait2(struct thread *t, const struct sysargs *a, long *ret)
{
	ns_t deadline;
	enum err e = lx_timeout_in(a->v[3], &deadline);

	if (e == OK)
		e = lx_wait_mask(a->v[4], a->v[5]);
	return e == OK ? epoll_wait(t, a, deadline, ret) : e;
}

/* ---- inotify ---------------------------------------------------------- */

#define IN_ONLYDIR     0x01000000u
#define IN_DONT_FOLLOW 0x02000000u
#define IN_ALL_EVENTS  0x00000fffu

enum err
lx_inotify_init1(struct thread *t, const struct sysargs *a, long *ret)
{
	unsigned flags = (unsigned)a->v[0];
	struct file *f;
	enum err e;

	if (flags & ~LX_FD_FLAGS)
		return ERR_INVAL;
	e = watch_create(lx_file_flags(flags), &f);
	return e == OK ?
	    lx_install(t, f, (flags & LX_O_CLOEXEC) != 0, ret) : e;
}

enum err
lx_inotify_add_watch(struct thread *t, const struct sysargs *a, long *ret)
{
	uint32_t mask = (uint32_t)a->v[2];
	struct file *queue;
	struct path p;
	int wd;
	enum err e;

	if ((mask & IN_ALL_EVENTS) == 0)
		return ERR_INVAL;
	e = lx_file(t, a->v[0], 0, &queue);
	if (e != OK)
		return e;
	e = lx_at_walk(t, (uintptr_t)LX_AT_FDCWD, a->v[1],
	    (mask & IN_DONT_FOLLOW ? WALK_NOFOLLOW : 0) |
	    (mask & IN_ONLYDIR ? WALK_DIRECTORY : 0), &p);
	if (e == OK) {
		e = watch_add(queue, &p, mask, &wd);
		path_unref(&p);
	}
	if (e == OK)
		*ret = wd;
	file_unref(queue);
	return e;
}

enum err
lx_inotify_rm_watch(struct thread *t, const struct sysargs *a, long *ret)
{
	struct file *queue;
	enum err e = lx_file(t, a->v[0], 0, &queue);

	if (e != OK)
		return e;
	*ret = 0;
	e = watch_remove(queue, (int)a->v[1]);
	file_unref(queue);
	return e;
}
