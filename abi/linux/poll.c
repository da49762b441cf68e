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

/* Writes back what is left of a timeout, if there was some and if that is
 * possible. */
static void
timeout_back(uintptr_t user, ns_t deadline)
{
	ns_t now;

	if (user == 0 || deadline == 0)
		return;
	now = time_now();
	/* A read-only timeout is no error: select(2), notes. */
	err_ignore(lx_timespec_out(
	    user, deadline > now ? deadline - now : 0));
}

static const struct handle_slots no_slots;

/* The caller's descriptors, for a look at many of them. */
struct look {
	struct handle_table *table;
	const struct handle_slots *slots; /* no_slots: others may close some */
};

static inline struct look
look_begin(struct thread *t)
{
	return (struct look){
		.table = t->task->handles,
		.slots = handle_is_private(t->task) ?
		    handle_slots_of(t->task) : &no_slots,
	};
}

/* By the table, when the slots do not have it. */
static NOINLINE unsigned
look_shared(const struct look *l, uint32_t fd)
{
	struct obj *o;
	unsigned revents;

	if (l->slots != &no_slots ||
	    handle_get(l->table, fd, OBJ_ANY_FILE, 0, &o) != OK)
		return POLL_NVAL;
	revents = file_poll(file_of(o), NULL);
	obj_unref(o);
	return revents;
}

/* What is ready on a descriptor now; POLL_NVAL: it is none. */
static ALWAYS_INLINE unsigned
look_one(const struct look *l, uintptr_t fd)
{
	struct obj *o;

	if (UNLIKELY(handle_peek(l->slots, fd, OBJ_ANY_FILE, 0, &o) != OK))
		return look_shared(l, (uint32_t)fd);
	return file_poll(file_of(o), NULL);
}

/* ---- poll ------------------------------------------------------------- */

#define POLL_FAST 16

static unsigned
poll_events(const struct lx_pollfd *fd)
{
	return (uint16_t)fd->events | POLL_ERR | POLL_HUP | POLL_NVAL;
}

/* The count of descriptors with events. */
static unsigned
poll_look(struct thread *t, struct lx_pollfd *fds, unsigned count)
{
	struct look l = look_begin(t);
	unsigned ready = 0;

	for (struct lx_pollfd *fd = fds; fd < fds + count; fd++) {
		unsigned revents = 0;

		if (LIKELY(fd->fd >= 0))
			revents = look_one(&l, (uintptr_t)fd->fd) &
			    poll_events(fd);
		fd->revents = (int16_t)revents;
		ready += revents != 0;
	}
	return ready;
}

/* Nothing was ready at the first look. */
static NOINLINE enum err
poll_sleep(struct thread *t, struct lx_pollfd *fds, unsigned count,
    ns_t deadline, unsigned *ready)
{
	struct poll_one *items = kzalloc(count * sizeof(items[0]) + 1);
	bool bad = false;
	enum err e;

	if (items == NULL)
		return ERR_NOMEM;
	for (unsigned i = 0; i < count; i++) {
		items[i].events = poll_events(&fds[i]);
		/* Closed since the first look: as if it had been before. */
		if (fds[i].fd >= 0 && lx_file(t, (uintptr_t)fds[i].fd, 0,
		    &items[i].file) != OK)
			bad = true;
	}
	e = poll_files(items, count, bad ? 0 : deadline, ready);
	if (e == ERR_TIMEDOUT)
		e = OK;
	for (unsigned i = 0; i < count; i++) {
		if (items[i].file == NULL && fds[i].fd >= 0) {
			items[i].revents = POLL_NVAL;
			++*ready;
		}
		fds[i].revents = (int16_t)items[i].revents;
		file_unref(items[i].file);
	}
	kfree(items, count * sizeof(items[0]) + 1);
	return e;
}

static enum err
poll_run(struct thread *t, struct lx_pollfd *fds, const struct sysargs *a,
    ns_t deadline, unsigned *ready)
{
	unsigned count = (unsigned)a->v[1];
	enum err e = user_copy_in(fds, a->v[0], count * sizeof(fds[0]));

	if (e != OK)
		return e;
	*ready = poll_look(t, fds, count);
	if (*ready == 0 && deadline != 0)
		e = poll_sleep(t, fds, count, deadline, ready);
	return e == OK ?
	    user_copy_out(a->v[0], fds, count * sizeof(fds[0])) :
	    lx_no_restart(e);
}

