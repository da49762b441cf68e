/* SPDX-License-Identifier: MIT */
/*
 * Reading, writing and polling a terminal.
 *
 * Bytes pass through a small buffer on the stack, filled or emptied under
 * t->lock and copied to or from the user outside it: a fault never happens
 * with a lock held, and terminals are not where copies cost.
 *
 * Source: POSIX.1-2017, XBD 11.1.7 (VMIN and VTIME); termios(3).
 */
#include "tty_impl.h"

#include <kernel/err.h>

#define DECISECOND (100 * NS_PER_MS)

/* ---- reading ----------------------------------------------------------- */

struct reader {
	struct tty *tty;
	struct tty_file *tf;
	struct iter *it;
	size_t done;
	bool nonblock;
};

/* One chunk from the line discipline; *end: nothing more in this read. */
static size_t
take(struct tty *t, char *buf, size_t len, bool *end)
{
	unsigned long flags = spin_lock_irq(&t->lock);
	size_t n;
	bool sent;

	n = ldisc_read(&t->ld, buf, len, end);
	sent = ring_used(&t->ld.out) > 0; /* IXOFF's START */
	if (sent)
		tty_start_output(t);
	spin_unlock_irq(&t->lock, flags);
	return n;
}

static bool
has_input(struct reader *r, size_t need)
{
	struct tty *t = r->tty;
	unsigned long flags = spin_lock_irq(&t->lock);
	bool yes = (t->ld.modes.lflag & TIO_ICANON) ? ldisc_has_input(&t->ld) :
	    ldisc_readable(&t->ld) >= need;

	spin_unlock_irq(&t->lock, flags);
	return yes || tty_file_hung(r->tf);
}

static size_t
input_len(struct tty *t)
{
	unsigned long flags = spin_lock_irq(&t->lock);
	size_t n = ldisc_readable(&t->ld);

	spin_unlock_irq(&t->lock, flags);
	return n;
}

/* Copies what there is, up to a line's end or the iterator's. */
static enum err
copy_input(struct reader *r) REQUIRES(r->tty->read_lock)
{
	struct tty *t = r->tty;
	bool end = false;

	while (!end && r->it->left > 0) {
		char buf[TTY_CHUNK];
		size_t n = take(t, buf, MIN(sizeof(buf), r->it->left), &end);
		size_t out = 0;

		if (n == 0)
			break;
		end = end && ((t->ld.modes.lflag & TIO_ICANON) != 0);
		while (out < n) {
			enum err e;

			out += iter_write(r->it, buf + out, n - out);
			if (out == n)
				break;
			mutex_unlock(&r->tty->read_lock);
			e = iter_fault_in(r->it);
			mutex_lock(&r->tty->read_lock);
			if (e != OK) {
				r->done += out;
				return r->done > 0 ? OK : e;
			}
		}
		r->done += n;
	}
	return OK;
}

static enum err
wait_input(struct reader *r, size_t need, ns_t deadline)
    REQUIRES(r->tty->read_lock)
{
	return wait_until_locked(&r->tty->read_wait, &r->tty->read_lock,
	    has_input(r, need), WAIT_SIGNALS, deadline);
}

static enum err
read_lines(struct reader *r) REQUIRES(r->tty->read_lock)
{
	enum err e = OK;

	if (!has_input(r, 1)) {
		if (r->nonblock)
			return ERR_AGAIN;
		e = wait_input(r, 1, NS_NEVER);
	}
	return e == OK ? copy_input(r) : e;
}

/* VMIN and VTIME both set: the clock starts anew with each byte. */
static enum err
wait_between(struct reader *r, size_t need, ns_t pause)
    REQUIRES(r->tty->read_lock)
{
	size_t seen;
	enum err e = wait_input(r, 1, NS_NEVER);

	while (e == OK && !tty_file_hung(r->tf)) {
		seen = input_len(r->tty);
		if (seen >= need)
			return OK;
		e = wait_input(r, seen + 1, time_now() + pause);
	}
	return e;
}

static enum err
read_bytes(struct reader *r, unsigned vmin, unsigned vtime)
    REQUIRES(r->tty->read_lock)
{
	size_t need = MIN(MAX(vmin, 1u), r->it->left);
	ns_t pause = vtime * DECISECOND;
	enum err e = OK;

	if (vmin == 0 && vtime == 0) {
		return copy_input(r);
	} else if (r->nonblock) {
		if (!has_input(r, 1))
			return ERR_AGAIN;
	} else if (vmin == 0) {
		e = wait_input(r, 1, time_now() + pause);
	} else if (vtime == 0) {
		e = wait_input(r, need, NS_NEVER);
	} else {
		e = wait_between(r, need, pause);
	}
	/* A signal must not throw away what came before it. */
	if (e != OK && (e == ERR_TIMEDOUT || input_len(r->tty) > 0))
		e = OK;
	return e == OK ? copy_input(r) : e;
}

