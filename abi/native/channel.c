/*
 * Channels: native/channel.h.
 */
#include "native.h"

#include <kernel/iter.h>
#include <kernel/mm.h>
#include <uapi/native/channel.h>
#include <uapi/native/fs.h>

enum err
nt_channel_create(struct thread *t, const struct sysargs *a, long *)
{
	struct file *ends[2] = { NULL, NULL };
	enum err e;

	if (a->v[1] & ~(uintptr_t)CM_OPEN_CLOEXEC)
		return ERR_INVAL;
	e = channel_create(&ends[0], &ends[1]);
	if (e != OK)
		return e;
	return nt_install_pair(t, ends, (uint32_t)a->v[1], a->v[0]);
}

/* One message on its way: handles as numbers and as objects. */
struct transfer {
	struct cm_message in;
	struct iter bytes;
	struct channel_message m;
	uint32_t handle[CM_CHANNEL_HANDLES];
	struct obj *obj[CM_CHANNEL_HANDLES];
	rights_t rights[CM_CHANNEL_HANDLES];
};

static enum err
transfer_in(struct transfer *x, const struct sysargs *a, bool into)
{
	enum err e = user_copy_in(&x->in, a->v[1], sizeof(x->in));

	if (e != OK)
		return e;
	if ((a->v[2] & ~(uintptr_t)CM_CHANNEL_NOWAIT) || x->in.reserved != 0)
		return ERR_INVAL;
	if (!into && (x->in.size > CM_CHANNEL_BYTES ||
	    x->in.handle_count > CM_CHANNEL_HANDLES))
		return ERR_MSGSIZE;
	x->in.handle_count = MIN(x->in.handle_count, CM_CHANNEL_HANDLES);
	x->m = (struct channel_message){
		.bytes = &x->bytes,
		.objs = x->obj,
		.rights = x->rights,
		.obj_count = x->in.handle_count,
	};
	return iter_user(
	    &x->bytes, (uintptr_t)x->in.bytes, x->in.size, into);
}

/* Nothing travels twice, and no channel in itself. */
static bool
is_sendable(const struct transfer *x, unsigned i, const struct obj *channel)
{
	for (unsigned k = 0; k < i; k++)
		if (x->handle[k] == x->handle[i])
			return false;
	return x->obj[i] != channel;
}

/* Collects the handles that go with the message; all need TRANSFER. */
static enum err
handles_collect(struct thread *t, struct transfer *x, const struct obj *channel)
{
	rights_t mask[CM_CHANNEL_HANDLES];
	unsigned n = x->in.handle_count;
	enum err e;

	if (n == 0)
		return OK;
	memset(mask, 0xff, sizeof(mask));
	e = user_copy_in(x->handle, (uintptr_t)x->in.handles,
	    n * sizeof(x->handle[0]));
	if (e == OK && x->in.rights != NULL)
		e = user_copy_in(mask, (uintptr_t)x->in.rights,
		    n * sizeof(mask[0]));
	for (unsigned i = 0; e == OK && i < n; i++) {
		e = handle_get(nt_handles(t), x->handle[i], OBJ_ANY,
		    RIGHT_TRANSFER, &x->obj[i]);
		if (e == OK)
			e = handle_rights(
			    nt_handles(t), x->handle[i], &x->rights[i]);
		if (e == OK && !is_sendable(x, i, channel))
			e = ERR_INVAL;
		x->rights[i] &= mask[i];
	}
	return e;
}

enum err
nt_channel_send(
    struct thread *t, struct obj *o, const struct sysargs *a, long *)
{
	struct transfer *x = kzalloc(sizeof(*x));
	enum err e;

	if (x == NULL)
		return ERR_NOMEM;
	e = transfer_in(x, a, false);
	if (e == OK)
		e = handles_collect(t, x, o);
	x->m.table = nt_handles(t);
	x->m.handles = x->handle;
	if (e == OK)
		e = channel_send(
		    file_of(o), &x->m, !(a->v[2] & CM_CHANNEL_NOWAIT));
	/* Sent: the message owns the references. */
	for (unsigned i = 0; e != OK && i < CM_CHANNEL_HANDLES; i++)
		if (x->obj[i] != NULL)
			obj_unref(x->obj[i]);
	kfree(x, sizeof(*x));
	return e;
}

static enum err
receive_out(struct transfer *x, uintptr_t user, size_t len, unsigned count)
{
	enum err e = OK;

	if (count > 0)
		e = user_copy_out((uintptr_t)x->in.handles, x->handle,
		    count * sizeof(x->handle[0]));
	if (e == OK && count > 0 && x->in.rights != NULL)
		e = user_copy_out((uintptr_t)x->in.rights, x->rights,
		    count * sizeof(x->rights[0]));
	x->in.size = len;
	x->in.handle_count = count;
	return e == OK ? user_copy_out(user, &x->in, sizeof(x->in)) : e;
}

enum err
nt_channel_receive(
    struct thread *t, struct obj *o, const struct sysargs *a, long *)
{
	struct handle_table *ht = nt_handles(t);
	struct transfer *x = kzalloc(sizeof(*x));
	unsigned room = 0, got = 0;
	size_t len = 0;
	enum err e;

	if (x == NULL)
		return ERR_NOMEM;
	e = transfer_in(x, a, true);
	/* Slots for all that may come: a message that was taken off the
	 * queue cannot be put back. */
	while (e == OK && room < x->in.handle_count) {
		e = handle_reserve(ht, &x->handle[room]);
		room += e == OK;
	}
	if (e == OK)
		e = channel_receive(file_of(o), &x->m,
		    !(a->v[2] & CM_CHANNEL_NOWAIT), &len);
	if (e == OK)
		got = x->m.obj_count;
	for (unsigned i = 0; i < room; i++) {
		if (i < got)
			handle_install(
			    ht, x->handle[i], x->obj[i], x->rights[i], 0);
		else
			handle_cancel(ht, x->handle[i]);
	}
	if (e == OK)
		e = receive_out(x, a->v[1], len, got);
	kfree(x, sizeof(*x));
	return e;
}
