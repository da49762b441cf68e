/* SPDX-License-Identifier: MIT */
/*
 * Pipes: rings of pages.
 *
 * A writer appends to the last page or takes a new one, a reader takes from
 * the first; bytes are copied once on each side, straight between the user's
 * pages and the ring. A page that was read goes to a small store of spares
 * of this pipe, so that a stream of small messages allocates nothing.
 *
 * Writes of up to PIPE_BUF bytes are whole: they are only begun when there is
 * room for all, and when the user's page turns out not to be resident, what
 * was copied is taken back and the bytes go through a page of the kernel
 * first. Longer writes may mix with others', as POSIX allows.
 *
 * Readers sleep only on an empty ring and writers only on a full one, so a
 * wake-up has somebody to wake exactly when one of them sleeps or polls;
 * otherwise it costs one look at an empty queue. The waker of a short transfer
 * usually sleeps next, therefore WAKE_SYNC. A long write copies some pages at
 * a time, without the lock, and wakes a reader after the first of them if a CPU
 * is idle, so that both go on at the same time.
 *
 * One of many sleepers is woken for what comes (they are exclusive waiters).
 * Who was woken and leaves something behind, or gives up, wakes the next:
 * every way out of a read ends at wake_others_to_read(), of a write at
 * wake_others_to_write().
 *
 * Locks: p->lock (RANK_PIPE). No fault is taken with it.
 * Source: POSIX.1-2017, write(); man-pages 6.03, pipe(7).
 */
#include "pipe.h"

#include <kernel/ioctl.h>
#include <kernel/sched.h>
#include <kernel/user.h>
#include <lib/fmt.h>
#include <lib/string.h>

static atomic_uint_fast64_t next_ino = 1;

struct pipe *
pipe_alloc(void)
{
	struct pipe *p = kzalloc(sizeof(*p));

	if (p == NULL)
		return NULL;
	mutex_init(&p->lock, RANK_PIPE, "pipe");
	waitq_init(&p->read_wait);
	waitq_init(&p->write_wait);
	p->slots = p->own;
	p->mask = PIPE_SLOTS - 1;
	ref_init(&p->files, 1); /* until the maker lets go */
	p->ino = atomic_fetch_add(&next_ino, 1);
	return p;
}

static void
slots_free(struct pipe *p)
{
	if (p->slots != p->own)
		kfree(p->slots, (p->mask + 1) * sizeof(*p->slots));
}

bool
pipe_unref(struct pipe *p)
{
	if (!ref_dec(&p->files))
		return false;
	for (; p->head != p->tail; p->head++)
		page_unref(p->slots[p->head & p->mask].page);
	while (p->spare_count > 0)
		page_unref(p->spares[--p->spare_count]);
	slots_free(p);
	kfree(p, sizeof(*p));
	return true;
}

/* n: bytes that came or went, about. */
static inline void
wake_readers(struct pipe *p, size_t n)
{
	waitq_wake_some(
	    &p->read_wait, POLL_IN | POLL_RDNORM | wake_sync_of(n), 1);
}

static inline void
wake_writers(struct pipe *p, size_t n)
{
	waitq_wake_some(
	    &p->write_wait, POLL_OUT | POLL_WRNORM | wake_sync_of(n), 1);
}

/* Without the lock: a change under our feet has a wake of its own. */
static RACY_READ bool
seems_empty(const struct pipe *p)
{
	return p->head == p->tail;
}

static RACY_READ bool
seems_full(const struct pipe *p)
{
	return p->tail - p->head > p->mask;
}

static void
wake_others_to_read(struct pipe *p)
{
	if (UNLIKELY(!seems_empty(p)))
		wake_readers(p, 0);
}

static void
wake_others_to_write(struct pipe *p)
{
	if (LIKELY(!seems_full(p)))
		wake_writers(p, 0);
}

/* ---- pages ------------------------------------------------------------- */

static struct page *
page_take(struct pipe *p)
{
	if (p->spare_count > 0)
		return p->spares[--p->spare_count];
	return page_alloc(0);
}

/* page is nobody else's. */
static void
page_keep(struct pipe *p, struct page *page)
{
	if (p->spare_count < PIPE_SPARES)
		p->spares[p->spare_count++] = page;
	else
		page_unref(page);
}

