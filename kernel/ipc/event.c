/* SPDX-License-Identifier: MIT */
/*
 * Events: a counter that is waited for.
 *
 * The counter is one atomic word, so signalling and taking need no lock. A
 * writer sleeps only when the counter would overflow, which is counted, so
 * that readers need not look for writers otherwise.
 *
 * Source: man-pages 6.03, eventfd(2).
 */
#include <kernel/ipc.h>
#include <kernel/mm.h>
#include <lib/fmt.h>

#define COUNT_MAX (UINT64_MAX - 1)

struct event {
	atomic_uint_fast64_t count; /* [A] */
	struct waitq wait;
	atomic_uint blocked; /* [A] writers that wait for room */
	bool semaphore; /* [I] */
};

static bool
event_take(struct event *ev, uint64_t *out)
{
	uint64_t old = atomic_load_explicit(&ev->count, memory_order_relaxed);

	while (old != 0) {
		if (atomic_compare_exchange_weak(&ev->count, &old,
		    ev->semaphore ? old - 1 : 0)) {
			*out = ev->semaphore ? 1 : old;
			return true;
		}
	}
	return false;
}

static bool
event_put(struct event *ev, uint64_t n)
{
	uint64_t old = atomic_load_explicit(&ev->count, memory_order_relaxed);

	do {
		if (n > COUNT_MAX - old)
			return false;
	} while (!atomic_compare_exchange_weak(&ev->count, &old, old + n));
	return true;
}

/* The rest of eight bytes, of which n are there; faults are taken without
 * lock. */
static NOINLINE enum err
word_out_rest(struct iter *it, uint64_t v, size_t n)
{
	while (n < sizeof(v)) {
		enum err e = iter_fault_in(it);

		if (e != OK)
			return e;
		n += iter_write(it, (const char *)&v + n, sizeof(v) - n);
	}
	return OK;
}

static NOINLINE enum err
word_in_rest(struct iter *it, uint64_t *out, size_t n)
{
	uint64_t v = *out;

	while (n < sizeof(v)) {
		enum err e = iter_fault_in(it);

		if (e != OK)
			return e;
		n += iter_read(it, (char *)&v + n, sizeof(v) - n);
	}
	*out = v;
	return OK;
}

static NOINLINE enum err
take_waiting(const struct file *f, struct event *ev, uint64_t *out)
{
	if (file_flags(f) & FILE_NONBLOCK)
		return ERR_AGAIN;
	return wait_until(&ev->wait, event_take(ev, out), WAIT_SIGNALS);
}

static NOINLINE enum err
put_waiting(const struct file *f, struct event *ev, uint64_t n)
{
	enum err e;

	if (file_flags(f) & FILE_NONBLOCK)
		return ERR_AGAIN;
	atomic_fetch_add(&ev->blocked, 1);
	e = wait_until(&ev->wait, event_put(ev, n), WAIT_SIGNALS);
	atomic_fetch_sub(&ev->blocked, 1);
	return e;
}

/* NO_CANARY, here and below: the one local thing is a word. */
static NO_CANARY enum err
event_read(struct file *f, struct iter *it, uint64_t *off UNUSED, size_t *done)
{
	struct event *ev = f->data;
	uint64_t v = 0;
	size_t n;

	if (UNLIKELY(it->left < sizeof(v)))
		return ERR_INVAL;
	if (UNLIKELY(!event_take(ev, &v))) {
		enum err e = take_waiting(f, ev, &v);

		if (e != OK)
			return e;
	}
	/* From the highest value, or with a writer waiting, there is room. */
	if (UNLIKELY(v == COUNT_MAX || atomic_load(&ev->blocked) > 0))
		waitq_wake(&ev->wait, POLL_OUT | POLL_WRNORM);
	*done = sizeof(v);
	n = iter_write(it, &v, sizeof(v));
	return LIKELY(n == sizeof(v)) ? OK : word_out_rest(it, v, n);
}

static NO_CANARY enum err
event_write(
    struct file *f, struct iter *it, uint64_t *off UNUSED, size_t *done)
{
	struct event *ev = f->data;
	uint64_t v = 0;
	enum err e = OK;
	size_t n;

	if (UNLIKELY(it->left < sizeof(v)))
		return ERR_INVAL;
	n = iter_read(it, &v, sizeof(v));
	if (UNLIKELY(n < sizeof(v)))
		e = word_in_rest(it, &v, n);
	if (UNLIKELY(e != OK))
		return e;
	if (UNLIKELY(v == UINT64_MAX))
		return ERR_INVAL;
	if (UNLIKELY(!event_put(ev, v)))
		e = put_waiting(f, ev, v);
	if (UNLIKELY(e != OK))
		return e;
	waitq_wake(&ev->wait, POLL_IN | POLL_RDNORM | WAKE_SYNC);
	*done = sizeof(v);
	return OK;
}

static inline unsigned
event_state(const struct event *ev)
{
	uint64_t count = atomic_load_explicit(
	    &ev->count, memory_order_relaxed);
	unsigned events = 0;

	if (count > 0)
		events |= POLL_IN | POLL_RDNORM;
	if (count < COUNT_MAX)
		events |= POLL_OUT | POLL_WRNORM;
	return events;
}

static NOINLINE unsigned
event_poll_wait(const struct file *f, struct poll_request *r)
{
	struct event *ev = f->data;

	poll_wait(r, &ev->wait);
	return event_state(ev);
}

/* In two parts: a look without waiting saves no registers. */
static unsigned
event_poll(struct file *f, struct poll_request *r)
{
	return UNLIKELY(r != NULL) ? event_poll_wait(f, r) :
	    event_state(f->data);
}

static void
event_release(struct file *f)
{
	kfree(f->data, sizeof(struct event));
}

static enum err
event_stat(struct file *f UNUSED, struct file_stat *st)
{
	*st = (struct file_stat){
		.dev = 13, .ino = 1, .mode = 0600, .nlink = 1,
		.block_size = PAGE_SIZE,
	};
	return OK;
}

static size_t
event_describe(struct file *f UNUSED, char *buf, size_t len)
{
	return (size_t)snprintf(buf, len, "anon_inode:[eventfd]");
}

static const struct file_ops event_ops = {
	.read = event_read,
	.write = event_write,
	.poll = event_poll,
	.stat = event_stat,
	.release = event_release,
	.describe = event_describe,
};

enum err
event_create(uint64_t initial, unsigned event_flags, unsigned flags,
    struct file **out)
{
	struct event *ev;
	enum err e;

	if (initial > COUNT_MAX)
		return ERR_INVAL;
	ev = kzalloc(sizeof(*ev));
	if (ev == NULL)
		return ERR_NOMEM;
	atomic_init(&ev->count, initial);
	waitq_init(&ev->wait);
	ev->semaphore = (event_flags & EVENT_SEMAPHORE) != 0;
	e = file_create(&event_ops, OBJ_EVENT, FILE_READ | FILE_WRITE |
	    FILE_STREAM | (flags & FILE_NONBLOCK), ev, out);
	if (e != OK)
		kfree(ev, sizeof(*ev));
	return e;
}
