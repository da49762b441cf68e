/* SPDX-License-Identifier: MIT */
/*
 * Control requests of terminals.
 *
 * Source: man-pages 6.03, ioctl_tty(2), tcsetattr(3).
 * Differs: TIOCSTI is refused (ERR_IO), as Linux does by default since 6.2;
 * modem lines do not exist.
 */
#include "tty_impl.h"

#include <kernel/ioctl.h>
#include <kernel/user.h>
#include <lib/string.h>

#define SPEED_EXTRA 0x1000u /* code of the second half of the table */

/* struct termios2: the modes, then two speeds. */
struct modes2 {
	struct ldisc_modes modes;
	uint32_t input_speed, output_speed;
};
_Static_assert(sizeof(struct modes2) == 44, "struct termios2");

/* struct termio of System V. */
struct modes_old {
	uint16_t iflag, oflag, cflag, lflag;
	uint8_t line;
	uint8_t cc[8];
};

enum set_when { SET_NOW, SET_DRAIN, SET_FLUSH };

/* ---- speeds ------------------------------------------------------------ */

static const uint32_t speeds[] = {
	0, 50, 75, 110, 134, 150, 200, 300, 600, 1200, 1800, 2400, 4800, 9600,
	19200, 38400
};
static const uint32_t fast_speeds[] = { /* codes SPEED_EXTRA + 1 ... */
	57600, 115200, 230400, 460800, 500000, 576000, 921600, 1000000,
	1152000, 1500000, 2000000, 2500000, 3000000, 3500000, 4000000
};

/* The baud rate that cflag's code means; other when it is TIO_BOTHER. */
static uint32_t
speed_of(uint32_t code, uint32_t other)
{
	if ((code & SPEED_EXTRA) == 0)
		return speeds[code & 0xf];
	return (code & 0xf) == 0 ? other : fast_speeds[(code & 0xf) - 1];
}

/* ---- modes ------------------------------------------------------------- */

static void
get_modes(struct tty *t, struct modes2 *out)
{
	unsigned long flags = spin_lock_irq(&t->lock);

	out->modes = t->ld.modes;
	out->input_speed = t->input_speed;
	out->output_speed = t->output_speed;
	spin_unlock_irq(&t->lock, flags);
}

static void
keep(uint32_t *flags, uint32_t old, uint32_t locked)
{
	*flags = (*flags & ~locked) | (old & locked);
}

/* What is locked stays as it is (TIOCSLCKTRMIOS). Needs: t->lock. */
static void
keep_locked(const struct tty *t, struct ldisc_modes *m)
{
	const struct ldisc_modes *old = &t->ld.modes, *lock = &t->locked;

	keep(&m->iflag, old->iflag, lock->iflag);
	keep(&m->oflag, old->oflag, lock->oflag);
	keep(&m->cflag, old->cflag, lock->cflag);
	keep(&m->lflag, old->lflag, lock->lflag);
	if (lock->line != 0)
		m->line = old->line;
	for (unsigned i = 0; i < ARRAY_LEN(m->cc); i++) {
		if (lock->cc[i] != 0)
			m->cc[i] = old->cc[i];
	}
}

static void
set_modes(struct tty *t, struct modes2 *m)
{
	unsigned long flags = spin_lock_irq(&t->lock);
	uint32_t code, in;
	unsigned asks;

	keep_locked(t, &m->modes);
	code = m->modes.cflag & TIO_CBAUD;
	in = (m->modes.cflag >> TIO_CIBAUD_SHIFT) & TIO_CBAUD;
	t->output_speed = speed_of(code, m->output_speed);
	t->input_speed = in == 0 ? t->output_speed :
	    speed_of(in, m->input_speed);
	ldisc_set_modes(&t->ld, &m->modes);
	tty_start_output(t);
	asks = t->ld.asks;
	t->ld.asks = 0;
	spin_unlock_irq(&t->lock, flags);
	tty_act(t, asks);
	/* A reader may now wait for less. */
	waitq_wake(&t->read_wait, 0);
	if (t->ops != NULL && t->ops->termios != NULL)
		t->ops->termios(t);
}