static void
page_give(struct pipe *p, struct pipe_slot *s)
{
	if (s->shared)
		page_unref(s->page);
	else
		page_keep(p, s->page);
	s->page = NULL;
}

/* ---- reading ----------------------------------------------------------- */

/* Takes up to it->left bytes, one packet at most; stops at a fault. */
static size_t
pull(struct pipe *p, struct iter *it, bool *fault)
{
	size_t total = 0;

	*fault = false;
	while (it->left > 0 && !pipe_empty(p)) {
		struct pipe_slot *s = &p->slots[p->head & p->mask];
		size_t want = MIN(it->left, (size_t)s->len);
		size_t got = iter_write(
		    it, (char *)page_virt(s->page) + s->off, want);
		bool packet = s->packet;

		total += got;
		s->off += (uint16_t)got;
		s->len -= (uint16_t)got;
		if (got < want) {
			*fault = true;
			break;
		}
		/* The rest of a packet that was too long is lost. */
		if (s->len == 0 || packet) {
			page_give(p, s);
			p->head++;
		}
		if (packet)
			break;
	}
	return total;
}

static bool
may_read(const struct pipe *p)
{
	return !pipe_empty(p) || p->writers == 0;
}

static enum err
wait_data(struct pipe *p, bool nonblock) REQUIRES(p->lock)
{
	struct wait_entry w = { .exclusive = true };
	enum err e = OK;

	if (may_read(p))
		return OK;
	if (nonblock)
		return ERR_AGAIN;
	while (e == OK) {
		wait_begin(&p->read_wait, &w, WAIT_SIGNALS);
		if (may_read(p))
			break;
		mutex_unlock(&p->lock);
		e = wait_sleep(&w, WAIT_SIGNALS, NS_NEVER);
		mutex_lock(&p->lock);
		if (may_read(p)) {
			e = OK;
			break;
		}
	}
	wait_end(&p->read_wait, &w);
	return e;
}

enum err
pipe_read(struct file *f, struct iter *it, uint64_t *off UNUSED, size_t *done)
{
	struct pipe *p = pipe_of(f);
	size_t n = 0;
	enum err e = OK;

	if (it->left == 0) {
		*done = 0;
		return OK;
	}
	mutex_lock(&p->lock);
	e = wait_data(p, (file_flags(f) & FILE_NONBLOCK) != 0);
	/* Empty after that: no writers, the end of file. */
	while (e == OK && !pipe_empty(p)) {
		unsigned takes = ++p->takes;
		bool fault;

		n += pull(p, it, &fault);
		if (!fault)
			break;
		/* A short read would meet the same absent page each time; but
		 * what another reader took must not be missing within one. */
		mutex_unlock(&p->lock);
		e = iter_fault_in(it);
		mutex_lock(&p->lock);
		if (n > 0 && takes != p->takes)
			break;
	}
	mutex_unlock(&p->lock);
	wake_others_to_read(p);
	if (e != OK && n == 0)
		return e;
	if (n > 0)
		wake_writers(p, n);
	*done = n;
	return OK;
}

/* ---- writing ----------------------------------------------------------- */

/* The bytes that the last page still takes. */
static size_t
merge_room(const struct pipe *p)
{
	const struct pipe_slot *s = &p->slots[(p->tail - 1) & p->mask];

	if (pipe_empty(p) || s->packet || s->shared)
		return 0;
	return PAGE_SIZE - s->off - s->len;
}

/* Whether a write of len bytes may begin. */
static bool
has_room(const struct pipe *p, size_t len, bool packet)
{
	return !pipe_full(p) || (!packet && len <= merge_room(p));
}

static enum err
slot_open(struct pipe *p, bool packet)
{
	struct pipe_slot *s = &p->slots[p->tail & p->mask];

	s->page = page_take(p);
	if (s->page == NULL)
		return ERR_NOMEM;
	s->off = s->len = 0;
	s->packet = packet;
	s->shared = false;
	p->tail++;
	return OK;
}

/* An unused slot must not stay in the ring: it would read as the end. */
static void
slot_close_empty(struct pipe *p)
{
	struct pipe_slot *s = &p->slots[(p->tail - 1) & p->mask];

	if (s->len == 0) {
		page_give(p, s);
		p->tail--;
	}
}

/*
 * Appends from it until it is empty, the ring is full, or a page of the user
 * is absent (*fault). *done counts.
 */
