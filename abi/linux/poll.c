/*
 * poll and select.
 *
 * Most calls find something ready, or only want to look: so each file is
 * looked at as its descriptor is looked up, and poll_files(), which puts
 * entries on wait queues, is only for calls that have to wait.
 * Source: man-pages 6.05 poll(2), select(2).
 */
#include "call.h"

#include <kernel/ipc.h>
#include <kernel/mm.h>
#include <kernel/time.h>
#include <lib/bits.h>

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

/* The file of a descriptor, and what is ready of events. borrowed: the table
 * is private, so no reference is taken. */
static inline enum err
poll_begin(struct handle_table *ht, uint32_t fd, bool borrowed,
    struct poll_one *it)
{
	struct obj *o;
	enum err e = borrowed ? handle_peek(ht, fd, OBJ_ANY_FILE, 0, &o) :
	    handle_get(ht, fd, OBJ_ANY_FILE, 0, &o);

	if (UNLIKELY(e != OK))
		return ERR_BADHANDLE;
	it->file = file_of(o);
	it->revents = file_poll(it->file, NULL) & it->events;
	return OK;
}

static void
poll_end(struct poll_one *items, unsigned count, bool borrowed)
{
	if (!borrowed)
		for (unsigned i = 0; i < count; i++)
			file_unref(items[i].file);
}

/* ---- poll ------------------------------------------------------------- */

#define POLL_FAST 8

struct poll_set {
	struct lx_pollfd fast_fds[POLL_FAST];
	struct poll_one fast_items[POLL_FAST];
	struct lx_pollfd *fds;
	struct poll_one *items;
	unsigned count, used; /* used: items that are set */
	unsigned ready; /* with events, those that are no descriptors too */
	bool borrowed;
};

static enum err
poll_alloc(struct poll_set *p, unsigned n)
{
	p->fds = p->fast_fds;
	p->items = p->fast_items;
	p->count = n;
	p->used = p->ready = 0;
	if (n <= POLL_FAST)
		return OK;
	p->fds = kmalloc(n * sizeof(p->fds[0]));
	p->items = kmalloc(n * sizeof(p->items[0]));
	return p->fds != NULL && p->items != NULL ? OK : ERR_NOMEM;
}

static void
poll_free(struct poll_set *p)
{
	poll_end(p->items, p->used, p->borrowed);
	if (p->items != p->fast_items)
		kfree(p->items, p->count * sizeof(p->items[0]));
	if (p->fds != p->fast_fds)
		kfree(p->fds, p->count * sizeof(p->fds[0]));
}

/* Files for descriptors; a wrong one has its event at once. */
static void
poll_look(struct thread *t, struct poll_set *p)
{
	struct handle_table *ht = t->task->handles;
	unsigned ready = 0;

	for (unsigned i = 0; i < p->count; i++) {
		const struct lx_pollfd *fd = &p->fds[i];
		struct poll_one *it = &p->items[i];

		it->file = NULL;
		it->events = (uint16_t)fd->events | POLL_ERR | POLL_HUP;
		it->revents = 0;
		if (fd->fd >= 0 && poll_begin(
		    ht, (uint32_t)fd->fd, p->borrowed, it) != OK)
			it->revents = POLL_NVAL;
		ready += it->revents != 0;
	}
	p->used = p->count;
	p->ready = ready;
}

static enum err
poll_back(struct poll_set *p, uintptr_t user, long *ret)
{
	for (unsigned i = 0; i < p->count; i++)
		p->fds[i].revents = (int16_t)p->items[i].revents;
	*ret = p->ready;
	return user_copy_out(user, p->fds, p->count * sizeof(p->fds[0]));
}

static enum err
poll_run(struct thread *t, struct poll_set *p, uintptr_t user, ns_t deadline,
    long *ret)
{
	enum err e = user_copy_in(
	    p->fds, user, p->count * sizeof(p->fds[0]));

	if (e != OK)
		return e;
	poll_look(t, p);
	if (p->ready == 0 && deadline != 0)
		e = poll_files(p->items, p->count, deadline, &p->ready);
	if (e == ERR_TIMEDOUT)
		e = OK;
	return e == OK ? poll_back(p, user, ret) : lx_no_restart(e);
}

