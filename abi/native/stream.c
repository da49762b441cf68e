/*
 * Streams: native/stream.h. Terminals are in tty.c.
 */
#include "native.h"

#include <kernel/ioctl.h>
#include <kernel/mm.h>
#include <uapi/native/stream.h>

#define INTO true /* an iterator that is written to */
#define FROM false

_Static_assert(sizeof(struct cm_segment) == sizeof(struct iter_seg) &&
    offsetof(struct cm_segment, len) == offsetof(struct iter_seg, len),
    "segments");
_Static_assert(SEEK_SET_ == CM_SEEK_SET && SEEK_CUR_ == CM_SEEK_CUR &&
    SEEK_END_ == CM_SEEK_END && SEEK_DATA_ == CM_SEEK_DATA &&
    SEEK_HOLE_ == CM_SEEK_HOLE, "whence");

enum err
nt_stream_read(
    struct thread *, struct obj *o, const struct sysargs *a, long *ret)
{
	struct iter it;
	size_t done = 0;
	enum err e = iter_user(&it, a->v[1], a->v[2], INTO);

	if (e == OK)
		e = file_read(file_of(o), &it, &done);
	*ret = (long)done;
	return e;
}

enum err
nt_stream_write(
    struct thread *, struct obj *o, const struct sysargs *a, long *ret)
{
	struct iter it;
	size_t done = 0;
	enum err e = iter_user(&it, a->v[1], a->v[2], FROM);

	if (e == OK)
		e = file_write(file_of(o), &it, &done);
	*ret = (long)done;
	return e;
}

#define SEGMENTS_INLINE 8

static enum err
vector_io(struct file *f, const struct sysargs *a, bool into, size_t *done)
{
	struct iter_seg few[SEGMENTS_INLINE], *segs = few;
	size_t count = a->v[2], bytes = count * sizeof(segs[0]);
	struct iter it;
	enum err e;

	if (count > CM_SEGMENTS_MAX)
		return ERR_INVAL;
	if (count > SEGMENTS_INLINE)
		segs = kmalloc(bytes);
	if (segs == NULL)
		return ERR_NOMEM;
	e = user_copy_in(segs, a->v[1], bytes);
	if (e == OK)
		e = iter_user_segs(&it, segs, (unsigned)count, into);
	if (e == OK)
		e = into ? file_read(f, &it, done) : file_write(f, &it, done);
	if (segs != few)
		kfree(segs, bytes);
	return e;
}

enum err
nt_stream_readv(
    struct thread *, struct obj *o, const struct sysargs *a, long *ret)
{
	size_t done = 0;
	enum err e = vector_io(file_of(o), a, INTO, &done);

	*ret = (long)done;
	return e;
}

enum err
nt_stream_writev(
    struct thread *, struct obj *o, const struct sysargs *a, long *ret)
{
	size_t done = 0;
	enum err e = vector_io(file_of(o), a, FROM, &done);

	*ret = (long)done;
	return e;
}

enum err
nt_stream_pread(
    struct thread *, struct obj *o, const struct sysargs *a, long *ret)
{
	struct iter it;
	size_t done = 0;
	enum err e = iter_user(&it, a->v[1], a->v[2], INTO);

	if (e == OK && a->v[3] > INT64_MAX)
		e = ERR_INVAL;
	if (e == OK)
		e = file_pread(file_of(o), &it, a->v[3], &done);
	*ret = (long)done;
	return e;
}

enum err
nt_stream_pwrite(
    struct thread *, struct obj *o, const struct sysargs *a, long *ret)
{
	struct iter it;
	size_t done = 0;
	enum err e = iter_user(&it, a->v[1], a->v[2], FROM);

	if (e == OK && a->v[3] > INT64_MAX)
		e = ERR_INVAL;
	if (e == OK)
		e = file_pwrite(file_of(o), &it, a->v[3], &done);
	*ret = (long)done;
	return e;
}

enum err
nt_stream_seek(
    struct thread *, struct obj *o, const struct sysargs *a, long *ret)
{
	uint64_t at = 0;
	enum err e;

	if (a->v[2] > CM_SEEK_HOLE)
		return ERR_INVAL;
	e = file_seek(file_of(o), (int64_t)a->v[1], (int)a->v[2], &at);
	*ret = (long)at;
	return e;
}

enum err
nt_stream_sync(struct thread *, struct obj *o, const struct sysargs *a, long *)
{
	if (a->v[1] & ~(uintptr_t)CM_SYNC_ALL)
		return ERR_INVAL;
	return file_sync(file_of(o), !(a->v[1] & CM_SYNC_ALL));
}

enum err
nt_stream_resize(
    struct thread *, struct obj *o, const struct sysargs *a, long *)
{
	return a->v[1] > INT64_MAX ? ERR_FBIG :
	    file_resize(file_of(o), a->v[1]);
}

enum err
nt_stream_flags(
    struct thread *, struct obj *o, const struct sysargs *a, long *ret)
{
	struct file *f = file_of(o);
	unsigned now = file_flags(f), set = now;
	uint32_t mask = (uint32_t)a->v[1], value = (uint32_t)a->v[2];

