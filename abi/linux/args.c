/*
 * Fetching the arguments that many calls share.
 */
#include "lx.h"

#include <kernel/mm.h>
#include <kernel/time.h>

enum err
lx_file(struct thread *t, uintptr_t h, rights_t need, struct file **out)
{
	return file_get(t->task->handles, (uint32_t)h, need, out);
}

enum err
lx_install(struct thread *t, struct file *f, bool cloexec, long *ret)
{
	uint32_t h;
	enum err e = handle_add(t->task->handles, &f->obj,
	    file_rights(file_flags(f)), cloexec ? HANDLE_CLOEXEC : 0, &h);

	if (e != OK) {
		file_unref(f);
		return e;
	}
	*ret = (long)h;
	return OK;
}

/* ---- paths ------------------------------------------------------------ */

enum err
lx_at_fetch(struct lx_at *at, uintptr_t path)
{
	at->dir = NULL;
	at->base = NULL;
	return user_path_get(&at->path, path);
}

/* The base of a relative path; pathless files are no directory. */
static NOINLINE enum err
base_by_handle(struct lx_at *at, struct thread *t, uintptr_t dirfd)
{
	enum err e = file_get(t->task->handles, (uint32_t)dirfd, 0, &at->dir);

	if (e != OK)
		return e;
	if (at->dir->path.dentry == NULL)
		return ERR_NOTDIR;
	at->base = &at->dir->path;
	return OK;
}

enum err
lx_at_base(struct lx_at *at, struct thread *t, uintptr_t dirfd)
{
	return (int)dirfd == LX_AT_FDCWD || at->path.text[0] == '/' ? OK :
	    base_by_handle(at, t, dirfd);
}

enum err
lx_at_get(struct lx_at *at, struct thread *t, uintptr_t dirfd,
    uintptr_t path, bool may_be_empty)
{
	enum err e = lx_at_fetch(at, path);

	if (UNLIKELY(e != OK))
		return e;
	if (at->path.len == 0 && !may_be_empty)
		e = ERR_NOENT;
	else
		e = lx_at_base(at, t, dirfd);
	if (UNLIKELY(e != OK))
		lx_at_put(at);
	return e;
}

enum err
lx_at_walk(struct thread *t, uintptr_t dirfd, uintptr_t path,
    unsigned walk, struct path *out)
{
	__attribute__((uninitialized)) struct lx_at at; /* set at once */
	enum err e = lx_at_get(&at, t, dirfd, path, walk & WALK_EMPTY);

	if (e != OK)
		return e;
	e = vfs_walk(at.base, at.path.text, walk, out);
	lx_at_put(&at);
	return e;
}

enum err
lx_at_flags(uintptr_t flags, unsigned allowed, unsigned *walk)
{
	unsigned w = 0;

	if ((unsigned)flags & ~allowed)
		return ERR_INVAL;
	if (flags & LX_AT_SYMLINK_NOFOLLOW)
		w |= WALK_NOFOLLOW;
	if (flags & LX_AT_EMPTY_PATH)
		w |= WALK_EMPTY;
	*walk = w;
	return OK;
}

enum err
lx_fd_path(struct thread *t, uintptr_t h, rights_t need, struct path *out)
{
	struct file *f;
	enum err e = lx_file(t, h, need, &f);

	if (e != OK)
		return e;
	if ((file_flags(f) & FILE_PATH) && (need & RIGHT_CONTROL)) {
		e = ERR_BADHANDLE;
	} else if (f->path.dentry == NULL) {
		e = ERR_INVAL;
	} else {
		*out = f->path;
		path_ref(out);
	}
	file_unref(f);
	return e;
}

/* ---- times ------------------------------------------------------------ */

/* The largest span that is not "never": 292 years. */
#define SPAN_MAX_SEC (INT64_MAX / (int64_t)NS_PER_SEC - 1)

enum err
lx_timespec_in(uintptr_t user, ns_t *out)
{
	struct lx_timespec ts;
	enum err e = user_copy_in(&ts, user, sizeof(ts));

	if (e != OK)
		return e;
	if (ts.sec < 0 || (uint64_t)ts.nsec >= NS_PER_SEC)
		return ERR_INVAL;
	*out = (ns_t)MIN(ts.sec, SPAN_MAX_SEC) * NS_PER_SEC + (ns_t)ts.nsec;
	return OK;
}

