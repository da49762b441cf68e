/* SPDX-License-Identifier: MIT */
/*
 * Pseudo terminals.
 *
 * A pty is a tty, the slave, whose lower side is a file, the master. What is
 * written to the master is the slave's input; what the slave puts out stays
 * in its output ring until the master reads it, so output is copied no more
 * often than for a device.
 *
 * struct pty belongs to the slave's tty and ends with it. The master's file
 * holds one reference to the tty, every open file of the slave another. When
 * the master is closed, the slave hangs up; when the last file of the slave
 * is closed, the master reads what is left and then ERR_IO until the slave is
 * opened again.
 *
 * Numbers are given out lowest first within a set; a mounted devpts shows
 * one set. A number is free again once the master is closed and the slave
 * has no files.
 *
 * Locks: set->lock (spin: names are checked without sleeping) covers the
 * numbers; nothing is taken under it. The rest is under the
 * tty's locks or atomic. master_read and master_write queue the master's
 * readers and writers, as the tty's locks do for the slave.
 *
 * Source: man-pages 6.03, pty(7), ioctl_tty(2), pts(4).
 */
#include "tty_impl.h"

#include <kernel/ioctl.h>
#include <kernel/log.h>
#include <kernel/mm.h>
#include <kernel/user.h>
#include <kernel/vfs.h>
#include <lib/fmt.h>
#include <lib/string.h>

#define PTMX_MAJOR 5u
#define PTMX_MINOR 2u
#define PTY_MAX    4096u /* per set */

/* Packet mode's status byte. */
#define PKT_DATA       0x00u
#define PKT_FLUSHREAD  0x01u
#define PKT_FLUSHWRITE 0x02u
#define PKT_STOP       0x04u
#define PKT_START      0x08u
#define PKT_NOSTOP     0x10u
#define PKT_DOSTOP     0x20u

struct pty_set {
	struct ref refs;
	struct spinlock lock; /* RANK_DENTRY */
	struct pty **ptys; /* [l] by number; grows */
	unsigned cap; /* [l] */
};

struct pty {
	struct tty *tty; /* [I] borrowed: it owns us */
	struct pty_set *set; /* [I] referenced */
	unsigned number; /* [I] */
	uint64_t id; /* [I] of all ptys ever */
	uint32_t uid, gid; /* [I] */
	struct mutex master_read, master_write; /* RANK_TTY */
	struct waitq master_wait; /* output came, or room for input */
	atomic_bool locked; /* [A] the slave may not be opened */
	atomic_bool master_gone; /* [A] */
	atomic_bool slave_seen; /* [A] the slave was opened once */
	atomic_bool packet; /* [A] TIOCPKT */
	atomic_uint status; /* [A] PKT_* to report */
};

static struct pty_set *first_set;
static atomic_uint_fast64_t next_id = 1;

/* ---- sets -------------------------------------------------------------- */

struct pty_set *
pty_set_create(void)
{
	struct pty_set *s = kzalloc(sizeof(*s));

	if (s == NULL)
		return NULL;
	ref_init(&s->refs, 1);
	spin_init(&s->lock, RANK_DENTRY, "pty set");
	return s;
}

struct pty_set *
pty_set_ref(struct pty_set *s)
{
	ref_inc(&s->refs);
	return s;
}

void
pty_set_unref(struct pty_set *s)
{
	if (s == NULL || !ref_dec(&s->refs))
		return;
	kfree(s->ptys, s->cap * sizeof(struct pty *));
	kfree(s, sizeof(*s));
}

struct pty_set *
pty_set_first(void)
{
	return first_set;
}

/* More slots than cap; another may be faster, then nothing is done. */
static enum err
set_grow(struct pty_set *s, unsigned cap)
{
	unsigned more = cap == 0 ? 8 : cap * 2;
	struct pty **ptys, **old;

	if (cap >= PTY_MAX)
		return ERR_NOSPC;
	ptys = kzalloc(more * sizeof(*ptys));
	if (ptys == NULL)
		return ERR_NOMEM;
	spin_lock(&s->lock);
	old = s->ptys;
	if (s->cap == cap) {
		if (cap > 0)
			memcpy(ptys, old, cap * sizeof(*ptys));
		s->ptys = ptys;
		s->cap = more;
	} else {
		old = ptys;
		cap = more;
	}
	spin_unlock(&s->lock);
	kfree(old, cap * sizeof(*ptys));
	return OK;
}

