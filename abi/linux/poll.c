/*
 * poll and select.
 * Source: man-pages 6.05 poll(2), select(2).
 */
#include "call.h"

#include <kernel/ipc.h>
#include <kernel/mm.h>
#include <kernel/time.h>

/* Writes back what is left of a timeout, if that is possible. */
static void
timeout_back(uintptr_t user, ns_t deadline)
{
	ns_t now = time_now();

	/* A read-only timeout is no error: select(2), notes. */
	if (user != 0)
		err_ignore(lx_timespec_out(
		    user, deadline > now ? deadline - now : 0));
}

/* ---- poll ------------------------------------------------------------- */

#define POLL_FAST 8

struct poll_set {
	struct lx_pollfd fast_fds[POLL_FAST];
	struct poll_one fast_items[POLL_FAST];
	struct lx_pollfd *fds;
	struct poll_one *items;
	unsigned count, bad; /* bad: descriptors that are none */
};

static enum err
poll_alloc(struct poll_set *p, unsigned n)
{
	p->fds = p->fast_fds;
	p->items = p->fast_items;
	p->count = n;
	p->bad = 0;
	if (n <= POLL_FAST)
		return OK;
	p->fds = kmalloc(n * sizeof(p->fds[0]));
	p->items = kzalloc(n * sizeof(p->items[0]));
	return p->fds != NULL && p->items != NULL ? OK : ERR_NOMEM;
}

static void
poll_free(struct poll_set *p)
{
	for (unsigned i = 0; p->items != NULL && i < p->count; i++)
		file_unref(p->items[i].file);
	if (p->items != p->fast_items)
		kfree(p->items, p->count * sizeof(p->items[0]));
	if (p->fds != p->fast_fds)
		kfree(p->fds, p->count * sizeof(p->fds[0]));
}

/* Files for descriptors; a wrong one has its event at once. */
static void
poll_lookup(struct thread *t, struct poll_set *p)
{
	for (unsigned i = 0; i < p->count; i++) {
		struct lx_pollfd *fd = &p->fds[i];
		struct poll_one *it = &p->items[i];

		it->file = NULL;
		it->events = (uint16_t)fd->events | POLL_ERR | POLL_HUP;
		it->revents = 0;
		if (fd->fd < 0)
			continue;
		if (lx_file(t, (uintptr_t)fd->fd, 0, &it->file) != OK) {
			it->revents = POLL_NVAL;
			p->bad++;
		}
	}
}

static enum err
poll_back(struct poll_set *p, uintptr_t user, long *ret)
{
	long n = 0;

	for (unsigned i = 0; i < p->count; i++) {
		p->fds[i].revents = (int16_t)p->items[i].revents;
		n += p->items[i].revents != 0;
	}
	*ret = n;
	return user_copy_out(user, p->fds, p->count * sizeof(p->fds[0]));
}

static enum err
poll_run(struct thread *t, struct poll_set *p, uintptr_t user, ns_t deadline,
    long *ret)
{
	unsigned ready = 0;
	enum err e = user_copy_in(
	    p->fds, user, p->count * sizeof(p->fds[0]));

	if (e != OK)
		return e;
	poll_lookup(t, p);
	e = poll_files(p->items, p->count, p->bad > 0 ? 0 : deadline, &ready);
	if (e == ERR_TIMEDOUT)
		e = OK;
	return e == OK ? poll_back(p, user, ret) : lx_no_restart(e);
}

enum err
lx_poll_until(struct thread *t, const struct sysargs *a, ns_t deadline,
    long *ret)
{
	unsigned n = (unsigned)a->v[1];
	struct poll_set p;
	enum err e;

	if (n > handle_table_limit(t->task->handles))
		return ERR_INVAL;
	e = poll_alloc(&p, n);
	if (e == OK)
		e = poll_run(t, &p, a->v[0], deadline, ret);
	poll_free(&p);
	return e;
}

enum err
lx_ppoll(struct thread *t, const struct sysargs *a, long *ret)
{
	ns_t deadline;
	enum err e;

	if ((unsigned)a->v[1] > handle_table_limit(t->task->handles))
		return ERR_INVAL;
	e = lx_timeout_in(a->v[2], &deadline);
	if (e == OK)
		e = lx_wait_mask(a->v[3], a->v[4]);
	if (e != OK)
		return e;
	e = lx_poll_until(t, a, deadline, ret);
	timeout_back(a->v[2], deadline);
	return e;
}

/* ---- select ----------------------------------------------------------- */

#define SELECT_MAX   1024
#define SELECT_WORDS (SELECT_MAX / 64)

/* What select's three sets mean in events. */
static const unsigned select_in[3] = {
	POLL_IN | POLL_RDNORM | POLL_RDBAND | POLL_HUP | POLL_ERR,
	POLL_OUT | POLL_WRNORM | POLL_WRBAND | POLL_ERR,
	POLL_PRI,
};

