/*
 * Waiting for many handles and on words of memory: native/waitset.h.
 */
#include "native.h"

#include <kernel/futex.h>
#include <kernel/mm.h>
#include <uapi/native/fs.h>
#include <uapi/native/waitset.h>

_Static_assert(POLL_IN == CM_WAIT_READ && POLL_PRI == CM_WAIT_PRIORITY &&
    POLL_OUT == CM_WAIT_WRITE && POLL_ERR == CM_WAIT_ERROR &&
    POLL_HUP == CM_WAIT_HANGUP && POLL_NVAL == CM_WAIT_INVALID &&
    POLL_RDHUP == CM_WAIT_READ_END, "events");
_Static_assert(WAITSET_EDGE == CM_WAITSET_EDGE && WAITSET_ONESHOT ==
    CM_WAITSET_ONESHOT && WAITSET_EXCLUSIVE == CM_WAITSET_EXCLUSIVE, "flags");

/* ---- once --------------------------------------------------------------- */

struct wait_room { /* per item: what the user gave, what is polled */
	struct cm_wait_item item;
	struct poll_one one;
};
#define ROOM_INLINE 8

/* Looks the handles up; an unusable one is told in its item. */
static unsigned
items_open(struct thread *t, struct cm_wait_item *items,
    struct poll_one *ones, size_t count)
{
	unsigned invalid = 0;

	for (size_t i = 0; i < count; i++) {
		struct file *f = NULL;

		items[i].happened = 0;
		ones[i] = (struct poll_one){ 0 };
		if ((int32_t)items[i].handle < 0)
			continue;
		if (file_get(nt_handles(t), items[i].handle, RIGHT_WAIT,
		    &f) != OK) {
			items[i].happened = CM_WAIT_INVALID;
			invalid++;
			continue;
		}
		ones[i].file = f;
		ones[i].events = items[i].events;
	}
	return invalid;
}

static unsigned
items_close(
    struct cm_wait_item *items, struct poll_one *ones, size_t count)
{
	unsigned ready = 0;

	for (size_t i = 0; i < count; i++) {
		if (ones[i].file != NULL)
			items[i].happened = (uint16_t)ones[i].revents;
		file_unref(ones[i].file);
		ready += items[i].happened != 0;
	}
	return ready;
}

/*
 * A wait on its way. What interrupts it without a handler (a stop and its
 * continuation) must not make it longer, so it goes on by its deadline.
 */
enum { WAIT_ITEMS, WAIT_COUNT, WAIT_DEADLINE, WAIT_MASK };

static enum err
wait_items(struct thread *t, struct cm_wait_item *items,
    struct poll_one *ones, long *ret)
{
	uintptr_t user = t->restart_args[WAIT_ITEMS];
	size_t count = t->restart_args[WAIT_COUNT];
	ns_t deadline = t->restart_args[WAIT_DEADLINE];
	unsigned ready = 0;
	enum err e;

	e = user_copy_in(items, user, count * sizeof(*items));
	if (e != OK)
		return e;
	if (items_open(t, items, ones, count) > 0)
		deadline = 0;
	e = poll_files(ones, (unsigned)count, deadline, &ready);
	ready = items_close(items, ones, count);
	*ret = (long)ready;
	if (e == OK)
		e = user_copy_out(user, items, count * sizeof(*items));
	return e;
}

static enum err
wait_go_on(struct thread *t, long *ret)
{
	struct cm_wait_item few[ROOM_INLINE];
	struct poll_one few_ones[ROOM_INLINE];
	size_t count = t->restart_args[WAIT_COUNT];
	size_t bytes = count * sizeof(struct wait_room);
	struct poll_one *ones = few_ones;
	struct cm_wait_item *items = few;
	enum err e = OK;

	if (t->restart_args[WAIT_MASK] != 0) {
		sigset_bits mask;

		e = user_copy_in(
		    &mask, t->restart_args[WAIT_MASK], sizeof(mask));
		if (e != OK)
			return e;
		signal_mask_for_wait(mask & ~SIG_UNBLOCKABLE);
	}
	if (count > ROOM_INLINE) {
		ones = kmalloc(bytes);
		if (ones == NULL)
			return ERR_NOMEM;
		items = (struct cm_wait_item *)(void *)(ones + count);
	}
	e = wait_items(t, items, ones, ret);
	if (ones != few_ones)
		kfree(ones, bytes);
	if (e != ERR_RESTART)
		return e;
	t->restart = wait_go_on;
	return ERR_RESTART_BLOCK;
}

enum err
nt_handles_wait(struct thread *t, const struct sysargs *a, long *ret)
{
	if (a->v[1] > CM_WAIT_ITEMS_MAX)
		return ERR_INVAL;
	t->restart_args[WAIT_ITEMS] = a->v[0];
	t->restart_args[WAIT_COUNT] = a->v[1];
	t->restart_args[WAIT_DEADLINE] = nt_deadline((int64_t)a->v[2]);
	t->restart_args[WAIT_MASK] = a->v[3];
	return wait_go_on(t, ret);
}

/* ---- wait sets ---------------------------------------------------------- */

enum err
nt_waitset_create(struct thread *t, const struct sysargs *a, long *ret)
{
	struct file *f = NULL;
	enum err e;

	if (a->v[0] & ~(uintptr_t)CM_OPEN_CLOEXEC)
		return ERR_INVAL;
	e = waitset_create(FILE_READ | FILE_WRITE, &f);
	return e == OK ? nt_install(t, f, (uint32_t)a->v[0], ret) : e;
}

enum err
nt_waitset_control(
    struct thread *t, struct obj *o, const struct sysargs *a, long *)
{
	uint32_t h = (uint32_t)a->v[2];
	struct cm_waitset_event in = { 0 };
	struct waitset_event ev;
	struct file *f = NULL;
	enum err e = OK;

