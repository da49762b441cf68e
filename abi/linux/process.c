/*
 * Processes and threads: making them, ending them, waiting for them.
 * Source: man-pages 6.05 clone(2), _exit(2), wait(2), waitid(2), setpgid(2),
 * setsid(2), set_tid_address(2), pidfd_open(2).
 */
#include "call.h"

#include <kernel/ipc.h>

enum {
	CLONE_VM = 0x100, CLONE_FS = 0x200, CLONE_FILES = 0x400,
	CLONE_SIGHAND = 0x800, CLONE_PIDFD = 0x1000, CLONE_PTRACE = 0x2000,
	CLONE_VFORK = 0x4000, CLONE_PARENT = 0x8000, CLONE_THREAD = 0x10000,
	CLONE_NEWNS = 0x20000, CLONE_SYSVSEM = 0x40000,
	CLONE_SETTLS = 0x80000, CLONE_PARENT_SETTID = 0x100000,
	CLONE_CHILD_CLEARTID = 0x200000, CLONE_DETACHED = 0x400000,
	CLONE_UNTRACED = 0x800000, CLONE_CHILD_SETTID = 0x1000000,
	CLONE_NEWCGROUP = 0x2000000, CLONE_NEWUTS = 0x4000000,
	CLONE_NEWIPC = 0x8000000, CLONE_NEWUSER = 0x10000000,
	CLONE_NEWPID = 0x20000000, CLONE_NEWNET = 0x40000000,
};
#define CLONE_NAMESPACES \
	(CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | \
	    CLONE_NEWPID | CLONE_NEWNET)

static const struct {
	unsigned linux_bit, fork_bit;
} clone_bits[] = {
	{ CLONE_VM, FORK_SPACE },
	{ CLONE_FILES, FORK_HANDLES },
	{ CLONE_FS, FORK_FS },
	{ CLONE_SIGHAND, FORK_ACTIONS },
	{ CLONE_THREAD, FORK_THREAD },
	{ CLONE_VFORK, FORK_VFORK },
	{ CLONE_SETTLS, FORK_TLS },
	{ CLONE_PARENT_SETTID, FORK_PARENT_TID },
	{ CLONE_CHILD_SETTID, FORK_CHILD_TID },
	{ CLONE_CHILD_CLEARTID, FORK_CLEAR_TID },
	{ CLONE_PARENT, FORK_PARENT },
	{ CLONE_NEWNS, FORK_NEW_NS },
};

/* Combinations that clone(2) rules out. */
static enum err
clone_check(uint64_t flags)
{
	if ((flags & CLONE_THREAD) && (flags & CLONE_SIGHAND) == 0)
		return ERR_INVAL;
	if ((flags & CLONE_SIGHAND) && (flags & CLONE_VM) == 0)
		return ERR_INVAL;
	if ((flags & CLONE_FS) && (flags & CLONE_NEWNS))
		return ERR_INVAL;
	if (flags & CLONE_NAMESPACES)
		return ERR_INVAL;
	if ((flags & CLONE_NEWNS) && !capable(CAP_SYS_ADMIN))
		return ERR_PERM;
	/* A held child cannot be waited for at the same time. */
	if ((flags & CLONE_PIDFD) && (flags & (CLONE_THREAD | CLONE_VFORK)))
		return ERR_INVAL;
	return OK;
}

/* Makes the descriptor of a held child and writes its number. */
static enum err
clone_pidfd(struct thread *t, struct thread *child, uintptr_t user)
{
	struct file *f;
	long h = 0;
	enum err e = taskfd_create(child->task, 0, &f);

	if (e == OK)
		e = lx_install(t, f, true, &h);
	if (e != OK)
		return e;
	e = user_store32(user, (uint32_t)h);
	if (e != OK)
		err_ignore(handle_close(t->task->handles, (uint32_t)h));
	return e;
}

/* Runs a held child; one whose descriptor could not be given is killed
 * before its first instruction. */
static void
clone_release(struct thread *child, bool kill)
{
	struct sig_info info = { .number = SIG_KILL, .code = SIGC_KERNEL };

	if (kill)
		err_ignore(signal_send(child->task, &info));
	sched_start(child);
}

