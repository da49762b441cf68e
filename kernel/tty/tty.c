/* SPDX-License-Identifier: MIT */
/*
 * Terminals.
 *
 *	program   read/write/poll (tty_io.c), ioctl (control.c), pty.c
 *	             |                       job control (job.c)
 *	tty       read_lock, write_lock: one reader, one writer at a time
 *	             |
 *	ldisc     bytes <-> lines, echo, keys           t->lock
 *	             |
 *	lower     UART (ops->write, tty_input) or the master of a pty
 *
 * t->lock is a spinlock with interrupts off, because drivers deliver input
 * from theirs. It is held while the line discipline works and while output
 * moves to the driver, so that bytes keep their order; signals are sent and
 * sleepers are woken after it is dropped (tty_act), since their locks rank
 * lower. Input needs no deferred work: its cost per byte is small and
 * bounded.
 *
 * A driver's tty lives for ever. A pty's lives as long as an open file, its
 * master or a session refers to it.
 *
 * Hangup makes every open file of the tty answer end of file and errors from
 * then on: each file notes the generation it was opened in. /dev/console is
 * exempt, since it stands for whatever the console is.
 */
#include "tty_impl.h"

#include <kernel/log.h>
#include <kernel/mm.h>
#include <lib/string.h>

_Static_assert(sizeof(struct ldisc_modes) == sizeof(struct tty_termios) &&
    sizeof(struct ldisc_modes) == 36, "one layout of terminal modes");

/* Output that programs wait for: half of the ring is free again. */
#define WAKE_ROOM (LDISC_OUT / 2)
#define DEFAULT_SPEED 38400

struct tty *
tty_alloc(const char *name, uint64_t rdev)
{
	struct tty *t = kzalloc(sizeof(*t));

	if (t == NULL)
		return NULL;
	ref_init(&t->refs, 1);
	strlcpy(t->name, name, sizeof(t->name));
	t->rdev = rdev;
	mutex_init(&t->read_lock, RANK_TTY, "tty read");
	mutex_init(&t->write_lock, RANK_TTY, "tty write");
	waitq_init(&t->read_wait);
	waitq_init(&t->write_wait);
	spin_init(&t->lock, RANK_TTY_LINE, "tty");
	ldisc_init(&t->ld);
	t->input_speed = t->output_speed = DEFAULT_SPEED;
	return t;
}

static enum err
driver_tty_open(const struct chardev *d, struct file *f)
{
	return tty_open(d->data, f, false);
}

struct tty *
tty_create(const char *name, uint64_t rdev, const struct tty_lower_ops *ops,
    void *driver_data)
{
	struct tty *t = tty_alloc(name, rdev);
	enum err e;

	if (t == NULL)
		return NULL;
	t->ops = ops;
	t->driver_data = driver_data;
	t->dev = (struct chardev){
		.name = t->name,
		.rdev = rdev,
		.mode = 0600,
		.open = driver_tty_open,
		.data = t,
	};
	e = chardev_register(&t->dev);
	if (e != OK) {
		klog(LOG_ERROR, "tty %s: %s", name, err_text(e));
		kfree(t, sizeof(*t));
		return NULL;
	}
	return t;
}

void *
tty_driver_data(struct tty *t)
{
	return t->driver_data;
}

struct tty *
tty_ref(struct tty *t)
{
	ref_inc(&t->refs);
	return t;
}

void
tty_unref(struct tty *t)
{
	if (t == NULL || !ref_dec(&t->refs))
		return;
	ASSERT(t->pty != NULL); /* a driver keeps its own reference */
	container_unref(t->container);
	pty_free(t);
	kfree(t, sizeof(*t));
}

uint64_t
tty_rdev(struct tty *t)
{
	return t->rdev;
}

/* ---- the lower side ---------------------------------------------------- */