/* Gives p the lowest free number. */
static enum err
set_add(struct pty_set *s, struct pty *p)
{
	enum err e = OK;

	while (e == OK) {
		unsigned cap, i = 0;

		spin_lock(&s->lock);
		cap = s->cap;
		while (i < cap && s->ptys[i] != NULL)
			i++;
		if (i < cap) {
			s->ptys[i] = p;
			p->number = i;
		}
		spin_unlock(&s->lock);
		if (i < cap)
			return OK;
		e = set_grow(s, cap);
	}
	return e;
}

static void
set_remove(struct pty *p)
{
	struct pty_set *s = p->set;

	spin_lock(&s->lock);
	if (p->number < s->cap && s->ptys[p->number] == p)
		s->ptys[p->number] = NULL;
	spin_unlock(&s->lock);
}

/* The pty of that number, with a reference to its tty. */
static enum err
set_find(struct pty_set *s, unsigned number, struct pty **out)
{
	enum err e = ERR_NOENT;

	spin_lock(&s->lock);
	if (number < s->cap && s->ptys[number] != NULL &&
	    ref_inc_unless_zero(&s->ptys[number]->tty->refs)) {
		*out = s->ptys[number];
		e = OK;
	}
	spin_unlock(&s->lock);
	return e;
}

enum err
pty_next(struct pty_set *s, unsigned from, struct pty_info *out)
{
	enum err e = ERR_NOENT;

	spin_lock(&s->lock);
	for (unsigned i = from; i < s->cap; i++) {
		const struct pty *p = s->ptys[i];

		if (p == NULL || atomic_load(&p->master_gone))
			continue;
		*out = (struct pty_info){ i, p->id, p->uid, p->gid };
		e = OK;
		break;
	}
	spin_unlock(&s->lock);
	return e;
}

/* ---- the slave's side -------------------------------------------------- */

enum err
pty_slave_opened(struct tty *t)
{
	struct pty *p = t->pty;

	if (atomic_load(&p->master_gone) || atomic_load(&p->locked))
		return ERR_IO;
	atomic_store(&p->slave_seen, true);
	return OK;
}

void
pty_slave_closed(struct tty *t)
{
	waitq_wake(&t->pty->master_wait, POLL_IN | POLL_HUP);
}

/* Something changed that the master may wait for: output, room for input, or
 * in packet mode the state. */
void
pty_output(struct tty *t, unsigned asks)
{
	struct pty *p = t->pty;
	unsigned status = 0;

	if (atomic_load_explicit(&p->packet, memory_order_relaxed)) {
		if (asks & LDISC_NO_INPUT)
			status |= PKT_FLUSHREAD;
		if (asks & LDISC_NO_OUTPUT)
			status |= PKT_FLUSHWRITE;
		if (asks & LDISC_STOPPED)
			status |= PKT_STOP;
		if (asks & LDISC_STARTED)
			status |= PKT_START;
		if (status != 0)
			atomic_fetch_or(&p->status, status);
	}
	waitq_wake(&p->master_wait, POLL_IN | POLL_RDNORM | POLL_OUT |
	    POLL_WRNORM | (status != 0 ? POLL_PRI : 0));
}

void
pty_free(struct tty *t)
{
	struct pty *p = t->pty;

	set_remove(p);
	pty_set_unref(p->set);
	kfree(p, sizeof(*p));
}

enum err
pty_open_slave(struct pty_set *s, unsigned number, struct file *f)
{
	struct pty *p = NULL;
	enum err e = set_find(s, number, &p);

	if (e != OK)
		return ERR_IO;
	e = tty_open(p->tty, f, false);
	tty_unref(p->tty);
	return e;
}

/* ---- the master's file ------------------------------------------------- */

static struct pty *
pty_of(const struct file *f)
{
	return f->data;
}

static bool
slave_closed(const struct pty *p)
{
	return atomic_load(&p->slave_seen) && atomic_load(&p->tty->opens) == 0;
}