enum err
lx_poll_until(struct thread *t, const struct sysargs *a, ns_t deadline,
    long *ret)
{
	unsigned n = (unsigned)a->v[1], ready = 0;
	/* What is read of it was fetched. */
	ALIGNED(8) __attribute__((uninitialized))
	struct lx_pollfd fast[POLL_FAST];
	struct lx_pollfd *fds = fast;
	enum err e;

	if (n > handle_table_limit(t->task->handles))
		return ERR_INVAL;
	if (n > POLL_FAST)
		fds = kmalloc(n * sizeof(fds[0]));
	e = fds != NULL ? poll_run(t, fds, a, deadline, &ready) : ERR_NOMEM;
	if (fds != fast)
		kfree(fds, n * sizeof(fds[0]));
	*ret = (long)ready;
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

static const uint64_t no_bits[SELECT_WORDS];

struct select_set {
	const uint64_t *in[3]; /* into fetched, or no_bits */
	uint64_t fetched[3][SELECT_WORDS], out[3][SELECT_WORDS];
	unsigned nfds, words;
	long ready; /* bits in out */
};

static enum err
select_fetch(struct select_set *s, const struct sysargs *a)
{
	enum err e = OK;

	for (unsigned k = 0; e == OK && k < 3; k++) {
		s->in[k] = no_bits;
		if (a->v[1 + k] == 0)
			continue;
		s->in[k] = s->fetched[k];
		e = user_copy_in(s->fetched[k], a->v[1 + k], s->words * 8);
		/* The rest of the last word is not the caller's. */
		if (s->nfds % 64 != 0)
			s->fetched[k][s->nfds / 64] &=
			    (UINT64_C(1) << s->nfds % 64) - 1;
	}
	return e;
}

static unsigned
select_events(const struct select_set *s, unsigned word, unsigned bit)
{
	unsigned events = 0;

	for (unsigned k = 0; k < 3; k++)
		if (s->in[k][word] >> bit & 1)
			events |= select_in[k];
	return events;
}

static void
select_put(struct select_set *s, unsigned fd, unsigned revents)
{
	uint64_t bit = UINT64_C(1) << fd % 64;

	for (unsigned k = 0; k < 3; k++) {
		if ((s->in[k][fd / 64] & bit) == 0 ||
		    (revents & select_in[k]) == 0)
			continue;
		s->out[k][fd / 64] |= bit;
		s->ready++;
	}
}

static uint64_t
select_any(const struct select_set *s, unsigned word)
{
	return s->in[0][word] | s->in[1][word] | s->in[2][word];
}

/* Looks at the descriptors of one word: what is ready of them, asked for or
 * not. ERR_BADHANDLE: one is none. */
static ALWAYS_INLINE enum err
select_look_word(const struct look *l, uint64_t any, uintptr_t fd,
    uint64_t out[3])
{
	uint64_t in = 0, room = 0, urgent = 0;
	unsigned all = 0;

	/* One bit a turn: finding the next one costs more, bits are dense. */
	for (uint64_t bit = 1; any != 0; any >>= 1, bit <<= 1, fd++) {
		unsigned revents;

		if ((any & 1) == 0)
			continue;
		revents = look_one(l, fd);
		all |= revents;
		if (revents & select_in[0])
			in |= bit;
		if (revents & select_in[1])
			room |= bit;
		if (revents & select_in[2])
			urgent |= bit;
	}
	out[0] = in;
	out[1] = room;
	out[2] = urgent;
	return UNLIKELY(all & POLL_NVAL) ? ERR_BADHANDLE : OK;
}

/* NOINLINE: a frame of its own. */
static NOINLINE enum err
select_look(struct thread *t, struct select_set *s)
{
	const struct look l = look_begin(t);
	enum err e = OK;

	s->ready = 0;
	for (unsigned w = 0; e == OK && w < s->words; w++) {
		uint64_t out[3] = { 0 };

		e = select_look_word(&l, select_any(s, w), w * 64, out);
		for (unsigned k = 0; k < 3; k++) {
			uint64_t bits = out[k] & s->in[k][w];

			s->out[k][w] = bits;
			if (bits != 0) /* no instruction on some machines */
				s->ready += popcount64(bits);
		}
	}
	return e;
}

static unsigned
select_count(const struct select_set *s)
{
	unsigned count = 0;

	for (unsigned w = 0; w < s->words; w++)
		count += popcount64(select_any(s, w));
	return count;
}

/* References to the files, in the order of their numbers. */
static enum err
select_items(struct thread *t, struct select_set *s, struct poll_one *items)
{
	enum err e = OK;

	for (unsigned w = 0; w < s->words; w++) {
		uint64_t any = select_any(s, w);

		for (; e == OK && any != 0; any &= any - 1) {
			unsigned bit = ctz64(any);

			items->events = select_events(s, w, bit);
			e = lx_file(t, w * 64 + bit, 0, &items->file);
			items++;
		}
	}
	return e;
}

/* Nothing was ready at the first look. */
static NOINLINE enum err
select_sleep(struct thread *t, struct select_set *s, ns_t deadline)
{
	unsigned count = select_count(s), ready = 0;
	struct poll_one *items = kzalloc(count * sizeof(items[0]) + 1);
	const struct poll_one *it = items;
	enum err e;

	if (items == NULL)
		return ERR_NOMEM;
	e = select_items(t, s, items);
	if (e == OK)
		e = poll_files(items, count, deadline, &ready);
	if (e == ERR_TIMEDOUT)
		e = OK;
	for (unsigned w = 0; ready > 0 && w < s->words; w++) {
		uint64_t any = select_any(s, w);

		for (; any != 0; any &= any - 1, it++)
			select_put(s, w * 64 + ctz64(any), it->revents);
	}
	for (unsigned i = 0; i < count; i++)
		file_unref(items[i].file);
	kfree(items, count * sizeof(items[0]) + 1);
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
    ns_t deadline)
{
	enum err e = select_fetch(s, a);

	if (e == OK)
		e = select_look(t, s);
	if (e == OK && s->ready == 0 && deadline != 0)
		e = select_sleep(t, s, deadline);
	if (e != OK)
		return lx_no_restart(e);
	for (unsigned k = 0; e == OK && k < 3; k++)
		if (a->v[1 + k] != 0)
			e = user_copy_out(
			    a->v[1 + k], s->out[k], s->words * 8);
	return e;
}

enum err
lx_select_until(struct thread *t, const struct sysargs *a, ns_t deadline,
    long *ret)
{
	/* Only its first words are used, and those are set. */
	__attribute__((uninitialized)) struct select_set s;
	enum err e;

	s.nfds = (unsigned)MIN(a->v[0], (uintptr_t)SELECT_MAX);
	s.words = DIV_ROUND_UP(s.nfds, 64u);
	s.ready = 0;
	e = select_run(t, &s, a, deadline);
	*ret = s.ready;
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