static enum err
push(struct pipe *p, struct iter *it, bool packet, size_t *done, bool *fault)
{
	*done = 0;
	*fault = false;
	while (it->left > 0) {
		struct pipe_slot *s;
		size_t room = packet ? 0 : merge_room(p), want, got;

		if (room == 0) {
			enum err e;

			if (pipe_full(p))
				break;
			e = slot_open(p, packet);
			if (e != OK)
				return *done > 0 ? OK : e;
			room = PAGE_SIZE;
		}
		s = &p->slots[(p->tail - 1) & p->mask];
		want = MIN(room, it->left);
		got = iter_read(it,
		    (char *)page_virt(s->page) + s->off + s->len, want);
		s->len += (uint16_t)got;
		*done += got;
		if (got < want) {
			*fault = true;
			slot_close_empty(p);
			break;
		}
	}
	return OK;
}

/* Takes the last n bytes, written under this hold of the lock, back. */
static void
unpush(struct pipe *p, size_t n)
{
	while (n > 0) {
		struct pipe_slot *s = &p->slots[(p->tail - 1) & p->mask];
		size_t k = MIN(n, (size_t)s->len);

		s->len -= (uint16_t)k;
		n -= k;
		slot_close_empty(p);
	}
}

static NOINLINE enum err
sleep_for_room(struct pipe *p, size_t len, bool packet) REQUIRES(p->lock)
{
	struct wait_entry w = { .exclusive = true };
	enum err e = OK;

	while (e == OK) {
		size_t held = (p->tail - p->head) * PAGE_SIZE;

		wait_begin(&p->write_wait, &w, WAIT_SIGNALS);
		if (has_room(p, len, packet) || p->readers == 0)
			break;
		mutex_unlock(&p->lock);
		/* Of what was written before. Without the lock, since a
		 * reader that runs at once wants it. */
		wake_readers(p, held);
		e = wait_sleep(&w, WAIT_SIGNALS, NS_NEVER);
		mutex_lock(&p->lock);
		if (has_room(p, len, packet) || p->readers == 0) {
			e = OK;
			break;
		}
	}
	wait_end(&p->write_wait, &w);
	return e == OK && p->readers == 0 ? ERR_PIPE : e;
}

/* OK: a write of len bytes may begin, or a slot be used for a packet. */
static enum err
wait_room(struct pipe *p, size_t len, bool packet, bool nonblock)
    REQUIRES(p->lock)
{
	if (p->readers == 0)
		return ERR_PIPE;
	if (has_room(p, len, packet))
		return OK;
	return nonblock ? ERR_AGAIN : sleep_for_room(p, len, packet);
}

/* One write of up to PIPE_BUF bytes, or one packet: all or nothing. */
static enum err
write_whole(struct pipe *p, struct iter *it, unsigned flags) REQUIRES(p->lock)
{
	bool packet = (flags & FILE_DIRECT) != 0, fault;
	struct iter before = *it;
	size_t len = it->left, n;
	enum err e;

	e = wait_room(p, len, packet, (flags & FILE_NONBLOCK) != 0);
	if (e != OK)
		return e;
	e = push(p, it, packet, &n, &fault);
	if (e == OK && n == len)
		return OK;
	/* Out of memory on a second page, or a fault. */
	unpush(p, n);
	*it = before;
	if (e != OK)
		return e;
	return fault ? ERR_FAULT : ERR_NOMEM;
}

/* The bytes are brought into the kernel first, where nothing can be absent. */
static NOINLINE enum err
write_bounced(struct pipe *p, struct iter *it, unsigned flags)
{
	struct page *page = page_alloc(0);
	size_t len = it->left, n = 0;
	struct iter kernel;
	enum err e = OK;

	if (page == NULL)
		return ERR_NOMEM;
	while (e == OK && n < len) {
		n += iter_read(it, (char *)page_virt(page) + n, len - n);
		if (n < len)
			e = iter_fault_in(it);
	}
	if (e == OK) {
		iter_kernel(&kernel, page_virt(page), len, false);
		mutex_lock(&p->lock);
		e = write_whole(p, &kernel, flags);
		mutex_unlock(&p->lock);
	}
	page_unref(page);
	return e;
}

/* Pages of a longer write, copied without the lock. *fault, false before: a
 * page of the user is absent; up to there all is written. After an error `it`
 * may be further than *done. */