	if (a->v[1] > CM_WAITSET_REMOVE)
		return ERR_INVAL;
	if (a->v[1] != CM_WAITSET_REMOVE)
		e = user_copy_in(&in, a->v[3], sizeof(in));
	if (e == OK && (in.flags & ~(CM_WAITSET_EDGE | CM_WAITSET_ONESHOT |
	    CM_WAITSET_EXCLUSIVE)))
		e = ERR_INVAL;
	if (e == OK)
		e = file_get(nt_handles(t), h, RIGHT_WAIT, &f);
	if (e != OK)
		return e;
	ev = (struct waitset_event){ in.events, in.value };
	if (a->v[1] == CM_WAITSET_ADD)
		e = waitset_add(file_of(o), f, h, &ev, in.flags);
	else if (a->v[1] == CM_WAITSET_MODIFY)
		e = waitset_modify(file_of(o), f, h, &ev, in.flags);
	else
		e = waitset_remove(file_of(o), f, h);
	file_unref(f);
	return e;
}

#define EVENTS_AT_ONCE 32

/* A wait on its way, as with WAIT_*. */
enum { SET_HANDLE, SET_EVENTS, SET_MAX, SET_DEADLINE };

static enum err set_go_on(struct thread *t, long *ret);

static enum err
set_wait(struct thread *t, struct file *set, long *ret)
{
	struct waitset_event got[EVENTS_AT_ONCE];
	uintptr_t user = t->restart_args[SET_EVENTS];
	unsigned count = 0;
	enum err e = waitset_wait(set, got,
	    (unsigned)t->restart_args[SET_MAX],
	    t->restart_args[SET_DEADLINE], &count);

	if (e == ERR_RESTART) {
		t->restart = set_go_on;
		return ERR_RESTART_BLOCK;
	}
	if (e != OK)
		return e;
	for (unsigned i = 0; i < count; i++) {
		const struct cm_waitset_event out = {
			.events = got[i].events,
			.value = got[i].data,
		};

		e = user_copy_out(user + i * sizeof(out), &out, sizeof(out));
		if (e != OK)
			return e;
	}
	*ret = (long)count;
	return OK;
}

static enum err
set_go_on(struct thread *t, long *ret)
{
	struct file *set = NULL;
	enum err e = file_get(nt_handles(t),
	    (uint32_t)t->restart_args[SET_HANDLE], RIGHT_READ, &set);

	if (e == OK)
		e = set_wait(t, set, ret);
	file_unref(set);
	return e;
}

enum err
nt_waitset_wait(
    struct thread *t, struct obj *o, const struct sysargs *a, long *ret)
{
	if (a->v[2] == 0)
		return ERR_INVAL;
	t->restart_args[SET_HANDLE] = a->v[0];
	t->restart_args[SET_EVENTS] = a->v[1];
	t->restart_args[SET_MAX] = MIN(a->v[2], (uintptr_t)EVENTS_AT_ONCE);
	t->restart_args[SET_DEADLINE] = nt_deadline((int64_t)a->v[3]);
	return set_wait(t, file_of(o), ret);
}

/* ---- futexes ------------------------------------------------------------ */

static bool
futex_flags_ok(uintptr_t flags)
{
	return (flags & ~(uintptr_t)CM_FUTEX_SHARED) == 0;
}

enum { FUTEX_ADDR, FUTEX_EXPECT, FUTEX_DEADLINE, FUTEX_IS_SHARED };

static enum err
futex_go_on(struct thread *t, long *)
{
	enum err e = futex_wait(t->restart_args[FUTEX_ADDR],
	    t->restart_args[FUTEX_IS_SHARED],
	    (uint32_t)t->restart_args[FUTEX_EXPECT], FUTEX_ANY_BITS,
	    t->restart_args[FUTEX_DEADLINE]);

	if (e != ERR_RESTART || t->restart_args[FUTEX_DEADLINE] == NS_NEVER)
		return e;
	t->restart = futex_go_on;
	return ERR_RESTART_BLOCK;
}

enum err
nt_futex_wait(struct thread *t, const struct sysargs *a, long *ret)
{
	if (!futex_flags_ok(a->v[3]))
		return ERR_INVAL;
	t->restart_args[FUTEX_ADDR] = a->v[0];
	t->restart_args[FUTEX_EXPECT] = a->v[1];
	t->restart_args[FUTEX_DEADLINE] = nt_deadline((int64_t)a->v[2]);
	t->restart_args[FUTEX_IS_SHARED] = a->v[3] & CM_FUTEX_SHARED;
	return futex_go_on(t, ret);
}

enum err
nt_futex_wake(struct thread *, const struct sysargs *a, long *ret)
{
	unsigned woken = 0;
	enum err e;

	if (!futex_flags_ok(a->v[2]))
		return ERR_INVAL;
	e = futex_wake(a->v[0], a->v[2] & CM_FUTEX_SHARED,
	    (uint32_t)a->v[1], FUTEX_ANY_BITS, &woken);
	*ret = (long)woken;
	return e;
}

enum err
nt_futex_requeue(struct thread *, const struct sysargs *a, long *ret)
{
	const struct futex_requeue_request req = {
		.addr = a->v[0],
		.addr2 = a->v[3],
		.shared = a->v[4] & CM_FUTEX_SHARED,
		.wake = (unsigned)a->v[1],
		.requeue = (unsigned)a->v[2],
	};
	unsigned moved = 0;
	enum err e;

	if (!futex_flags_ok(a->v[4]))
		return ERR_INVAL;
	e = futex_requeue(&req, &moved);
	*ret = (long)moved;
	return e;
}