enum err
lx_timespec_out(uintptr_t user, ns_t ns)
{
	struct lx_timespec ts = {
		.sec = (int64_t)(ns / NS_PER_SEC),
		.nsec = (int64_t)(ns % NS_PER_SEC),
	};

	return user_copy_out(user, &ts, sizeof(ts));
}

struct lx_timeval
lx_timeval_of(ns_t ns)
{
	return (struct lx_timeval){
		.sec = (int64_t)(ns / NS_PER_SEC),
		.usec = (int64_t)(ns % NS_PER_SEC / NS_PER_US),
	};
}

ns_t
lx_deadline(ns_t span)
{
	ns_t now = time_now();

	return span >= NS_NEVER - 1 - now ? NS_NEVER - 1 : now + span;
}

enum err
lx_timeout_in(uintptr_t user, ns_t *deadline)
{
	ns_t span;
	enum err e;

	if (user == 0) {
		*deadline = NS_NEVER;
		return OK;
	}
	e = lx_timespec_in(user, &span);
	if (e == OK) /* no span: only look, whatever the time is */
		*deadline = span == 0 ? 0 : lx_deadline(span);
	return e;
}

/* ---- vectors ---------------------------------------------------------- */

/* Fetches the descriptors. */
static enum err
iov_fetch(struct lx_iov *v, uintptr_t user)
{
	struct lx_iovec part[LX_IOV_FAST];
	size_t total = 0;

	for (size_t i = 0; i < v->count; i += LX_IOV_FAST) {
		size_t n = MIN(v->count - i, (size_t)LX_IOV_FAST);
		enum err e = user_copy_in(part, user + i * sizeof(part[0]),
		    n * sizeof(part[0]));

		if (e != OK)
			return e;
		for (size_t k = 0; k < n; k++) {
			if (part[k].len > INT64_MAX)
				return ERR_INVAL;
			if (part[k].len > arch_user_end ||
			    part[k].base > arch_user_end - part[k].len)
				return ERR_FAULT;
			/* What is beyond the most that moves at once. */
			part[k].len = MIN(part[k].len, LX_RW_MAX - total);
			total += part[k].len;
			v->segs[i + k].base = part[k].base;
			v->segs[i + k].len = part[k].len;
		}
	}
	return OK;
}

enum err
lx_iov_get(struct lx_iov *v, uintptr_t user, size_t count, bool into)
{
	enum err e;

	v->segs = v->fast;
	v->count = count;
	if (count > LX_IOV_MAX)
		return ERR_INVAL;
	if (count > LX_IOV_FAST) {
		v->segs = kmalloc(count * sizeof(v->segs[0]));
		if (v->segs == NULL)
			return ERR_NOMEM;
	}
	e = iov_fetch(v, user);
	if (e == OK)
		e = iter_user_segs(&v->it, v->segs, (unsigned)count, into);
	if (e != OK)
		lx_iov_put(v);
	return e;
}

void
lx_iov_put(struct lx_iov *v)
{
	if (v->segs != v->fast)
		kfree(v->segs, v->count * sizeof(v->segs[0]));
	v->segs = v->fast;
}

/* ---- tasks ------------------------------------------------------------ */

enum err
lx_task(struct thread *t, uintptr_t pid, struct task **out)
{
	if ((int)pid == 0 || (int)pid == t->task->pid) {
		*out = task_ref(t->task);
		return OK;
	}
	if ((int)pid < 0)
		return ERR_NOTASK;
	return task_find((int)pid, out);
}

enum err
lx_thread(struct thread *t, uintptr_t tid, struct thread **out)
{
	if ((int)tid == 0 || (int)tid == t->tid) {
		obj_ref(&t->obj);
		*out = t;
		return OK;
	}
	if ((int)tid < 0)
		return ERR_NOTASK;
	return thread_find((int)tid, out);
}

void
lx_thread_put(struct thread *th)
{
	if (th != NULL)
		obj_unref(&th->obj);
}