static enum err
write_pages(struct pipe *p, struct iter *it, bool nonblock, size_t *done,
    bool *fault) REQUIRES(p->lock)
{
	struct page *pages[WRITE_PAGES];
	size_t room = p->mask + 1 - (p->tail - p->head), got = 0;
	size_t most = MIN(it->left, MIN(room, WRITE_PAGES) * PAGE_SIZE);
	unsigned count = 0, used = 0;
	enum err e = OK;

	for (; count * PAGE_SIZE < most; count++) {
		pages[count] = page_take(p);
		if (pages[count] == NULL)
			break;
	}
	if (count == 0)
		return ERR_NOMEM;
	most = MIN(most, count * PAGE_SIZE);
	mutex_unlock(&p->lock);
	if (*done > 0 && sched_has_idle())
		wake_readers(p, it->left);
	while (got < most && !*fault) {
		size_t want = MIN(most - got, PAGE_SIZE);
		size_t n = iter_read(
		    it, page_virt(pages[got / PAGE_SIZE]), want);

		got += n;
		*fault = n < want;
	}
	mutex_lock(&p->lock);
	for (size_t left = got; left > 0;) {
		size_t n = MIN(left, PAGE_SIZE);

		/* Other writers may have taken the room. */
		e = wait_room(p, 1, true, nonblock);
		if (e != OK)
			break;
		p->slots[p->tail++ & p->mask] = (struct pipe_slot){
			.page = pages[used++], .len = (uint16_t)n };
		*done += n;
		left -= n;
	}
	while (used < count)
		page_keep(p, pages[used++]);
	return e;
}

/* As much of it as the last page still takes. */
static enum err
write_rest_of_page(struct pipe *p, struct iter *it, size_t room, size_t *done,
    bool *fault)
{
	size_t left = it->left, n;
	enum err e;

	it->left = MIN(left, room);
	e = push(p, it, false, &n, fault);
	it->left = left - n;
	*done += n;
	return e;
}

/* Longer writes: as much as there is room for, again and again. */
static enum err
write_long(struct pipe *p, struct iter *it, unsigned flags, size_t *done)
    REQUIRES(p->lock)
{
	bool nonblock = (flags & FILE_NONBLOCK) != 0;
	enum err e = OK;

	while (e == OK && it->left > 0) {
		bool fault = false;
		size_t room;

		e = wait_room(p, 1, false, nonblock);
		if (e != OK)
			break;
		room = merge_room(p);
		if (room > 0)
			e = write_rest_of_page(p, it, room, done, &fault);
		else
			e = write_pages(p, it, nonblock, done, &fault);
		if (e == OK && fault) {
			mutex_unlock(&p->lock);
			wake_readers(p, 0);
			e = iter_fault_in(it);
			mutex_lock(&p->lock);
		}
	}
	return e;
}

/* Packets longer than PIPE_BUF are cut into several. */
static enum err
write_packets(struct pipe *p, struct iter *it, unsigned flags, size_t *done)
{
	enum err e = OK;

	while (e == OK && it->left > 0) {
		size_t rest = it->left, n = MIN(rest, (size_t)PIPE_BUF);

		it->left = n;
		e = write_bounced(p, it, flags);
		it->left = rest - n + it->left;
		if (e == OK)
			*done += n;
	}
	return e;
}

enum err
pipe_write(struct file *f, struct iter *it, uint64_t *off UNUSED, size_t *done)
{
	struct pipe *p = pipe_of(f);
	unsigned flags = file_flags(f);
	size_t len = it->left, n = 0;
	enum err e;

	if (len == 0) {
		*done = 0;
		return OK;
	}
	if (len > PIPE_BUF && (flags & FILE_DIRECT) != 0) {
		e = write_packets(p, it, flags, &n);
	} else if (len > PIPE_BUF) {
		mutex_lock(&p->lock);
		e = write_long(p, it, flags, &n);
		mutex_unlock(&p->lock);
	} else {
		mutex_lock(&p->lock);
		e = write_whole(p, it, flags);
		mutex_unlock(&p->lock);
		if (UNLIKELY(e == ERR_FAULT))
			e = write_bounced(p, it, flags);
		if (e == OK)
			n = len;
	}
	if (n > 0)
		wake_readers(p, n);
	wake_others_to_write(p);
	if (e != OK && n == 0)
		return e;
	*done = n;
	return OK;
}

