/*
 * Descriptors as such: copies, closing, pipes, flags and locks by fcntl.
 * Source: man-pages 6.05 dup(2), close(2), close_range(2), fcntl(2).
 */
#include "call.h"

#include <kernel/ipc.h>

enum err
lx_close(struct thread *t, const struct sysargs *a, long *ret)
{
	*ret = 0;
	return handle_close(t->task->handles, (uint32_t)a->v[0]);
}

#define CLOSE_RANGE_UNSHARE 2u
#define CLOSE_RANGE_CLOEXEC 4u

/* A private copy of the descriptors that tasks share. Not where other threads
 * are in the middle of calls with the old table. */
enum err
lx_unshare_handles(struct thread *t)
{
	struct handle_table *old, *fresh;

	if (!handle_table_is_shared(t->task->handles))
		return OK;
	if (atomic_load(&t->task->thread_count) > 1)
		return ERR_INVAL;
	fresh = handle_table_clone(t->task->handles);
	if (fresh == NULL)
		return ERR_NOMEM;
	mutex_lock(&t->task->lock);
	old = t->task->handles;
	task_set_handles(t->task, fresh);
	mutex_unlock(&t->task->lock);
	handle_table_unref(old);
	return OK;
}

/* Differs: unshares as unshare does. */
enum err
lx_close_range(struct thread *t, const struct sysargs *a, long *ret)
{
	uint32_t first = (uint32_t)a->v[0], last = (uint32_t)a->v[1];
	unsigned flags = (unsigned)a->v[2];

	*ret = 0;
	if (first > last ||
	    (flags & ~(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC)))
		return ERR_INVAL;
	if (flags & CLOSE_RANGE_UNSHARE) {
		enum err e = lx_unshare_handles(t);

		if (e != OK)
			return e;
	}
	handle_close_range(t->task->handles, first, last,
	    flags & CLOSE_RANGE_CLOEXEC ? HANDLE_CLOEXEC : 0);
	return OK;
}

static enum err
dup_from(struct thread *t, uintptr_t fd, uint32_t from, unsigned flags,
    long *ret)
{
	enum err e = handle_dup(
	    t->task->handles, (uint32_t)fd, RIGHTS_ALL, flags, &from);

	if (e == OK)
		*ret = (long)from;
	return e;
}

enum err
lx_dup(struct thread *t, const struct sysargs *a, long *ret)
{
	return dup_from(t, a->v[0], 0, 0, ret);
}

enum err
lx_dup3(struct thread *t, const struct sysargs *a, long *ret)
{
	uint32_t h = (uint32_t)a->v[0], target = (uint32_t)a->v[1];

	if (h == target || ((unsigned)a->v[2] & ~LX_O_CLOEXEC))
		return ERR_INVAL;
	*ret = (long)target;
	return handle_dup_to(t->task->handles, h, target, RIGHTS_ALL,
	    a->v[2] & LX_O_CLOEXEC ? HANDLE_CLOEXEC : 0);
}

enum err
lx_pipe2(struct thread *t, const struct sysargs *a, long *ret)
{
	struct handle_table *ht = t->task->handles;
	unsigned o = (unsigned)a->v[1], flags = 0;
	uint32_t h[2] = { HANDLE_NONE, HANDLE_NONE };
	struct file *r, *w;
	enum err e;

	if (o & ~(LX_FD_FLAGS | LX_O_DIRECT))
		return ERR_INVAL;
	flags = lx_file_flags(o) | (o & LX_O_DIRECT ? FILE_DIRECT : 0);
	e = handle_reserve(ht, &h[0]);
	if (e != OK)
		goto out;
	e = handle_reserve(ht, &h[1]);
	if (e != OK)
		goto out;
	/* Before anything exists, so that a bad address leaves nothing. */
	e = user_copy_out(a->v[0], h, sizeof(h));
	if (e != OK)
		goto out;
	e = pipe_create(flags, &r, &w);
	if (e != OK)
		goto out;
	flags = o & LX_O_CLOEXEC ? HANDLE_CLOEXEC : 0;
	handle_install(ht, h[0], &r->obj, file_rights(file_flags(r)), flags);
	handle_install(ht, h[1], &w->obj, file_rights(file_flags(w)), flags);
	h[0] = h[1] = HANDLE_NONE;
	*ret = 0;
out:
	handle_cancel(ht, h[1]);
	handle_cancel(ht, h[0]);
	return e;
}

/* ---- locks ------------------------------------------------------------ */