static bool
has_output(const struct pty *p)
{
	const struct tty *t = p->tty;

	return (ring_used(&t->ld.out) > 0 && !t->ld.stopped &&
	    !t->stop_call) || atomic_load(&p->status) != 0;
}

static size_t
take_output(struct tty *t, char *buf, size_t len)
{
	unsigned long flags = spin_lock_irq(&t->lock);
	size_t n = t->ld.stopped || t->stop_call ? 0 :
	    ring_get(&t->ld.out, buf, len);

	spin_unlock_irq(&t->lock, flags);
	return n;
}

/* Copies n bytes out, faulting pages in with the lock dropped. */
static enum err
give(struct pty *p, struct iter *it, const char *buf, size_t n)
    REQUIRES(p->master_read)
{
	size_t out = 0;

	for (;;) {
		enum err e;

		out += iter_write(it, buf + out, n - out);
		if (out == n)
			return OK;
		mutex_unlock(&p->master_read);
		e = iter_fault_in(it);
		mutex_lock(&p->master_read);
		if (e != OK)
			return e;
	}
}

static enum err
master_copy(struct pty *p, struct iter *it, size_t *done)
    REQUIRES(p->master_read)
{
	enum err e = OK;

	if (atomic_load(&p->packet)) {
		char status = (char)atomic_exchange(&p->status, 0);

		e = give(p, it, &status, 1);
		*done = 1;
		if (e != OK || status != PKT_DATA)
			return e;
	}
	while (e == OK && it->left > 0) {
		char buf[TTY_CHUNK];
		size_t n = take_output(p->tty, buf, MIN(sizeof(buf), it->left));

		if (n == 0)
			break;
		e = give(p, it, buf, n);
		*done += n;
	}
	return e;
}

static enum err
master_read(struct file *f, struct iter *it, uint64_t *off UNUSED,
    size_t *done)
{
	struct pty *p = pty_of(f);
	size_t n = 0;
	enum err e = OK;

	mutex_lock(&p->master_read);
	if (!has_output(p) && (file_flags(f) & FILE_NONBLOCK) != 0)
		e = slave_closed(p) ? ERR_IO : ERR_AGAIN;
	else
		e = wait_until_locked(&p->master_wait, &p->master_read,
		    has_output(p) || slave_closed(p), WAIT_SIGNALS, NS_NEVER);
	if (e == OK && !has_output(p))
		e = ERR_IO;
	if (e == OK && it->left > 0)
		e = master_copy(p, it, &n);
	mutex_unlock(&p->master_read);
	if (e == OK)
		*done = n;
	tty_wake_writers(p->tty);
	return e;
}

/* Whether the slave takes more input. */
static bool
takes_input(const struct pty *p)
{
	const struct ldisc *ld = &p->tty->ld;

	return LDISC_IN - (ld->tail - ld->head) > 2 || ((ld->modes.lflag &
	    TIO_ICANON) != 0 && ld->canon == ld->head);
}

static enum err
master_put(struct pty *p, const char *buf, size_t len, bool nonblock,
    size_t *put) REQUIRES(p->master_write)
{
	enum err e = OK;

	*put = 0;
	while (e == OK) {
		*put += tty_input(p->tty, buf + *put, len - *put);
		if (*put == len)
			return OK;
		e = nonblock ? ERR_AGAIN : wait_until_locked(&p->master_wait,
		    &p->master_write, takes_input(p), WAIT_SIGNALS, NS_NEVER);
	}
	return e;
}

static enum err
master_write(struct file *f, struct iter *it, uint64_t *off UNUSED,
    size_t *done)
{
	struct pty *p = pty_of(f);
	bool nonblock = (file_flags(f) & FILE_NONBLOCK) != 0;
	size_t total = 0;
	enum err e = OK;

	mutex_lock(&p->master_write);
	while (e == OK && it->left > 0) {
		char buf[TTY_CHUNK];
		struct iter before = *it;
		size_t n = iter_read(it, buf, sizeof(buf)), put;

		if (n == 0) {
			mutex_unlock(&p->master_write);
			e = iter_fault_in(it);
			mutex_lock(&p->master_write);
			continue;
		}
		e = master_put(p, buf, n, nonblock, &put);
		total += put;
		if (put < n) {
			*it = before;
			iter_advance(it, put);
		}
	}
	mutex_unlock(&p->master_write);
	if (e != OK && total == 0)
		return e;
	*done = total;
	return OK;
}