static enum err
clone_run(struct thread *t, uint64_t flags, struct fork_request *req,
    uintptr_t pidfd, long *ret)
{
	struct thread *child;
	enum err e = clone_check(flags);

	if (e != OK)
		return e;
	for (size_t i = 0; i < ARRAY_LEN(clone_bits); i++)
		if (flags & clone_bits[i].linux_bit)
			req->flags |= clone_bits[i].fork_bit;
	req->hold = (flags & CLONE_PIDFD) != 0;
	e = task_fork(req, &child);
	if (e != OK)
		return e;
	*ret = child->tid;
	if (req->hold) {
		e = clone_pidfd(t, child, pidfd);
		clone_release(child, e != OK);
	}
	lx_thread_put(child);
	return e;
}

/* clone(flags, stack, parent tid, tls, child tid): the generic order. */
enum err
lx_clone(struct thread *t, const struct sysargs *a, long *ret)
{
	struct fork_request req = {
		.exit_signal = (int)(a->v[0] & 0xff),
		.stack = a->v[1],
		.parent_tid = a->v[2],
		.tls = a->v[3],
		.child_tid = a->v[4],
	};
	uint64_t flags = (uint32_t)a->v[0] & ~0xffu;

	if (req.exit_signal > SIG_MAX)
		return ERR_INVAL;
	if ((flags & CLONE_PIDFD) && (flags & CLONE_PARENT_SETTID))
		return ERR_INVAL;
	return clone_run(t, flags, &req, a->v[2], ret);
}

#define CLONE_ARGS_MIN 64

static enum err
clone3_check(const struct lx_clone_args *c)
{
	if (c->flags >> 33 || (c->flags & (CLONE_DETACHED | 0xff)))
		return ERR_INVAL;
	if (c->exit_signal > SIG_MAX || ((c->flags & (CLONE_THREAD |
	    CLONE_PARENT)) && c->exit_signal != 0))
		return ERR_INVAL;
	if ((c->stack == 0) != (c->stack_size == 0))
		return ERR_INVAL;
	if (c->set_tid_size > 1 || (c->flags >> 32) != 0)
		return ERR_INVAL;
	return OK;
}

enum err
lx_clone3(struct thread *t, const struct sysargs *a, long *ret)
{
	struct lx_clone_args c = { 0 };
	struct fork_request req = { 0 };
	uint32_t tid = 0;
	enum err e;

	if (a->v[1] < CLONE_ARGS_MIN)
		return ERR_INVAL;
	if (a->v[1] > PAGE_SIZE)
		return ERR_TOOBIG;
	e = user_copy_in(&c, a->v[0], MIN(a->v[1], sizeof(c)));
	if (e == OK)
		e = clone3_check(&c);
	if (e == OK && c.set_tid_size == 1)
		e = capable(CAP_SYS_ADMIN) ? user_load32(c.set_tid, &tid) :
		    ERR_PERM;
	if (e != OK)
		return e;
	req.exit_signal = (int)c.exit_signal;
	req.stack = c.stack + c.stack_size;
	req.parent_tid = c.parent_tid;
	req.child_tid = c.child_tid;
	req.tls = c.tls;
	req.set_pid = (int)tid;
	return clone_run(t, c.flags, &req, c.pidfd, ret);
}

enum err
lx_exit(struct thread *t, const struct sysargs *a, long *ret)
{
	(void)t;
	(void)ret;
	thread_exit((int)(a->v[0] & 0xff) << 8);
}

enum err
lx_exit_group(struct thread *t, const struct sysargs *a, long *ret)
{
	(void)t;
	(void)ret;
	task_exit((int)(a->v[0] & 0xff) << 8);
}

enum err
lx_set_tid_address(struct thread *t, const struct sysargs *a, long *ret)
{
	t->clear_tid = a->v[0];
	*ret = t->tid;
	return OK;
}

#define UNSHARE_KNOWN \
	(CLONE_FS | CLONE_FILES | CLONE_NEWNS | CLONE_SYSVSEM | CLONE_VM | \
	    CLONE_SIGHAND | CLONE_THREAD | CLONE_NAMESPACES)

/* A private copy of root, working directory and umask, of which other threads
 * of the task hold no reference: they use what the task has. */
