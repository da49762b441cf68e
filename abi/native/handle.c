/*
 * Handles: native/handle.h.
 */
#include "native.h"

#include <uapi/native/handle.h>

enum err
nt_handle_close(struct thread *t, const struct sysargs *a, long *)
{
	return handle_close(nt_handles(t), (uint32_t)a->v[0]);
}

static enum err
flags_in(uintptr_t flags, unsigned *out)
{
	if (flags & ~(uintptr_t)CM_HANDLE_CLOEXEC)
		return ERR_INVAL;
	*out = flags & CM_HANDLE_CLOEXEC ? HANDLE_CLOEXEC : 0;
	return OK;
}

enum err
nt_handle_dup(
    struct thread *t, struct obj *, const struct sysargs *a, long *ret)
{
	uint32_t h = (uint32_t)a->v[3];
	unsigned flags;
	enum err e = flags_in(a->v[2], &flags);

	if (e == OK)
		e = handle_dup(nt_handles(t), (uint32_t)a->v[0],
		    (rights_t)a->v[1], flags, &h);
	if (e == OK)
		*ret = (long)h;
	return e;
}

enum err
nt_handle_place(
    struct thread *t, struct obj *, const struct sysargs *a, long *ret)
{
	uint32_t target = (uint32_t)a->v[1];
	unsigned flags;
	enum err e = flags_in(a->v[3], &flags);

	if (e != OK)
		return e;
	if (target == (uint32_t)a->v[0])
		return ERR_INVAL;
	e = handle_dup_to(nt_handles(t), (uint32_t)a->v[0], target,
	    (rights_t)a->v[2], flags);
	if (e == OK)
		*ret = (long)target;
	return e;
}

enum err
nt_handle_info(
    struct thread *t, struct obj *o, const struct sysargs *a, long *)
{
	struct cm_handle_info info = { .kind = (uint32_t)o->kind };
	uint32_t h = (uint32_t)a->v[0];
	unsigned flags;
	enum err e = handle_rights(nt_handles(t), h, &info.rights);

	if (e == OK)
		e = handle_flags_get(nt_handles(t), h, &flags);
	if (e != OK)
		return e;
	info.flags = flags & HANDLE_CLOEXEC ? CM_HANDLE_CLOEXEC : 0;
	return user_copy_out(a->v[1], &info, sizeof(info));
}

enum err
nt_handle_flags(struct thread *t, const struct sysargs *a, long *ret)
{
	uint32_t h = (uint32_t)a->v[0];
	unsigned mask, value, old;
	enum err e = flags_in(a->v[1], &mask);

	if (e == OK)
		e = flags_in(a->v[2], &value);
	if (e == OK)
		e = handle_flags_get(nt_handles(t), h, &old);
	if (e == OK && mask != 0)
		e = handle_flags_set(
		    nt_handles(t), h, (old & ~mask) | (value & mask));
	if (e == OK)
		*ret = old & HANDLE_CLOEXEC ? CM_HANDLE_CLOEXEC : 0;
	return e;
}

enum err
nt_handle_close_range(struct thread *t, const struct sysargs *a, long *)
{
	uint32_t first = (uint32_t)a->v[0], last = (uint32_t)a->v[1];
	unsigned flags;
	enum err e = flags_in(a->v[2], &flags);

	if (e != OK)
		return e;
	if (first > last)
		return ERR_INVAL;
	handle_close_range(nt_handles(t), first, last, flags);
	return OK;
}