static unsigned
master_poll(struct file *f, struct poll_request *r)
{
	struct pty *p = pty_of(f);
	unsigned events = 0;

	poll_wait(r, &p->master_wait);
	if (has_output(p))
		events |= POLL_IN | POLL_RDNORM;
	if (takes_input(p))
		events |= POLL_OUT | POLL_WRNORM;
	if (atomic_load(&p->status) != 0)
		events |= POLL_PRI;
	if (slave_closed(p))
		events |= POLL_HUP;
	return events;
}

static void
master_release(struct file *f)
{
	struct pty *p = pty_of(f);
	struct tty *t = p->tty;

	atomic_store(&p->master_gone, true);
	tty_signal_foreground(t, SIG_HUP);
	tty_signal_foreground(t, SIG_CONT);
	tty_hangup(t);
	tty_unref(t);
}

void
pty_unlock(struct file *master)
{
	atomic_store(&pty_of(master)->locked, false);
}

/* ---- control ----------------------------------------------------------- */

/* The slave by its name beside the master's: pts/N where ptmx is a device, N
 * where it is a devpts's own. */
static enum err
find_peer(struct file *master, const struct open_how *how, struct file **out)
{
	struct pty *p = pty_of(master);
	struct path dir;
	char name[TTY_NAME_MAX];
	enum err e;

	if (master->path.dentry == NULL)
		return ERR_NODEV;
	path_parent(&master->path, &dir);
	snprintf(name, sizeof(name), "pts/%u", p->number);
	e = vfs_open(&dir, name, how, out);
	if (e == ERR_NOENT || e == ERR_NOTDIR)
		e = vfs_open(&dir, strchr(name, '/') + 1, how, out);
	path_unref(&dir);
	if (e != OK)
		return e;
	if ((*out)->ops == &tty_file_ops && tty_file_of(*out)->tty == p->tty)
		return OK;
	file_unref(*out); /* another set of terminals is mounted there */
	return ERR_NODEV;
}

/* TIOCGPTPEER: a handle of the slave. Access modes and flags are open(2)'s. */
static enum err
open_peer(struct file *master, unsigned flags, long *ret)
{
	struct open_how how = {
		.flags = ((flags & 3) != 1 ? FILE_READ : 0) |
		    ((flags & 3) != 0 ? FILE_WRITE : 0) |
		    ((flags & 04000) ? FILE_NONBLOCK : 0),
		.how = (flags & 0400) ? OPEN_NOCTTY : 0,
	};
	struct file *f = NULL;
	uint32_t h;
	enum err e = find_peer(master, &how, &f);

	if (e != OK)
		return e;
	e = handle_add(task_current()->handles, &f->obj,
	    file_rights(file_flags(f)),
	    (flags & 02000000) ? HANDLE_CLOEXEC : 0, &h);
	if (e != OK)
		file_unref(f);
	else
		*ret = (long)h;
	return e;
}

static enum err
control_flag(atomic_bool *flag, uintptr_t arg)
{
	uint32_t v;
	enum err e = user_load32(arg, &v);

	if (e == OK)
		atomic_store(flag, v != 0);
	return e;
}

static enum err
control_signal(struct pty *p, uintptr_t number)
{
	if (number != SIG_INT && number != SIG_QUIT && number != SIG_TSTP)
		return ERR_INVAL;
	tty_signal_foreground(p->tty, (int)number);
	return OK;
}

/* The other side's business that both may ask for. */
enum err
pty_control_slave(struct tty *t, unsigned cmd, uintptr_t arg, long *ret)
{
	(void)ret;
	if (cmd == CTL_TIOCGPTN)
		return user_store32(arg, t->pty->number);
	return ERR_NOTTY;
}

static enum err
output_len(struct pty *p, uintptr_t arg)
{
	return user_store32(arg, (uint32_t)ring_used(&p->tty->ld.out));
}