static enum err
unshare_fs(struct thread *t)
{
	struct fs_state *fresh, *old;

	if (!fs_state_is_shared(t->task->fs))
		return OK;
	if (atomic_load(&t->task->thread_count) > 1)
		return ERR_INVAL;
	fresh = fs_state_clone(t->task->fs);
	if (fresh == NULL)
		return ERR_NOMEM;
	mutex_lock(&t->task->lock);
	old = t->task->fs;
	t->task->fs = fresh;
	mutex_unlock(&t->task->lock);
	fs_state_unref(old);
	return OK;
}

static enum err
unshare_mounts(struct thread *t)
{
	struct mount_ns *fresh = NULL, *old;
	enum err e;

	if (!capable(CAP_SYS_ADMIN))
		return ERR_PERM;
	e = unshare_fs(t);
	if (e != OK)
		return e;
	old = mount_ns_get(t->task);
	e = mount_ns_clone(old, t->task->fs, &fresh);
	mount_ns_unref(old);
	if (e == OK)
		mount_ns_set(t->task, fresh);
	return e;
}

/* Differs: of the namespaces, only mounts can be taken apart; all of it is the
 * process's, not the thread's: EINVAL where there are several and another
 * process shares it. */
enum err
lx_unshare(struct thread *t, const struct sysargs *a, long *ret)
{
	uint64_t flags = a->v[0];
	enum err e = OK;

	*ret = 0;
	if ((flags & ~(uint64_t)UNSHARE_KNOWN) || (flags & CLONE_NAMESPACES))
		return ERR_INVAL;
	if ((flags & (CLONE_VM | CLONE_SIGHAND | CLONE_THREAD)) &&
	    atomic_load(&t->task->thread_count) > 1)
		return ERR_INVAL;
	if (flags & CLONE_FILES)
		e = lx_unshare_handles(t);
	if (e == OK && (flags & CLONE_NEWNS))
		e = unshare_mounts(t);
	else if (e == OK && (flags & CLONE_FS))
		e = unshare_fs(t);
	return e;
}

/* ---- waiting ---------------------------------------------------------- */

enum {
	WNOHANG = 1, WUNTRACED = 2, WEXITED = 4, WCONTINUED = 8,
	WNOWAIT = 0x1000000, WNOTHREAD = 0x20000000, WALL = 0x40000000,
};
#define WCLONE 0x80000000u

static unsigned
wait_flags(unsigned options)
{
	unsigned f = 0;

	if (options & WNOHANG)
		f |= WAITF_NOHANG;
	if (options & WUNTRACED)
		f |= WAITF_STOPPED;
	if (options & WCONTINUED)
		f |= WAITF_CONTINUED;
	if (options & WNOWAIT)
		f |= WAITF_NOWAIT;
	if (options & WALL)
		f |= WAITF_ALL;
	if (options & WCLONE)
		f |= WAITF_CLONE;
	return f;
}

void
lx_rusage_encode(ns_t utime, ns_t stime, struct lx_rusage *out)
{
	memset(out, 0, sizeof(*out));
	out->utime = lx_timeval_of(utime);
	out->stime = lx_timeval_of(stime);
}

static enum err
wait_rusage(uintptr_t user, const struct wait_result *r)
{
	struct lx_rusage ru;

	if (user == 0)
		return OK;
	lx_rusage_encode(r->utime, r->stime, &ru);
	return user_copy_out(user, &ru, sizeof(ru));
}

enum err
lx_wait4(struct thread *t, const struct sysargs *a, long *ret)
{
	unsigned options = (unsigned)a->v[2];
	struct wait_request req = {
		.pid = (int)a->v[0],
		.flags = WAITF_EXITED | wait_flags(options),
	};
	struct wait_result r = { 0 };
	enum err e;

	(void)t;
	if (options & ~(WNOHANG | WUNTRACED | WCONTINUED | WNOTHREAD | WALL |
	    WCLONE))
		return ERR_INVAL;
	if (req.pid == INT32_MIN)
		return ERR_NOTASK;
	e = task_wait(&req, &r);
	if (e != OK)
		return e;
	*ret = r.pid;
	if (r.pid == 0)
		return OK;
	if (a->v[1] != 0)
		e = user_store32(a->v[1], (uint32_t)r.status);
	return e == OK ? wait_rusage(a->v[3], &r) : e;
}

