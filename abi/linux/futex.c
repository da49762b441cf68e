/*
 * Futexes and robust lists.
 * Source: man-pages 6.05 futex(2), get_robust_list(2); Linux 6.6
 * include/uapi/linux/futex.h for futex_waitv.
 */
#include "call.h"

#include <kernel/futex.h>
#include <kernel/mm.h>
#include <kernel/time.h>

enum {
	FUTEX_WAIT = 0, FUTEX_WAKE = 1, FUTEX_REQUEUE = 3,
	FUTEX_CMP_REQUEUE = 4, FUTEX_WAKE_OP = 5, FUTEX_LOCK_PI = 6,
	FUTEX_UNLOCK_PI = 7, FUTEX_TRYLOCK_PI = 8, FUTEX_WAIT_BITSET = 9,
	FUTEX_WAKE_BITSET = 10, FUTEX_LOCK_PI2 = 13,
};
#define FUTEX_PRIVATE  128u
#define FUTEX_REALTIME 256u

/* An absolute time on a clock as a deadline of the monotonic one. */
static ns_t
mono_of(ns_t when, bool is_wall)
{
	ns_t offset;

	if (!is_wall)
		return when;
	offset = time_wall() - time_now();
	return when > offset ? when - offset : 0;
}

/* Takes up a timed wait where it was interrupted: same deadline. */
static enum err
wait_again(struct thread *t, long *ret)
{
	const uintptr_t *r = t->restart_args;
	enum err e = futex_wait(r[0], r[1] != 0, (uint32_t)r[2],
	    FUTEX_ANY_BITS, (ns_t)r[3]);

	*ret = 0;
	if (e != ERR_RESTART)
		return e;
	t->restart = wait_again;
	return ERR_RESTART_BLOCK;
}

/* FUTEX_WAIT's time is a span, the others' are absolute. */
static enum err
wait_deadline(const struct sysargs *a, unsigned op, ns_t *deadline)
{
	ns_t when;
	enum err e;

	*deadline = NS_NEVER;
	if (a->v[3] == 0)
		return OK;
	e = lx_timespec_in(a->v[3], &when);
	if (e != OK)
		return e;
	if ((op & 127) == FUTEX_WAIT)
		*deadline = lx_deadline(when);
	else
		*deadline = mono_of(when, (op & FUTEX_REALTIME) ||
		    (op & 127) == FUTEX_LOCK_PI);
	return OK;
}

static enum err
do_wait(struct thread *t, const struct sysargs *a, unsigned op)
{
	bool shared = (op & FUTEX_PRIVATE) == 0;
	uint32_t bits = (op & 127) == FUTEX_WAIT_BITSET ?
	    (uint32_t)a->v[5] : FUTEX_ANY_BITS;
	ns_t deadline;
	enum err e = wait_deadline(a, op, &deadline);

	if (e != OK)
		return e;
	if (bits == 0)
		return ERR_INVAL;
	e = futex_wait(a->v[0], shared, (uint32_t)a->v[2], bits, deadline);
	if (e != ERR_RESTART || (op & 127) != FUTEX_WAIT ||
	    deadline == NS_NEVER)
		return e;
	t->restart = wait_again;
	t->restart_args[0] = a->v[0];
	t->restart_args[1] = shared;
	t->restart_args[2] = a->v[2];
	t->restart_args[3] = deadline;
	return ERR_RESTART_BLOCK;
}

static enum err
do_requeue(const struct sysargs *a, unsigned op, unsigned *n)
{
	struct futex_requeue_request req = {
		.addr = a->v[0],
		.addr2 = a->v[4],
		.shared = (op & FUTEX_PRIVATE) == 0,
		.check = (op & 127) == FUTEX_CMP_REQUEUE,
		.expect = (uint32_t)a->v[5],
		.wake = (unsigned)a->v[2],
		.requeue = (unsigned)a->v[3],
	};

	if ((int)a->v[2] < 0 || (int)a->v[3] < 0)
		return ERR_INVAL;
	return futex_requeue(&req, n);
}

static enum err
do_lock(const struct sysargs *a, unsigned op)
{
	bool try = (op & 127) == FUTEX_TRYLOCK_PI;
	ns_t deadline = NS_NEVER;
	enum err e = try ? OK : wait_deadline(a, op, &deadline);

	if (e != OK)
		return e;
	return futex_lock_pi(
	    a->v[0], (op & FUTEX_PRIVATE) == 0, try, deadline);
}

