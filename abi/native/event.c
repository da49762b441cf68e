/*
 * Pipes and events: native/event.h.
 */
#include "native.h"

#include <kernel/iter.h>
#include <uapi/native/event.h>
#include <uapi/native/fs.h>

#define CREATE_KNOWN (CM_OPEN_NONBLOCK | CM_OPEN_CLOEXEC)

enum err
nt_pipe_create(struct thread *t, const struct sysargs *a, long *)
{
	struct file *ends[2] = { NULL, NULL };
	unsigned flags;
	enum err e = nt_create_flags(
	    (uint32_t)a->v[1], CREATE_KNOWN, &flags);

	if (e == OK)
		e = pipe_create(flags, &ends[0], &ends[1]);
	if (e != OK)
		return e;
	return nt_install_pair(t, ends, (uint32_t)a->v[1], a->v[0]);
}

enum err
nt_pipe_size(
    struct thread *, struct obj *o, const struct sysargs *a, long *ret)
{
	struct file *f = file_of(o);
	size_t size = 0;
	enum err e = OK;

	if (a->v[1] != 0)
		e = pipe_set_size(f, a->v[1]);
	if (e == OK)
		e = pipe_size(f, &size);
	*ret = (long)size;
	return e;
}

enum err
nt_event_create(struct thread *t, const struct sysargs *a, long *ret)
{
	uint32_t in = (uint32_t)a->v[1];
	struct file *f = NULL;
	unsigned flags;
	enum err e = nt_create_flags(
	    in, CREATE_KNOWN | CM_EVENT_SEMAPHORE, &flags);

	if (e == OK && a->v[0] == UINT64_MAX)
		e = ERR_INVAL;
	if (e == OK)
		e = event_create(a->v[0],
		    in & CM_EVENT_SEMAPHORE ? EVENT_SEMAPHORE : 0,
		    flags | FILE_READ | FILE_WRITE, &f);
	return e == OK ? nt_install(t, f, in, ret) : e;
}

/* Writing eight bytes adds to the count. */
enum err
nt_event_signal(
    struct thread *, struct obj *o, const struct sysargs *a, long *)
{
	uint64_t n = a->v[1];
	struct iter it;
	size_t done = 0;

	iter_kernel(&it, &n, sizeof(n), false);
	return file_write(file_of(o), &it, &done);
}

enum err
nt_event_group_create(struct thread *t, const struct sysargs *a, long *ret)
{
	struct file *f = NULL;
	enum err e;

	if (a->v[0] & ~(uintptr_t)CM_OPEN_CLOEXEC)
		return ERR_INVAL;
	e = event_group_create(&f);
	return e == OK ? nt_install(t, f, (uint32_t)a->v[0], ret) : e;
}

enum err
nt_event_subscribe(
    struct thread *t, struct obj *o, const struct sysargs *a, long *ret)
{
	struct file *f = NULL;
	unsigned flags;
	enum err e = nt_create_flags(
	    (uint32_t)a->v[4], CREATE_KNOWN, &flags);

	if (e == OK)
		e = event_subscribe(file_of(o), (unsigned)a->v[1], a->v[2],
		    a->v[3], &f);
	if (e == OK && flags != 0)
		e = file_set_flags(f, flags);
	if (e != OK) {
		file_unref(f);
		return e;
	}
	return nt_install(t, f, (uint32_t)a->v[4], ret);
}

enum err
nt_event_broadcast(
    struct thread *, struct obj *o, const struct sysargs *a, long *)
{
	return event_broadcast(file_of(o), a->v[1]);
}