#define LX_F_RDLCK 0
#define LX_F_WRLCK 1
#define LX_F_UNLCK 2

/* What l->start is relative to, as an absolute offset. */
static enum err
lock_origin(struct file *f, int whence, int64_t *out)
{
	struct file_stat st;
	enum err e;

	switch (whence) {
	case SEEK_SET_:
		*out = 0;
		return OK;
	case SEEK_CUR_:
		mutex_lock(&f->lock);
		*out = (int64_t)f->off;
		mutex_unlock(&f->lock);
		return OK;
	case SEEK_END_:
		e = file_stat_of(f, &st);
		if (e == OK)
			*out = (int64_t)st.size;
		return e;
	default:
		return ERR_INVAL;
	}
}

/* From struct flock's start and (possibly negative) length to a range. */
static enum err
lock_range(struct file *f, const struct lx_flock *l, struct file_lock *out)
{
	int64_t start;
	enum err e = lock_origin(f, l->whence, &start);

	if (e != OK)
		return e;
	if (__builtin_add_overflow(start, l->start, &start))
		return ERR_OVERFLOW;
	if (l->len < 0 && __builtin_add_overflow(start, l->len, &start))
		return ERR_INVAL;
	if (start < 0)
		return ERR_INVAL;
	out->start = (uint64_t)start;
	if (l->len == 0)
		out->end = UINT64_MAX;
	else if (l->len > 0)
		out->end = out->start + (uint64_t)l->len - 1;
	else
		out->end = out->start + (uint64_t)-l->len - 1;
	return OK;
}

struct lock_call {
	uintptr_t user; /* struct flock */
	bool ofd, wait;
};

static enum err
lock_fetch(struct thread *t, struct file *f, const struct lock_call *c,
    struct lx_flock *l, struct file_lock *out)
{
	enum err e = user_copy_in(l, c->user, sizeof(*l));

	if (e != OK)
		return e;
	if (c->ofd && l->pid != 0)
		return ERR_INVAL;
	if (l->type < LX_F_RDLCK || l->type > LX_F_UNLCK)
		return ERR_INVAL;
	*out = (struct file_lock){
		.exclusive = l->type == LX_F_WRLCK,
		.pid = c->ofd ? -1 : t->task->pid,
		.owner = c->ofd ? (void *)f : (void *)t->task->handles,
	};
	return lock_range(f, l, out);
}

static enum err
lock_set(struct thread *t, struct file *f, const struct lock_call *c)
{
	unsigned flags = file_flags(f);
	struct file_lock lock;
	struct lx_flock l;
	enum err e = lock_fetch(t, f, c, &l, &lock);

	if (e != OK)
		return e;
	if (l.type == LX_F_UNLCK)
		return vfs_unlock(f, &lock);
	if ((flags & (lock.exclusive ? FILE_WRITE : FILE_READ)) == 0)
		return ERR_BADHANDLE;
	return vfs_lock(f, &lock, c->wait);
}

static enum err
lock_get(struct thread *t, struct file *f, const struct lock_call *c)
{
	struct file_lock lock;
	bool conflict = false;
	struct lx_flock l;
	enum err e = lock_fetch(t, f, c, &l, &lock);

	if (e != OK)
		return e;
	if (l.type == LX_F_UNLCK)
		return ERR_INVAL;
	e = vfs_lock_test(f, &lock, &conflict);
	if (e != OK)
		return e;
	if (!conflict) {
		l.type = LX_F_UNLCK;
	} else {
		l.type = lock.exclusive ? LX_F_WRLCK : LX_F_RDLCK;
		l.whence = SEEK_SET_;
		l.start = (int64_t)lock.start;
		l.len = lock.end == UINT64_MAX ? 0 :
		    (int64_t)(lock.end - lock.start + 1);
		l.pid = lock.pid;
	}
	return user_copy_out(c->user, &l, sizeof(l));
}

#define LOCK_SH 1u
#define LOCK_EX 2u
#define LOCK_NB 4u
#define LOCK_UN 8u

enum err
lx_flock(struct thread *t, const struct sysargs *a, long *ret)
{
	unsigned op = (unsigned)a->v[1];
	struct file_lock lock = {
		.end = UINT64_MAX, .flock = true, .pid = t->task->pid,
	};
	struct file *f;
	enum err e = lx_file(t, a->v[0], 0, &f);

	if (e != OK)
		return e;
	*ret = 0;
	lock.owner = f;
	lock.exclusive = (op & ~LOCK_NB) == LOCK_EX;
	if ((op & ~LOCK_NB) == LOCK_UN)
		e = vfs_unlock(f, &lock);
	else if ((op & ~LOCK_NB) == LOCK_SH || lock.exclusive)
		e = vfs_lock(f, &lock, (op & LOCK_NB) == 0);
	else
		e = ERR_INVAL;
	file_unref(f);
	return e;
}