/* Modes asked of the master are the slave's. */
static enum err
control_as_slave(struct pty *p, unsigned cmd, uintptr_t arg, long *ret)
{
	struct tty_file as = {
		.tty = p->tty,
		.generation = atomic_load(&p->tty->generation),
	};
	struct file f = { .data = &as };

	return tty_control(&f, cmd, arg, ret);
}

/* long: table */
static enum err
master_control(struct file *f, unsigned cmd, uintptr_t arg, long *ret)
{
	struct pty *p = pty_of(f);
	struct tty *t = p->tty;

	switch (cmd) {
	case CTL_TIOCGPTN:
		return user_store32(arg, p->number);
	case CTL_TIOCSPTLCK:
		return control_flag(&p->locked, arg);
	case CTL_TIOCGPTLCK:
		return user_store32(arg, atomic_load(&p->locked));
	case CTL_TIOCPKT:
		return control_flag(&p->packet, arg);
	case CTL_TIOCGPKT:
		return user_store32(arg, atomic_load(&p->packet));
	case CTL_TIOCGPTPEER:
		return open_peer(f, (unsigned)arg, ret);
	case CTL_TIOCSIG:
		return control_signal(p, arg);
	case CTL_FIONREAD:
		return output_len(p, arg);
	case CTL_TIOCGPGRP:
		return user_store32(arg, (uint32_t)t->foreground);
	case CTL_TIOCGSID:
		return t->sid == 0 ? ERR_NOTTY :
		    user_store32(arg, (uint32_t)t->sid);
	case CTL_TIOCSCTTY:
	case CTL_TIOCNOTTY:
	case CTL_TIOCSPGRP:
		return ERR_NOTTY;
	default:
		return control_as_slave(p, cmd, arg, ret);
	}
}

static const struct file_ops master_ops = {
	.read = master_read,
	.write = master_write,
	.poll = master_poll,
	.control = master_control,
	.release = master_release,
};

/* ---- making ------------------------------------------------------------ */

static struct pty *
pty_create(struct pty_set *s)
{
	struct creds *c = creds_get(task_current());
	struct pty *p = kzalloc(sizeof(*p));

	if (p != NULL) {
		mutex_init(&p->master_read, RANK_TTY, "pty read");
		mutex_init(&p->master_write, RANK_TTY, "pty write");
		waitq_init(&p->master_wait);
		atomic_init(&p->locked, true);
		p->set = pty_set_ref(s);
		p->id = atomic_fetch_add(&next_id, 1);
		p->uid = c->fsuid;
		p->gid = c->fsgid;
	}
	creds_put(c);
	return p;
}

enum err
pty_open_master(struct pty_set *s, struct file *f)
{
	char name[TTY_NAME_MAX];
	struct pty *p = pty_create(s);
	struct tty *t = NULL;
	enum err e = ERR_NOMEM;

	if (p == NULL)
		return ERR_NOMEM;
	t = tty_alloc("pts", 0);
	if (t == NULL)
		goto out;
	p->tty = t;
	t->pty = p;
	e = set_add(s, p);
	if (e != OK)
		goto out;
	snprintf(name, sizeof(name), "pts/%u", p->number);
	strlcpy(t->name, name, sizeof(t->name));
	t->rdev = RDEV(PTY_SLAVE_MAJOR, p->number);
	f->data = p; /* t's reference moves here, and p to t */
	f->ops = &master_ops;
	atomic_fetch_or(&f->flags, FILE_STREAM);
	return OK;
out:
	kfree(t, sizeof(*t));
	pty_set_unref(p->set);
	kfree(p, sizeof(*p));
	return e;
}

static enum err
ptmx_open(const struct chardev *d UNUSED, struct file *f)
{
	return pty_open_master(first_set, f);
}

static struct chardev ptmx_device = {
	.name = "ptmx",
	.rdev = RDEV(PTMX_MAJOR, PTMX_MINOR),
	.mode = 0666,
	.open = ptmx_open,
};

void
pty_init(void)
{
	enum err e = ERR_NOMEM;

	first_set = pty_set_create();
	if (first_set != NULL)
		e = chardev_register(&ptmx_device);
	if (e != OK)
		klog(LOG_ERROR, "ptmx: %s", err_text(e));
}