enum { CLD_EXITED = 1, CLD_KILLED, CLD_DUMPED, CLD_TRAPPED, CLD_STOPPED,
	CLD_CONTINUED };

/* waitid tells in words what wait4 packs into a number. */
static enum err
waitid_out(uintptr_t user, const struct wait_result *r)
{
	struct lx_siginfo si = { 0 };

	if (user == 0)
		return OK;
	if (r->pid != 0) {
		si.signo = SIG_CHLD;
		si.child.pid = r->pid;
		si.child.uid = r->uid;
	}
	if (r->pid == 0) {
		si.code = 0;
	} else if (r->status == 0xffff) {
		si.code = CLD_CONTINUED;
		si.child.status = SIG_CONT;
	} else if ((r->status & 0xff) == 0x7f) {
		si.code = CLD_STOPPED;
		si.child.status = r->status >> 8 & 0xff;
	} else if ((r->status & 0x7f) != 0) {
		si.code = r->status & 0x80 ? CLD_DUMPED : CLD_KILLED;
		si.child.status = r->status & 0x7f;
	} else {
		si.code = CLD_EXITED;
		si.child.status = r->status >> 8 & 0xff;
	}
	return user_copy_out(user, &si, sizeof(si));
}

/* Whom waitid means: P_ALL, P_PID, P_PGID, P_PIDFD. */
static enum err
waitid_whom(struct thread *t, const struct sysargs *a, int *pid)
{
	struct task *target;
	struct file *f;
	enum err e;

	switch ((int)a->v[0]) {
	case 0:
		*pid = -1;
		return OK;
	case 1:
		*pid = (int)a->v[1];
		return *pid > 0 ? OK : ERR_INVAL;
	case 2:
		*pid = (int)a->v[1] == 0 ? 0 : -(int)a->v[1];
		return (int)a->v[1] >= 0 ? OK : ERR_INVAL;
	case 3:
		e = lx_file(t, a->v[1], 0, &f);
		if (e != OK)
			return e;
		e = taskfd_task(f, &target);
		file_unref(f);
		if (e != OK)
			return ERR_BADHANDLE;
		*pid = target->pid;
		task_unref(target);
		return OK;
	default:
		return ERR_INVAL;
	}
}

enum err
lx_waitid(struct thread *t, const struct sysargs *a, long *ret)
{
	unsigned options = (unsigned)a->v[3];
	struct wait_request req = { .flags = wait_flags(options) };
	struct wait_result r = { 0 };
	enum err e;

	if ((options & ~(WNOHANG | WUNTRACED | WEXITED | WCONTINUED | WNOWAIT |
	    WNOTHREAD | WALL | WCLONE)) ||
	    (options & (WEXITED | WUNTRACED | WCONTINUED)) == 0)
		return ERR_INVAL;
	if (options & WEXITED)
		req.flags |= WAITF_EXITED;
	e = waitid_whom(t, a, &req.pid);
	if (e == OK)
		e = task_wait(&req, &r);
	if (e != OK)
		return e;
	*ret = 0;
	e = waitid_out(a->v[2], &r);
	return e == OK && r.pid != 0 ? wait_rusage(a->v[4], &r) : e;
}

/* ---- groups and sessions ---------------------------------------------- */

enum err
lx_setpgid(struct thread *t, const struct sysargs *a, long *ret)
{
	(void)t;
	*ret = 0;
	if ((int)a->v[1] < 0)
		return ERR_INVAL;
	return task_setpgid((int)a->v[0], (int)a->v[1]);
}

enum err
lx_getpgid(struct thread *t, const struct sysargs *a, long *ret)
{
	struct task *target;
	enum err e = lx_task(t, a->v[0], &target);

	if (e != OK)
		return e;
	*ret = target->pgid;
	task_unref(target);
	return OK;
}

enum err
lx_getsid(struct thread *t, const struct sysargs *a, long *ret)
{
	struct task *target;
	enum err e = lx_task(t, a->v[0], &target);

	if (e != OK)
		return e;
	*ret = task_sid(target);
	task_unref(target);
	return OK;
}