/* ---- polling, control -------------------------------------------------- */

unsigned
pipe_poll(struct file *f, struct poll_request *r)
{
	struct pipe *p = pipe_of(f);
	unsigned flags = file_flags(f), events = 0;

	if (flags & FILE_READ) {
		poll_wait(r, &p->read_wait);
		if (!pipe_empty(p))
			events |= POLL_IN | POLL_RDNORM;
		/* A FIFO nobody wrote to since it was opened: no hangup. */
		if (p->writers == 0 && f->off != p->writer_count)
			events |= POLL_HUP;
	}
	if (flags & FILE_WRITE) {
		poll_wait(r, &p->write_wait);
		if (!pipe_full(p))
			events |= POLL_OUT | POLL_WRNORM;
		if (p->readers == 0)
			events |= POLL_ERR;
	}
	return events;
}

static size_t
bytes_in(const struct pipe *p)
{
	size_t n = 0;

	for (unsigned i = p->head; i != p->tail; i++)
		n += p->slots[i & p->mask].len;
	return n;
}

enum err
pipe_control(struct file *f, unsigned cmd, uintptr_t arg, long *ret UNUSED)
{
	struct pipe *p = pipe_of(f);
	size_t n;

	if (cmd != CTL_FIONREAD)
		return ERR_NOTTY;
	mutex_lock(&p->lock);
	n = bytes_in(p);
	mutex_unlock(&p->lock);
	return user_store32(arg, (uint32_t)n);
}

static enum err
pipe_stat(struct file *f, struct file_stat *st)
{
	*st = (struct file_stat){
		.dev = 12, .ino = pipe_of(f)->ino, .mode = S_FIFO | 0600,
		.nlink = 1, .block_size = PAGE_SIZE,
	};
	return OK;
}

static size_t
pipe_describe(struct file *f, char *buf, size_t len)
{
	return (size_t)snprintf(buf, len, "pipe:[%lu]",
	    (unsigned long)pipe_of(f)->ino);
}

/* ---- life -------------------------------------------------------------- */

void
pipe_attach(struct pipe *p, unsigned flags)
{
	ref_inc(&p->files);
	if (flags & FILE_READ) {
		p->readers++;
		p->reader_count++;
	}
	if (flags & FILE_WRITE) {
		p->writers++;
		p->writer_count++;
	}
}

void
pipe_detach(struct pipe *p, unsigned flags)
{
	if (flags & FILE_READ)
		p->readers--;
	if (flags & FILE_WRITE)
		p->writers--;
	if (p->writers == 0)
		waitq_wake(&p->read_wait, POLL_IN | POLL_HUP | WAKE_SYNC);
	if (p->readers == 0)
		waitq_wake(&p->write_wait, POLL_OUT | POLL_ERR | WAKE_SYNC);
}

static void
pipe_release(struct file *f)
{
	struct pipe *p = pipe_of(f);

	mutex_lock(&p->lock);
	pipe_detach(p, file_flags(f));
	mutex_unlock(&p->lock);
	pipe_unref(p);
}

const struct file_ops pipe_ops = {
	.read = pipe_read,
	.write = pipe_write,
	.poll = pipe_poll,
	.control = pipe_control,
	.stat = pipe_stat,
	.release = pipe_release,
	.describe = pipe_describe,
};

enum err
pipe_create(unsigned flags, struct file **reader, struct file **writer)
{
	struct pipe *p = pipe_alloc();
	struct file *r = NULL, *w = NULL;
	enum err e;

	if (p == NULL)
		return ERR_NOMEM;
	flags = (flags & (FILE_NONBLOCK | FILE_DIRECT)) | FILE_STREAM;
	e = file_create(&pipe_ops, OBJ_PIPE, flags | FILE_READ, p, &r);
	if (e != OK)
		goto out;
	pipe_attach(p, FILE_READ);
	e = file_create(&pipe_ops, OBJ_PIPE, flags | FILE_WRITE, p, &w);
	if (e != OK)
		goto out;
	pipe_attach(p, FILE_WRITE);
	*reader = r;
	*writer = w;
	r = NULL;
out:
	file_unref(r);
	pipe_unref(p);
	return e;
}

bool
file_is_pipe(const struct file *f)
{
	return f->ops == &pipe_ops || f->ops == &fifo_ops;
}
