/*
 * Terminals: native/stream.h. The terminal driver is asked through the file's
 * control entry, whose numbers are those of the Linux ioctls and whose
 * structures the native ones equal byte by byte.
 */
#include "native.h"

#include <kernel/ioctl.h>
#include <kernel/tty.h>
#include <uapi/native/stream.h>

_Static_assert(sizeof(struct cm_tty_modes) == 44 &&
    offsetof(struct cm_tty_modes, input_speed) ==
    sizeof(struct tty_termios), "termios2");
_Static_assert(sizeof(struct cm_tty_size) == sizeof(struct tty_winsize), "");

enum err
nt_tty_get(struct thread *, struct obj *o, const struct sysargs *a, long *ret)
{
	return file_control(file_of(o), CTL_TCGETS2, a->v[1], ret);
}

enum err
nt_tty_set(struct thread *, struct obj *o, const struct sysargs *a, long *ret)
{
	if (a->v[1] > CM_TTY_FLUSH)
		return ERR_INVAL;
	return file_control(
	    file_of(o), CTL_TCSETS2 + (unsigned)a->v[1], a->v[2], ret);
}

/* Tells the old one, then sets the new one: either address may be NULL. */
enum err
nt_tty_size(struct thread *, struct obj *o, const struct sysargs *a, long *ret)
{
	enum err e = OK;

	if (a->v[2] != 0)
		e = file_control(file_of(o), CTL_TIOCGWINSZ, a->v[2], ret);
	if (e == OK && a->v[1] != 0)
		e = file_control(file_of(o), CTL_TIOCSWINSZ, a->v[1], ret);
	return e;
}

enum err
nt_tty_group(
    struct thread *, struct obj *o, const struct sysargs *a, long *ret)
{
	enum err e = OK;

	if (a->v[1] != 0)
		e = file_control(file_of(o), CTL_TIOCSPGRP, a->v[1], ret);
	if (e == OK && a->v[2] != 0)
		e = file_control(file_of(o), CTL_TIOCGPGRP, a->v[2], ret);
	return e;
}

enum err
nt_tty_control(
    struct thread *, struct obj *o, const struct sysargs *a, long *ret)
{
	struct file *f = file_of(o);
	uintptr_t arg = a->v[2];

	switch (a->v[1]) {
	case CM_TTY_TAKE:
		return file_control(f, CTL_TIOCSCTTY, arg, ret);
	case CM_TTY_GIVE_UP:
		return file_control(f, CTL_TIOCNOTTY, 0, ret);
	case CM_TTY_SESSION:
		return file_control(f, CTL_TIOCGSID, arg, ret);
	case CM_TTY_WAIT_OUT: /* TCSBRK with an argument only drains */
		return file_control(f, CTL_TCSBRK, 1, ret);
	case CM_TTY_DISCARD:
		return file_control(f, CTL_TCFLSH, arg - 1, ret);
	case CM_TTY_FLOW:
		return file_control(f, CTL_TCXONC, arg, ret);
	case CM_TTY_BREAK:
		return file_control(f, CTL_TCSBRK, 0, ret);
	case CM_PTY_NUMBER:
		return file_control(f, CTL_TIOCGPTN, arg, ret);
	case CM_PTY_LOCK:
		return file_control(f, CTL_TIOCSPTLCK, arg, ret);
	case CM_TTY_PENDING:
		return file_control(f, CTL_TIOCOUTQ, arg, ret);
	default:
		return ERR_INVAL;
	}
}