enum err
lx_setsid(struct thread *t, const struct sysargs *a, long *ret)
{
	int sid;
	enum err e = task_setsid(&sid);

	(void)t;
	(void)a;
	if (e == OK)
		*ret = sid;
	return e;
}

/* ---- process descriptors ----------------------------------------------- */

#define PIDFD_NONBLOCK LX_O_NONBLOCK

enum err
lx_pidfd_open(struct thread *t, const struct sysargs *a, long *ret)
{
	struct task *target;
	struct file *f;
	enum err e;

	if ((int)a->v[0] <= 0 || (a->v[1] & ~(uintptr_t)PIDFD_NONBLOCK))
		return ERR_INVAL;
	e = task_find((int)a->v[0], &target);
	if (e != OK)
		return e;
	e = taskfd_create(target, lx_file_flags((unsigned)a->v[1]), &f);
	task_unref(target);
	return e == OK ? lx_install(t, f, true, ret) : e;
}

/* An open /proc/PID stands for its process where by_proc says so. */
static enum err
pidfd_task(struct file *f, bool by_proc, struct task **out)
{
	if (by_proc && f->vnode != NULL && f->vnode->ops->task != NULL &&
	    !(file_flags(f) & FILE_PATH))
		return f->vnode->ops->task(f->vnode, out);
	return taskfd_task(f, out);
}

static enum err
pidfd_target(struct thread *t, uintptr_t h, bool by_proc, struct task **out)
{
	struct task *now = NULL;
	struct file *f;
	enum err e = lx_file(t, h, 0, &f);

	if (e != OK)
		return e;
	e = pidfd_task(f, by_proc, out);
	file_unref(f);
	if (e != OK)
		return e == ERR_NOTASK ? e : ERR_BADHANDLE;
	/* A reaped process has no number any more. */
	e = task_find((*out)->pid, &now);
	if (e == OK && now != *out)
		e = ERR_NOTASK;
	if (now != NULL)
		task_unref(now);
	if (e != OK)
		task_unref(*out);
	return e;
}

enum err
lx_pidfd_send_signal(struct thread *t, const struct sysargs *a, long *ret)
{
	struct sig_info info = {
		.number = (int)a->v[1], .code = SIGC_USER,
		.pid = t->task->pid,
	};
	struct lx_siginfo si;
	struct task *target;
	enum err e;

	*ret = 0;
	if (a->v[3] != 0 || info.number < 0 || info.number > SIG_MAX)
		return ERR_INVAL;
	e = pidfd_target(t, a->v[0], true, &target);
	if (e != OK)
		return e;
	if (a->v[2] != 0) {
		e = user_copy_in(&si, a->v[2], sizeof(si));
		if (e == OK && si.signo != info.number)
			e = ERR_INVAL;
		if (e == OK && target != t->task &&
		    (si.code >= 0 || si.code == SIGC_TKILL))
			e = ERR_PERM;
		if (e == OK)
			lx_siginfo_decode(&si, &info);
	}
	if (e == OK)
		e = signal_may(target, info.number) ?
		    signal_send(target, &info) : ERR_PERM;
	task_unref(target);
	return e;
}

/* Another task's descriptor, for those who may trace it. */
enum err
lx_pidfd_getfd(struct thread *t, const struct sysargs *a, long *ret)
{
	struct handle_table *ht = NULL;
	struct task *target;
	struct file *f;
	enum err e;

	if (a->v[2] != 0)
		return ERR_INVAL;
	e = pidfd_target(t, a->v[0], false, &target);
	if (e != OK)
		return e;
	if (!lx_may_change(t, target, CAP_SYS_PTRACE)) {
		e = ERR_PERM;
		goto out;
	}
	mutex_lock(&target->lock);
	if (target->handles != NULL)
		ht = handle_table_ref(target->handles);
	mutex_unlock(&target->lock);
	if (ht == NULL) {
		e = ERR_NOTASK;
		goto out;
	}
	e = file_get(ht, (uint32_t)a->v[1], 0, &f);
	handle_table_unref(ht);
	if (e == OK)
		e = lx_install(t, f, true, ret);
out:
	task_unref(target);
	return e;
}