static void
flush(struct tty *t, bool input, bool output)
{
	unsigned long flags = spin_lock_irq(&t->lock);

	if (input)
		ldisc_flush_input(&t->ld);
	if (output)
		ldisc_flush_output(&t->ld);
	spin_unlock_irq(&t->lock, flags);
	if (output)
		tty_wake_writers(t);
	if (t->pty != NULL)
		pty_output(t, (input ? LDISC_NO_INPUT : 0) |
		    (output ? LDISC_NO_OUTPUT : 0));
}

/* Changing a terminal from the background stops, as writing may. */
static enum err
before_change(struct tty_file *tf, enum set_when when)
{
	enum err e = tty_job_check(tf->tty, SIG_TTOU);

	if (e == OK && when != SET_NOW)
		e = tty_drain(tf);
	if (e == OK && when == SET_FLUSH)
		flush(tf->tty, true, false);
	return e;
}

static enum err
control_set(struct tty_file *tf, uintptr_t arg, size_t len, enum set_when when)
{
	struct modes2 m;
	enum err e;

	get_modes(tf->tty, &m);
	e = user_copy_in(&m, arg, len);
	if (e == OK)
		e = before_change(tf, when);
	if (e == OK)
		set_modes(tf->tty, &m);
	return e;
}

static enum err
control_set_old(struct tty_file *tf, uintptr_t arg, enum set_when when)
{
	struct modes_old old;
	struct modes2 m;
	enum err e = user_copy_in(&old, arg, sizeof(old));

	if (e == OK)
		e = before_change(tf, when);
	if (e != OK)
		return e;
	get_modes(tf->tty, &m);
	m.modes.iflag = (m.modes.iflag & ~0xffffu) | old.iflag;
	m.modes.oflag = (m.modes.oflag & ~0xffffu) | old.oflag;
	m.modes.cflag = (m.modes.cflag & ~0xffffu) | old.cflag;
	m.modes.lflag = (m.modes.lflag & ~0xffffu) | old.lflag;
	m.modes.line = old.line;
	memcpy(m.modes.cc, old.cc, sizeof(old.cc));
	set_modes(tf->tty, &m);
	return OK;
}

static enum err
control_get_old(struct tty *t, uintptr_t arg)
{
	struct modes_old old = { 0 };
	struct modes2 m;

	get_modes(t, &m);
	old.iflag = (uint16_t)m.modes.iflag;
	old.oflag = (uint16_t)m.modes.oflag;
	old.cflag = (uint16_t)m.modes.cflag;
	old.lflag = (uint16_t)m.modes.lflag;
	old.line = m.modes.line;
	memcpy(old.cc, m.modes.cc, sizeof(old.cc));
	return user_copy_out(arg, &old, sizeof(old));
}

static enum err
control_get_locked(struct tty *t, uintptr_t arg)
{
	unsigned long flags = spin_lock_irq(&t->lock);
	struct ldisc_modes locked = t->locked;

	spin_unlock_irq(&t->lock, flags);
	return user_copy_out(arg, &locked, sizeof(locked));
}

static enum err
control_set_locked(struct tty *t, uintptr_t arg)
{
	struct ldisc_modes locked;
	unsigned long flags;
	enum err e;

	if (!capable(CAP_SYS_ADMIN))
		return ERR_PERM;
	e = user_copy_in(&locked, arg, sizeof(locked));
	if (e != OK)
		return e;
	flags = spin_lock_irq(&t->lock);
	t->locked = locked;
	spin_unlock_irq(&t->lock, flags);
	return OK;
}