enum err
lx_futex(struct thread *t, const struct sysargs *a, long *ret)
{
	unsigned op = (unsigned)a->v[1], n = 0;
	bool shared = (op & FUTEX_PRIVATE) == 0;
	enum err e;

	switch (op & 127) {
	case FUTEX_WAIT:
	case FUTEX_WAIT_BITSET:
		e = do_wait(t, a, op);
		break;
	case FUTEX_WAKE:
		e = futex_wake(a->v[0], shared, (unsigned)a->v[2],
		    FUTEX_ANY_BITS, &n);
		break;
	case FUTEX_WAKE_BITSET:
		e = (uint32_t)a->v[5] == 0 ? ERR_INVAL : futex_wake(
		    a->v[0], shared, (unsigned)a->v[2], (uint32_t)a->v[5],
		    &n);
		break;
	case FUTEX_REQUEUE:
	case FUTEX_CMP_REQUEUE:
		e = do_requeue(a, op, &n);
		break;
	case FUTEX_WAKE_OP:
		e = futex_wake_op(&(struct futex_op_request){
		    .addr = a->v[0], .addr2 = a->v[4], .shared = shared,
		    .wake = (unsigned)a->v[2], .wake2 = (unsigned)a->v[3],
		    .op = (uint32_t)a->v[5] }, &n);
		break;
	case FUTEX_LOCK_PI:
	case FUTEX_LOCK_PI2:
	case FUTEX_TRYLOCK_PI:
		e = do_lock(a, op);
		break;
	case FUTEX_UNLOCK_PI:
		e = futex_unlock_pi(a->v[0], shared);
		break;
	default:
		return ERR_NOSYS;
	}
	*ret = (long)n;
	return e;
}

#define WAITV_MAX     128
#define WAITV_SIZE32  2u
#define WAITV_PRIVATE 128u

static enum err
waitv_in(uintptr_t user, unsigned n, struct futex_wait_one *out)
{
	for (unsigned i = 0; i < n; i++) {
		struct lx_futex_waitv w;
		enum err e = user_copy_in(
		    &w, user + i * sizeof(w), sizeof(w));

		if (e != OK)
			return e;
		if (w.reserved != 0 || w.val > UINT32_MAX ||
		    (w.flags & ~(WAITV_PRIVATE)) != WAITV_SIZE32)
			return ERR_INVAL;
		out[i] = (struct futex_wait_one){
			.addr = w.uaddr,
			.expect = (uint32_t)w.val,
			.shared = (w.flags & WAITV_PRIVATE) == 0,
		};
	}
	return OK;
}

enum err
lx_futex_waitv_call(struct thread *t, const struct sysargs *a, long *ret)
{
	unsigned n = (unsigned)a->v[1], index = 0;
	struct futex_wait_one *w;
	ns_t deadline = NS_NEVER;
	enum err e = OK;

	(void)t;
	if (n == 0 || n > WAITV_MAX || a->v[2] != 0 || a->v[4] > 1)
		return ERR_INVAL;
	if (a->v[3] != 0) {
		e = lx_timespec_in(a->v[3], &deadline);
		deadline = mono_of(deadline, a->v[4] == 0);
	}
	if (e != OK)
		return e;
	w = kmalloc(n * sizeof(*w));
	if (w == NULL)
		return ERR_NOMEM;
	e = waitv_in(a->v[0], n, w);
	if (e == OK)
		e = futex_wait_many(w, n, deadline, &index);
	kfree(w, n * sizeof(*w));
	*ret = (long)index;
	return e;
}

/* ---- robust lists ------------------------------------------------------ */

#define ROBUST_HEAD 24

enum err
lx_set_robust_list(struct thread *t, const struct sysargs *a, long *ret)
{
	if (a->v[1] != ROBUST_HEAD)
		return ERR_INVAL;
	t->robust_list = a->v[0];
	t->robust_len = a->v[1];
	*ret = 0;
	return OK;
}

enum err
lx_get_robust_list(struct thread *t, const struct sysargs *a, long *ret)
{
	uint64_t head, len = ROBUST_HEAD;
	struct thread *target;
	enum err e = lx_thread(t, a->v[0], &target);

	if (e != OK)
		return e;
	*ret = 0;
	head = target->robust_list;
	if (!lx_may_change(t, target->task, CAP_SYS_PTRACE))
		e = ERR_PERM;
	lx_thread_put(target);
	if (e == OK)
		e = user_copy_out(a->v[2], &len, sizeof(len));
	return e == OK ? user_copy_out(a->v[1], &head, sizeof(head)) : e;
}