void
tty_start_output(struct tty *t)
{
	struct ring *out = &t->ld.out;
	const uint8_t *at;
	size_t len;

	if (t->ops == NULL || t->ld.stopped || t->stop_call)
		return;
	while ((len = ring_peek(out, &at)) > 0) {
		size_t n = t->ops->write(t, (const char *)at, len);

		ring_consume(out, n);
		if (n < len)
			break;
	}
}

void
tty_wake_writers(struct tty *t)
{
	if (ring_room(&t->ld.out) >= WAKE_ROOM)
		waitq_wake(&t->write_wait, POLL_OUT | POLL_WRNORM);
}

void
tty_act(struct tty *t, unsigned asks)
{
	if (asks & LDISC_READABLE)
		waitq_wake(&t->read_wait, POLL_IN | POLL_RDNORM);
	if (asks & LDISC_INTR)
		tty_signal_foreground(t, SIG_INT);
	if (asks & LDISC_QUIT)
		tty_signal_foreground(t, SIG_QUIT);
	if (asks & LDISC_SUSP)
		tty_signal_foreground(t, SIG_TSTP);
	if (asks & (LDISC_FLUSHED | LDISC_STARTED))
		tty_wake_writers(t);
	if (t->pty != NULL)
		pty_output(t, asks);
}

size_t
tty_input(struct tty *t, const char *buf, size_t len)
{
	unsigned long flags = spin_lock_irq(&t->lock);
	unsigned asks;
	size_t n;

	n = ldisc_receive(&t->ld, buf, len);
	tty_start_output(t);
	asks = t->ld.asks;
	t->ld.asks = 0;
	spin_unlock_irq(&t->lock, flags);
	tty_act(t, asks);
	return n;
}

void
tty_output_ready(struct tty *t)
{
	unsigned long flags = spin_lock_irq(&t->lock);

	tty_start_output(t);
	spin_unlock_irq(&t->lock, flags);
	tty_wake_writers(t);
}

/* ---- open files -------------------------------------------------------- */

enum err
tty_open(struct tty *t, struct file *f, bool console)
{
	struct tty_file *tf;
	enum err e = OK;

	if (t->exclusive && !capable(CAP_SYS_ADMIN))
		return ERR_BUSY;
	tf = kmalloc(sizeof(*tf));
	if (tf == NULL)
		return ERR_NOMEM;
	if (t->pty != NULL)
		e = pty_slave_opened(t);
	if (e != OK) {
		kfree(tf, sizeof(*tf));
		return e;
	}
	tf->tty = tty_ref(t);
	tf->console = console;
	tf->generation = atomic_load(&t->generation);
	f->data = tf;
	f->ops = &tty_file_ops;
	atomic_fetch_or(&f->flags, FILE_STREAM);
	atomic_fetch_add(&t->opens, 1);
	if (!console)
		tty_open_takes(t, f);
	return OK;
}

static void
tty_release(struct file *f)
{
	struct tty_file *tf = tty_file_of(f);
	struct tty *t = tf->tty;

	if (atomic_fetch_sub(&t->opens, 1) == 1) {
		t->exclusive = false;
		if (t->pty != NULL)
			pty_slave_closed(t);
	}
	tty_unref(t);
	kfree(tf, sizeof(*tf));
}

const struct file_ops tty_file_ops = {
	.read = tty_read,
	.write = tty_write,
	.poll = tty_poll,
	.control = tty_control,
	.release = tty_release,
};

void
tty_hangup(struct tty *t)
{
	unsigned long flags = spin_lock_irq(&t->lock);

	atomic_fetch_add(&t->generation, 1);
	ldisc_flush_input(&t->ld);
	ldisc_flush_output(&t->ld);
	t->ld.stopped = t->stop_call = false;
	t->ld.asks = 0;
	spin_unlock_irq(&t->lock, flags);

	waitq_wake(&t->read_wait, 0);
	waitq_wake(&t->write_wait, 0);
	if (t->ops != NULL && t->ops->hangup != NULL)
		t->ops->hangup(t);
}