	if (mask & ~(CM_STREAM_APPEND | CM_STREAM_NONBLOCK))
		return ERR_INVAL;
	*ret = (now & FILE_APPEND ? CM_STREAM_APPEND : 0) |
	    (now & FILE_NONBLOCK ? CM_STREAM_NONBLOCK : 0) |
	    (now & FILE_READ ? CM_STREAM_READ : 0) |
	    (now & FILE_WRITE ? CM_STREAM_WRITE : 0);
	if (mask == 0)
		return OK;
	if (mask & CM_STREAM_APPEND)
		set = (set & ~FILE_APPEND) |
		    (value & CM_STREAM_APPEND ? FILE_APPEND : 0);
	if (mask & CM_STREAM_NONBLOCK)
		set = (set & ~FILE_NONBLOCK) |
		    (value & CM_STREAM_NONBLOCK ? FILE_NONBLOCK : 0);
	return file_set_flags(f, set & FILE_SETTABLE);
}

/* ---- locks -------------------------------------------------------------- */

static enum err
lock_test(struct file *f, struct file_lock *l, uintptr_t user)
{
	struct cm_lock found = { .type = CM_LOCK_NONE };
	bool conflict = false;
	enum err e = vfs_lock_test(f, l, &conflict);

	if (e != OK)
		return e;
	if (conflict)
		found = (struct cm_lock){
			.type = l->exclusive ? CM_LOCK_EXCLUSIVE :
			    CM_LOCK_SHARED,
			.pid = l->pid,
			.start = l->start,
			.size = l->end == UINT64_MAX ? 0 :
			    l->end - l->start + 1,
		};
	return user_copy_out(user, &found, sizeof(found));
}

static enum err
lock_rights(struct thread *t, const struct sysargs *a, uint32_t type)
{
	if (type == CM_LOCK_NONE || (a->v[2] & CM_LOCK_STREAM))
		return OK;
	return nt_need(t, (uint32_t)a->v[0],
	    type == CM_LOCK_EXCLUSIVE ? RIGHT_WRITE : RIGHT_READ);
}

enum err
nt_stream_lock(
    struct thread *t, struct obj *o, const struct sysargs *a, long *)
{
	struct file *f = file_of(o);
	struct cm_lock in;
	struct file_lock l;
	enum err e = user_copy_in(&in, a->v[1], sizeof(in));

	if (e != OK)
		return e;
	if ((a->v[2] & ~(uintptr_t)(CM_LOCK_TEST | CM_LOCK_WAIT |
	    CM_LOCK_STREAM)) || in.type > CM_LOCK_NONE ||
	    in.start > INT64_MAX || in.size > INT64_MAX - in.start)
		return ERR_INVAL;
	e = lock_rights(t, a, in.type);
	if (e != OK)
		return e;
	l = (struct file_lock){
		.start = in.start,
		.end = in.size == 0 ? UINT64_MAX : in.start + in.size - 1,
		.exclusive = in.type == CM_LOCK_EXCLUSIVE,
		.pid = t->task->pid,
		.owner = a->v[2] & CM_LOCK_STREAM ? (void *)f :
		    (void *)nt_handles(t),
		.flock = (a->v[2] & CM_LOCK_STREAM) != 0,
	};
	if (a->v[2] & CM_LOCK_TEST)
		return lock_test(f, &l, a->v[1]);
	if (in.type == CM_LOCK_NONE)
		return vfs_unlock(f, &l);
	return vfs_lock(f, &l, (a->v[2] & CM_LOCK_WAIT) != 0);
}

/* ---- the rest ----------------------------------------------------------- */

enum err
nt_stream_available(
    struct thread *, struct obj *o, const struct sysargs *a, long *ret)
{
	return file_control(file_of(o), CTL_FIONREAD, a->v[1], ret);
}

enum err
nt_stream_splice(
    struct thread *t, struct obj *o, const struct sysargs *a, long *ret)
{
	struct obj *to = NULL;
	size_t done = 0;
	enum err e = handle_get(nt_handles(t), (uint32_t)a->v[1], OBJ_STREAM,
	    RIGHT_WRITE, &to);

	if (e != OK)
		return e;
	e = file_transfer(&(struct file_transfer){ .in = file_of(o),
	    .out = file_of(to) }, a->v[2], &done);
	obj_unref(to);
	*ret = (long)done;
	return e;
}

enum err
nt_stream_stat(
    struct thread *, struct obj *o, const struct sysargs *a, long *)
{
	struct file_stat st = { 0 };
	struct cm_stat out;
	enum err e = file_stat_of(file_of(o), &st);

	if (e != OK)
		return e;
	nt_stat_encode(&st, &out);
	return user_copy_out(a->v[1], &out, sizeof(out));
}

enum err
nt_stream_set_attr(
    struct thread *t, struct obj *o, const struct sysargs *a, long *)
{
	struct cm_attr attr;
	enum err e = user_copy_in(&attr, a->v[1], sizeof(attr));

	if (e == OK && (attr.set & CM_ATTR_SIZE))
		e = nt_need(t, (uint32_t)a->v[0], RIGHT_WRITE);
	return e == OK ? nt_attr_apply(&file_of(o)->path, &attr) : e;
}