/* ---- fcntl ------------------------------------------------------------ */

enum {
	F_DUPFD = 0, F_GETFD = 1, F_SETFD = 2, F_GETFL = 3, F_SETFL = 4,
	F_GETLK = 5, F_SETLK = 6, F_SETLKW = 7, F_SETOWN = 8, F_GETOWN = 9,
	F_SETSIG = 10, F_GETSIG = 11, F_SETOWN_EX = 15, F_GETOWN_EX = 16,
	F_OFD_GETLK = 36, F_OFD_SETLK = 37, F_OFD_SETLKW = 38,
	F_DUPFD_CLOEXEC = 1030, F_SETPIPE_SZ = 1031, F_GETPIPE_SZ = 1032,
	F_ADD_SEALS = 1033, F_GET_SEALS = 1034,
};

static const struct {
	unsigned linux_bit, file_bit;
} status_bits[] = {
	{ LX_O_APPEND, FILE_APPEND },
	{ LX_O_NONBLOCK, FILE_NONBLOCK },
	{ LX_O_DIRECT, FILE_DIRECT },
	{ LX_O_ASYNC, FILE_ASYNC },
	{ LX_O_NOATIME, FILE_NOATIME },
};

static long
status_flags(const struct file *f)
{
	unsigned in = file_flags(f), out = 0;

	for (size_t i = 0; i < ARRAY_LEN(status_bits); i++)
		if (in & status_bits[i].file_bit)
			out |= status_bits[i].linux_bit;
	if ((in & (FILE_READ | FILE_WRITE)) == (FILE_READ | FILE_WRITE))
		out |= LX_O_RDWR;
	else if (in & FILE_WRITE)
		out |= LX_O_WRONLY;
	if (in & FILE_DSYNC)
		out |= LX_O_DSYNC;
	if (in & FILE_SYNC)
		out |= LX_O_SYNC_BIT | LX_O_DSYNC;
	if (in & FILE_PATH)
		out |= LX_O_PATH;
	if (f->vnode != NULL && vnode_is(f->vnode, S_DIRECTORY))
		out |= LX_O_DIRECTORY;
	return (long)(out | (f->vnode != NULL ? LX_O_LARGEFILE : 0));
}

static enum err
status_set(struct file *f, uintptr_t arg)
{
	unsigned flags = 0;

	for (size_t i = 0; i < ARRAY_LEN(status_bits); i++)
		if (arg & status_bits[i].linux_bit)
			flags |= status_bits[i].file_bit;
	return file_set_flags(f, flags);
}

struct owner_ex {
	int32_t type, pid; /* 0 thread, 1 process, 2 group */
};

static enum err
owner_ex(struct file *f, bool set, uintptr_t user)
{
	struct owner_ex o;
	enum err e = OK;

	if (set) {
		e = user_copy_in(&o, user, sizeof(o));
		if (e == OK && (o.type < 0 || o.type > 2 || o.pid < 0))
			e = ERR_INVAL;
		if (e != OK)
			return e;
	}
	mutex_lock(&f->lock);
	if (set)
		f->async_pid = o.type == 2 ? -o.pid : o.pid;
	else
		o = (struct owner_ex){
			.type = f->async_pid < 0 ? 2 : 1,
			.pid = f->async_pid < 0 ? -f->async_pid : f->async_pid,
		};
	mutex_unlock(&f->lock);
	return set ? OK : user_copy_out(user, &o, sizeof(o));
}

/* Who is told of input, and by which signal. */
static enum err
fcntl_owner(struct file *f, int cmd, uintptr_t arg, long *ret)
{
	if (cmd == F_SETOWN_EX || cmd == F_GETOWN_EX)
		return owner_ex(f, cmd == F_SETOWN_EX, arg);
	if (cmd == F_SETSIG && arg > SIG_MAX)
		return ERR_INVAL;
	mutex_lock(&f->lock);
	if (cmd == F_SETOWN)
		f->async_pid = (int)arg;
	else if (cmd == F_GETOWN)
		*ret = f->async_pid;
	else if (cmd == F_SETSIG)
		f->async_signal = (int)arg;
	else
		*ret = f->async_signal;
	mutex_unlock(&f->lock);
	return OK;
}