static enum err
control_modes(struct tty_file *tf, unsigned cmd, uintptr_t arg)
{
	const size_t len = sizeof(struct ldisc_modes), len2 = 44;
	struct modes2 m;

	switch (cmd) {
	case CTL_TCGETS:
	case CTL_TCGETS2:
		get_modes(tf->tty, &m);
		return user_copy_out(arg, &m, cmd == CTL_TCGETS ? len : len2);
	case CTL_TCSETS:
	case CTL_TCSETSW:
	case CTL_TCSETSF:
		return control_set(
		    tf, arg, len, (enum set_when)(cmd - CTL_TCSETS));
	case CTL_TCSETS2:
	case CTL_TCSETSW2:
	case CTL_TCSETSF2:
		return control_set(
		    tf, arg, len2, (enum set_when)(cmd - CTL_TCSETS2));
	case CTL_TCGETA:
		return control_get_old(tf->tty, arg);
	case CTL_TCSETA:
	case CTL_TCSETAW:
	case CTL_TCSETAF:
		return control_set_old(
		    tf, arg, (enum set_when)(cmd - CTL_TCSETA));
	case CTL_TIOCGLCKTRMIOS:
		return control_get_locked(tf->tty, arg);
	case CTL_TIOCSLCKTRMIOS:
		return control_set_locked(tf->tty, arg);
	default:
		return ERR_NOTTY;
	}
}

/* ---- flow, breaks ------------------------------------------------------ */

static enum err
control_flow(struct tty_file *tf, uintptr_t how)
{
	struct tty *t = tf->tty;
	unsigned long flags;
	enum err e = tty_job_check(t, SIG_TTOU);

	if (e != OK)
		return e;
	if (how > 3)
		return ERR_INVAL;
	flags = spin_lock_irq(&t->lock);
	if (how <= 1) /* TCOOFF, TCOON */
		t->stop_call = how == 0;
	else /* TCIOFF, TCION */
		ldisc_send_flow(&t->ld, how == 2);
	tty_start_output(t);
	spin_unlock_irq(&t->lock, flags);
	if (how == 1)
		tty_wake_writers(t);
	if (t->pty != NULL)
		pty_output(t, how == 0 ? LDISC_STOPPED :
		    how == 1 ? LDISC_STARTED : 0);
	return OK;
}

static enum err
control_flush(struct tty_file *tf, uintptr_t which)
{
	enum err e = tty_job_check(tf->tty, SIG_TTOU);

	if (e != OK)
		return e;
	if (which > 2)
		return ERR_INVAL;
	flush(tf->tty, which != 1, which != 0);
	return OK;
}

/* No lower side here can send a break: waiting for output is what is left,
 * as on a Linux pty. */
static enum err
control_break(struct tty_file *tf)
{
	enum err e = tty_job_check(tf->tty, SIG_TTOU);

	return e == OK ? tty_drain(tf) : e;
}

/* ---- size -------------------------------------------------------------- */

static enum err
control_set_size(struct tty *t, uintptr_t arg)
{
	struct tty_winsize size;
	unsigned long flags;
	enum err e = user_copy_in(&size, arg, sizeof(size));
	bool changed;

	if (e != OK)
		return e;
	flags = spin_lock_irq(&t->lock);
	changed = memcmp(&t->size, &size, sizeof(size)) != 0;
	t->size = size;
	spin_unlock_irq(&t->lock, flags);
	if (changed)
		tty_signal_foreground(t, SIG_WINCH);
	return OK;
}

enum err
tty_control_common(struct tty *t, unsigned cmd, uintptr_t arg, long *ret)
{
	(void)ret;
	switch (cmd) {
	case CTL_TIOCGWINSZ:
		return user_copy_out(arg, &t->size, sizeof(t->size));
	case CTL_TIOCSWINSZ:
		return control_set_size(t, arg);
	case CTL_TIOCEXCL:
	case CTL_TIOCNXCL:
		t->exclusive = cmd == CTL_TIOCEXCL;
		return OK;
	case CTL_TIOCGEXCL:
		return user_store32(arg, t->exclusive);
	case CTL_TIOCGETD:
		return user_store32(arg, t->ld.modes.line);
	default:
		return ERR_NOTTY;
	}
}