struct select_set {
	uint64_t bits[3][SELECT_WORDS];
	unsigned nfds, count;
	struct poll_one *items; /* one per descriptor in any set */
	uint16_t *fds; /* their numbers */
};

static bool
bit_test(const uint64_t *w, unsigned i)
{
	return (w[i / 64] >> (i % 64) & 1) != 0;
}

static enum err
select_in_sets(struct select_set *s, const struct sysargs *a)
{
	size_t bytes = DIV_ROUND_UP(s->nfds, 64u) * 8;
	enum err e = OK;

	memset(s->bits, 0, sizeof(s->bits));
	for (unsigned k = 0; e == OK && k < 3; k++)
		if (a->v[1 + k] != 0)
			e = user_copy_in(s->bits[k], a->v[1 + k], bytes);
	return e;
}

static enum err
select_lookup(struct thread *t, struct select_set *s)
{
	for (unsigned fd = 0; fd < s->nfds; fd++) {
		struct poll_one *it = &s->items[s->count];
		unsigned events = 0;
		enum err e;

		for (unsigned k = 0; k < 3; k++)
			if (bit_test(s->bits[k], fd))
				events |= select_in[k];
		if (events == 0)
			continue;
		e = lx_file(t, fd, 0, &it->file);
		if (e != OK)
			return ERR_BADHANDLE;
		it->events = events;
		s->fds[s->count++] = (uint16_t)fd;
	}
	return OK;
}

static enum err
select_back(struct select_set *s, const struct sysargs *a, long *ret)
{
	size_t bytes = DIV_ROUND_UP(s->nfds, 64u) * 8;
	uint64_t out[3][SELECT_WORDS] = { 0 };
	enum err e = OK;

	*ret = 0;
	for (unsigned i = 0; i < s->count; i++) {
		unsigned fd = s->fds[i];

		for (unsigned k = 0; k < 3; k++) {
			if (!bit_test(s->bits[k], fd) ||
			    (s->items[i].revents & select_in[k]) == 0)
				continue;
			out[k][fd / 64] |= UINT64_C(1) << (fd % 64);
			++*ret;
		}
	}
	for (unsigned k = 0; e == OK && k < 3; k++)
		if (a->v[1 + k] != 0)
			e = user_copy_out(a->v[1 + k], out[k], bytes);
	return e;
}

/* The sixth argument points at a mask and its size. */
static enum err
select_mask(uintptr_t user)
{
	uint64_t arg[2];
	enum err e;

	if (user == 0)
		return OK;
	e = user_copy_in(arg, user, sizeof(arg));
	return e == OK ? lx_wait_mask(arg[0], arg[1]) : e;
}

static enum err
select_run(struct thread *t, struct select_set *s, const struct sysargs *a,
    ns_t deadline, long *ret)
{
	unsigned ready = 0;
	enum err e = select_in_sets(s, a);

	if (e == OK)
		e = select_lookup(t, s);
	if (e != OK)
		return e;
	e = poll_files(s->items, s->count, deadline, &ready);
	if (e == ERR_TIMEDOUT)
		e = OK;
	return e == OK ? select_back(s, a, ret) : lx_no_restart(e);
}

enum err
lx_select_until(struct thread *t, const struct sysargs *a, ns_t deadline,
    long *ret)
{
	unsigned n = (unsigned)MIN(a->v[0], (uintptr_t)SELECT_MAX);
	struct select_set *s = kzalloc(sizeof(*s));
	enum err e;

	if (s == NULL)
		return ERR_NOMEM;
	s->nfds = n;
	s->items = kzalloc((n + 1) * sizeof(s->items[0]));
	s->fds = kmalloc((n + 1) * sizeof(s->fds[0]));
	if (s->items == NULL || s->fds == NULL)
		e = ERR_NOMEM;
	else
		e = select_run(t, s, a, deadline, ret);
	for (unsigned i = 0; s->items != NULL && i < s->count; i++)
		file_unref(s->items[i].file);
	kfree(s->fds, (n + 1) * sizeof(s->fds[0]));
	kfree(s->items, (n + 1) * sizeof(s->items[0]));
	kfree(s, sizeof(*s));
	return e;
}

enum err
lx_pselect6(struct thread *t, const struct sysargs *a, long *ret)
{
	ns_t deadline;
	enum err e;

	if ((int)a->v[0] < 0)
		return ERR_INVAL;
	e = lx_timeout_in(a->v[4], &deadline);
	if (e == OK)
		e = select_mask(a->v[5]);
	if (e != OK)
		return e;
	e = lx_select_until(t, a, deadline, ret);
	timeout_back(a->v[4], deadline);
	return e;
}