enum err
tty_read(struct file *f, struct iter *it, uint64_t *off UNUSED, size_t *done)
{
	struct tty_file *tf = tty_file_of(f);
	struct tty *t = tf->tty;
	struct reader r = {
		.tty = t, .tf = tf, .it = it,
		.nonblock = (file_flags(f) & FILE_NONBLOCK) != 0,
	};
	const struct ldisc_modes *m = &t->ld.modes;
	enum err e = OK;

	if (!tty_file_hung(tf) && it->left > 0) {
		e = tty_job_check(t, SIG_TTIN);
		if (e != OK)
			return e;
		mutex_lock(&r.tty->read_lock);
		e = (m->lflag & TIO_ICANON) ? read_lines(&r) :
		    read_bytes(&r, m->cc[TIO_VMIN], m->cc[TIO_VTIME]);
		mutex_unlock(&r.tty->read_lock);
		if (t->pty != NULL)
			pty_output(t, 0); /* room for the master's writers */
	}
	if (e == OK)
		*done = r.done;
	return e;
}

/* ---- writing ----------------------------------------------------------- */

/* Puts bytes into the output ring and moves it on; the count that fitted. */
static size_t
put_output(struct tty *t, const char *buf, size_t len)
{
	unsigned long flags = spin_lock_irq(&t->lock);
	size_t n = 0, k;

	do {
		k = ldisc_write(&t->ld, buf + n, len - n);
		n += k;
		tty_start_output(t);
	} while (k > 0 && n < len);
	spin_unlock_irq(&t->lock, flags);
	if (t->pty != NULL)
		pty_output(t, 0);
	return n;
}

static enum err
wait_room(struct tty_file *tf) REQUIRES(tf->tty->write_lock)
{
	struct tty *t = tf->tty;

	return wait_until_locked(&t->write_wait, &tf->tty->write_lock,
	    ldisc_out_room(&t->ld) >= LDISC_OUT / 4 || tty_file_hung(tf),
	    WAIT_SIGNALS, NS_NEVER);
}

/* All of buf, waiting for room; *put counts. */
static enum err
put_all(struct tty_file *tf, const char *buf, size_t len, size_t *put)
    REQUIRES(tf->tty->write_lock)
{
	*put = 0;
	for (;;) {
		enum err e;

		if (tty_file_hung(tf))
			return ERR_IO;
		*put += put_output(tf->tty, buf + *put, len - *put);
		if (*put == len)
			return OK;
		e = wait_room(tf);
		if (e != OK)
			return e;
	}
}

static enum err
write_locked(struct tty_file *tf, struct iter *it, bool nonblock, size_t *done)
    REQUIRES(tf->tty->write_lock)
{
	struct tty *t = tf->tty;
	enum err e = OK;

	while (e == OK && it->left > 0) {
		char buf[TTY_CHUNK];
		struct iter before = *it;
		size_t n = iter_read(it, buf, sizeof(buf)), put = 0;

		if (n == 0) {
			mutex_unlock(&tf->tty->write_lock);
			e = iter_fault_in(it);
			mutex_lock(&tf->tty->write_lock);
			continue;
		}
		if (nonblock) {
			put = put_output(t, buf, n);
			if (put < n)
				e = ERR_AGAIN;
		} else {
			e = put_all(tf, buf, n, &put);
		}
		*done += put;
		if (put < n) {
			*it = before;
			iter_advance(it, put);
		}
	}
	return e;
}

enum err
tty_write(struct file *f, struct iter *it, uint64_t *off UNUSED, size_t *done)
{
	struct tty_file *tf = tty_file_of(f);
	struct tty *t = tf->tty;
	size_t n = 0;
	enum err e;

	if (tty_file_hung(tf))
		return ERR_IO;
	if (t->ld.modes.lflag & TIO_TOSTOP) {
		e = tty_job_check(t, SIG_TTOU);
		if (e != OK)
			return e;
	}
	mutex_lock(&tf->tty->write_lock);
	e = write_locked(tf, it, (file_flags(f) & FILE_NONBLOCK) != 0, &n);
	mutex_unlock(&tf->tty->write_lock);
	if (e != OK && n == 0)
		return e;
	*done = n;
	return OK;
}

static bool
output_gone(struct tty_file *tf)
{
	struct tty *t = tf->tty;

	/* The master of a pty may never read: then it is as good as sent. */
	return t->pty != NULL || ring_used(&t->ld.out) == 0 ||
	    tty_file_hung(tf);
}

enum err
tty_drain(struct tty_file *tf)
{
	return wait_until(
	    &tf->tty->write_wait, output_gone(tf), WAIT_SIGNALS);
}

/* ---- polling ----------------------------------------------------------- */

unsigned
tty_poll(struct file *f, struct poll_request *req)
{
	struct tty_file *tf = tty_file_of(f);
	struct tty *t = tf->tty;
	const struct ldisc_modes *m = &t->ld.modes;
	struct reader r = { .tty = t, .tf = tf };
	size_t need = m->cc[TIO_VTIME] == 0 ? MAX(m->cc[TIO_VMIN], 1u) : 1;
	unsigned events = 0;

	poll_wait(req, &t->read_wait);
	poll_wait(req, &t->write_wait);
	if (tty_file_hung(tf))
		return POLL_IN | POLL_OUT | POLL_ERR | POLL_HUP |
		    POLL_RDNORM | POLL_WRNORM;
	if (has_input(&r, need))
		events |= POLL_IN | POLL_RDNORM;
	if (ldisc_out_room(&t->ld) >= LDISC_OUT / 4)
		events |= POLL_OUT | POLL_WRNORM;
	return events;
}