/* ---- sessions ---------------------------------------------------------- */

static enum err
control_session(struct tty *t, unsigned cmd, uintptr_t arg)
{
	uint32_t pgid;
	enum err e;

	switch (cmd) {
	case CTL_TIOCSCTTY:
		return tty_take(t, arg == 1);
	case CTL_TIOCNOTTY:
		return tty_give_up(t);
	case CTL_TIOCGPGRP:
		return tty_is_mine(t) ?
		    user_store32(arg, (uint32_t)t->foreground) : ERR_NOTTY;
	case CTL_TIOCSPGRP:
		e = user_load32(arg, &pgid);
		return e == OK ? tty_set_foreground(t, (int)pgid) : e;
	case CTL_TIOCGSID:
		return tty_is_mine(t) ?
		    user_store32(arg, (uint32_t)t->sid) : ERR_NOTTY;
	default:
		return ERR_NOTTY;
	}
}

static enum err
control_input_len(struct tty *t, uintptr_t arg)
{
	unsigned long flags = spin_lock_irq(&t->lock);
	size_t n = ldisc_readable(&t->ld);

	spin_unlock_irq(&t->lock, flags);
	return user_store32(arg, (uint32_t)n);
}

static enum err
control_line(uintptr_t arg)
{
	uint32_t line;
	enum err e = user_load32(arg, &line);

	/* 0, the discipline of lines, is the only one there is. */
	return e != OK ? e : line == 0 ? OK : ERR_INVAL;
}

/* Terminal device numbers in the encoding of struct stat's 32 bits. */
static uint32_t
device_word(const struct tty *t)
{
	uint32_t major = RDEV_MAJOR(t->rdev), minor = RDEV_MINOR(t->rdev);

	return (minor & 0xff) | major << 8 | (minor & ~0xffu) << 12;
}

/* long: table */
static enum err
control_rest(struct tty_file *tf, unsigned cmd, uintptr_t arg, long *ret)
{
	struct tty *t = tf->tty;

	switch (cmd) {
	case CTL_TCSBRK:
	case CTL_TCSBRKP:
		return control_break(tf);
	case CTL_TIOCSBRK:
	case CTL_TIOCCBRK:
		return OK;
	case CTL_TCXONC:
		return control_flow(tf, arg);
	case CTL_TCFLSH:
		return control_flush(tf, arg);
	case CTL_TIOCOUTQ:
		return user_store32(arg, (uint32_t)ring_used(&t->ld.out));
	case CTL_FIONREAD:
		return control_input_len(t, arg);
	case CTL_TIOCSETD:
		return control_line(arg);
	case CTL_TIOCGDEV:
		return user_store32(arg, device_word(t));
	case CTL_TIOCSTI:
		return ERR_IO;
	case CTL_TIOCVHANGUP:
		if (!capable(CAP_SYS_ADMIN))
			return ERR_PERM;
		tty_hangup(t);
		return OK;
	default:
		break;
	}
	if (t->pty != NULL) {
		enum err e = pty_control_slave(t, cmd, arg, ret);

		if (e != ERR_NOTTY)
			return e;
	}
	return tty_control_common(t, cmd, arg, ret);
}

enum err
tty_control(struct file *f, unsigned cmd, uintptr_t arg, long *ret)
{
	struct tty_file *tf = tty_file_of(f);
	enum err e;

	if (tty_file_hung(tf))
		return ERR_IO;
	e = control_modes(tf, cmd, arg);
	if (e == ERR_NOTTY)
		e = control_session(tf->tty, cmd, arg);
	/* The requests above answer it for a terminal that is not one's own. */
	if (e == ERR_NOTTY && cmd != CTL_TIOCGPGRP && cmd != CTL_TIOCSPGRP &&
	    cmd != CTL_TIOCGSID && cmd != CTL_TIOCNOTTY)
		e = control_rest(tf, cmd, arg, ret);
	return e;
}