enum err
lx_ppoll(struct thread *t, const struct sysargs *a, long *ret)
{
	unsigned n = (unsigned)a->v[1];
	/* What is read of it was set. */
	__attribute__((uninitialized)) struct poll_set p;
	ns_t deadline;
	enum err e;

	if (n > handle_table_limit(t->task->handles))
		return ERR_INVAL;
	e = lx_timeout_in(a->v[2], &deadline);
	if (e == OK)
		e = lx_wait_mask(a->v[3], a->v[4]);
	if (e != OK)
		return e;
	p.borrowed = handle_is_private(t->task->handles);
	e = poll_alloc(&p, n);
	if (e == OK)
		e = poll_run(t, &p, a->v[0], deadline, ret);
	poll_free(&p);
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
	unsigned nfds, count, ready;
	bool borrowed;
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
	for (unsigned k = 0; e == OK && k < 3; k++) {
		if (a->v[1 + k] == 0)
			continue;
		e = user_copy_in(s->bits[k], a->v[1 + k], bytes);
		/* The rest of the last word is not the caller's. */
		if (s->nfds % 64 != 0)
			s->bits[k][s->nfds / 64] &=
			    (UINT64_C(1) << s->nfds % 64) - 1;
	}
	return e;
}

/* The descriptors of one word of the sets. */
static enum err
select_look_word(struct handle_table *ht, struct select_set *s, unsigned word)
{
	uint64_t in = s->bits[0][word], out = s->bits[1][word];
	uint64_t pri = s->bits[2][word], any = in | out | pri;

	for (; any != 0; any &= any - 1) {
		struct poll_one *it = &s->items[s->count];
		unsigned i = ctz64(any), fd = word * 64 + i;

		it->events = (in >> i & 1 ? select_in[0] : 0) |
		    (out >> i & 1 ? select_in[1] : 0) |
		    (pri >> i & 1 ? select_in[2] : 0);
		if (poll_begin(ht, fd, s->borrowed, it) != OK)
			return ERR_BADHANDLE;
		s->ready += it->revents != 0;
		s->fds[s->count++] = (uint16_t)fd;
	}
	return OK;
}

static enum err
select_look(struct thread *t, struct select_set *s)
{
	enum err e = OK;

	for (unsigned w = 0; e == OK && w < DIV_ROUND_UP(s->nfds, 64u); w++)
		e = select_look_word(t->task->handles, s, w);
	return e;
}

static enum err
select_back(struct select_set *s, const struct sysargs *a, long *ret)
{
	size_t bytes = DIV_ROUND_UP(s->nfds, 64u) * 8;
	uint64_t out[3][SELECT_WORDS] = { 0 };
	enum err e = OK;

	*ret = 0;
	for (unsigned i = 0; s->ready > 0 && i < s->count; i++) {
		unsigned fd = s->fds[i];

		if (s->items[i].revents == 0)
			continue;

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
	enum err e = select_in_sets(s, a);

	if (e == OK)
		e = select_look(t, s);
	if (e != OK)
		return e;
	if (s->ready == 0 && deadline != 0)
		e = poll_files(s->items, s->count, deadline, &s->ready);
	if (e == ERR_TIMEDOUT)
		e = OK;
	return e == OK ? select_back(s, a, ret) : lx_no_restart(e);
}

enum err
lx_pselect6(struct thread *t, const struct sysargs *a, long *ret)
{
	struct select_set *s;
	unsigned n;
	ns_t deadline;
	enum err e;

	if ((int)a->v[0] < 0)
		return ERR_INVAL;
	e = lx_timeout_in(a->v[4], &deadline);
	if (e == OK)
		e = select_mask(a->v[5]);
	if (e != OK)
		return e;
	n = (unsigned)MIN(a->v[0], (uintptr_t)SELECT_MAX);
	s = kzalloc(sizeof(*s));
	if (s == NULL)
		return ERR_NOMEM;
	s->nfds = n;
	s->borrowed = handle_is_private(t->task->handles);
	s->items = kmalloc((n + 1) * sizeof(s->items[0]));
	s->fds = kmalloc((n + 1) * sizeof(s->fds[0]));
	if (s->items == NULL || s->fds == NULL)
		e = ERR_NOMEM;
	else
		e = select_run(t, s, a, deadline, ret);
	poll_end(s->items, s->count, s->borrowed);
	kfree(s->fds, (n + 1) * sizeof(s->fds[0]));
	kfree(s->items, (n + 1) * sizeof(s->items[0]));
	kfree(s, sizeof(*s));
	timeout_back(a->v[4], deadline);
	return e;
}