static enum err
fcntl_pipe(struct file *f, int cmd, uintptr_t arg, long *ret)
{
	size_t size;
	enum err e = OK;

	if (!file_is_pipe(f))
		return ERR_BADHANDLE;
	if (cmd == F_SETPIPE_SZ)
		e = (int)arg < 0 ? ERR_INVAL : pipe_set_size(f, arg);
	if (e == OK)
		e = pipe_size(f, &size);
	if (e == OK)
		*ret = (long)size;
	return e;
}

#define SEALS_KNOWN \
	(MEMOBJ_SEAL_SEAL | MEMOBJ_SEAL_SHRINK | MEMOBJ_SEAL_GROW | \
	    MEMOBJ_SEAL_WRITE)

/* F_SEAL_* have the kernel's values. */
static enum err
fcntl_seals(struct file *f, int cmd, uintptr_t arg, long *ret)
{
	if (!file_is_memory(f))
		return ERR_INVAL;
	if (cmd == F_GET_SEALS) {
		*ret = (long)f->vnode->cache.seals;
		return OK;
	}
	if (arg & ~(uintptr_t)SEALS_KNOWN)
		return ERR_INVAL;
	if ((file_flags(f) & FILE_WRITE) == 0)
		return ERR_PERM;
	return memobj_seal(&f->vnode->cache, (unsigned)arg);
}

/* long: table */
static enum err
fcntl_file(struct thread *t, struct file *f, const struct sysargs *a,
    long *ret)
{
	int cmd = (int)a->v[1];
	uintptr_t arg = a->v[2];

	switch (cmd) {
	case F_GETFL:
		*ret = status_flags(f);
		return OK;
	case F_SETFL:
		return status_set(f, arg);
	case F_GETLK:
	case F_OFD_GETLK:
		return lock_get(t, f, &(struct lock_call){
		    .user = arg, .ofd = cmd == F_OFD_GETLK });
	case F_SETLK:
	case F_SETLKW:
		return lock_set(t, f, &(struct lock_call){
		    .user = arg, .wait = cmd == F_SETLKW });
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		return lock_set(t, f, &(struct lock_call){ .user = arg,
		    .ofd = true, .wait = cmd == F_OFD_SETLKW });
	case F_SETOWN:
	case F_GETOWN:
	case F_SETSIG:
	case F_GETSIG:
	case F_SETOWN_EX:
	case F_GETOWN_EX:
		return fcntl_owner(f, cmd, arg, ret);
	case F_SETPIPE_SZ:
	case F_GETPIPE_SZ:
		return fcntl_pipe(f, cmd, arg, ret);
	case F_ADD_SEALS:
	case F_GET_SEALS:
		return fcntl_seals(f, cmd, arg, ret);
	default:
		return ERR_INVAL;
	}
}

/* Commands on the descriptor itself; they also work on O_PATH ones. */
static bool
fcntl_slot(struct thread *t, const struct sysargs *a, long *ret, enum err *e)
{
	struct handle_table *ht = t->task->handles;
	uint32_t h = (uint32_t)a->v[0];
	unsigned flags;

	switch ((int)a->v[1]) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		if ((int)a->v[2] < 0 || a->v[2] >= handle_table_limit(ht)) {
			*e = ERR_INVAL;
			return true;
		}
		flags = (int)a->v[1] == F_DUPFD ? 0 : HANDLE_CLOEXEC;
		*e = dup_from(t, h, (uint32_t)a->v[2], flags, ret);
		return true;
	case F_GETFD:
		*e = handle_flags_get(ht, h, &flags);
		if (*e == OK)
			*ret = (flags & HANDLE_CLOEXEC) != 0;
		return true;
	case F_SETFD:
		*e = handle_flags_set(
		    ht, h, a->v[2] & 1 ? HANDLE_CLOEXEC : 0);
		return true;
	default:
		return false;
	}
}

/* Differs: who is told of input (O_ASYNC, F_SETOWN, F_SETSIG) is kept, but no
 * signal is sent. */
enum err
lx_fcntl(struct thread *t, const struct sysargs *a, long *ret)
{
	struct file *f;
	enum err e;

	*ret = 0;
	if (fcntl_slot(t, a, ret, &e))
		return e;
	e = lx_file(t, a->v[0], 0, &f);
	if (e != OK)
		return e;
	if ((file_flags(f) & FILE_PATH) && (int)a->v[1] != F_GETFL)
		e = ERR_BADHANDLE;
	else
		e = fcntl_file(t, f, a, ret);
	file_unref(f);
	return e;
}
