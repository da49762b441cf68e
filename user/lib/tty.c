/*
 * Terminals. struct termios has the bytes of struct cm_tty_modes.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "internal.h"

_Static_assert(sizeof(struct termios) == sizeof(struct cm_tty_modes), "");
_Static_assert(sizeof(struct winsize) == sizeof(struct cm_tty_size), "");

/* What is no terminal may lack the right to be controlled as one. */
static long
tty_result(long r)
{
	return __cm_result(r == -CM_ERIGHTS ? -CM_ENOTTY : r);
}

int
tcgetattr(int fd, struct termios *t)
{
	return (int)tty_result(
	    cm_tty_get((cm_handle_t)fd, (struct cm_tty_modes *)t));
}

int
tcsetattr(int fd, int when, const struct termios *t)
{
	return (int)tty_result(cm_tty_set((cm_handle_t)fd,
	    (enum cm_tty_when)when, (const struct cm_tty_modes *)t));
}

int
isatty(int fd)
{
	struct termios t;

	return tcgetattr(fd, &t) == 0;
}

pid_t
tcgetpgrp(int fd)
{
	pid_t group;

	if (tty_result(cm_tty_group((cm_handle_t)fd, NULL, &group)) < 0)
		return -1;
	return group;
}

int
tcsetpgrp(int fd, pid_t group)
{
	return (int)tty_result(cm_tty_group((cm_handle_t)fd, &group, NULL));
}

static int
tty_op(int fd, enum cm_tty_control op, long arg)
{
	return (int)tty_result(cm_tty_control((cm_handle_t)fd, op, arg));
}

pid_t
tcgetsid(int fd)
{
	pid_t sid;

	return tty_op(fd, CM_TTY_SESSION, (long)&sid) < 0 ? -1 : sid;
}

int
tcsendbreak(int fd, int duration)
{
	return tty_op(fd, CM_TTY_BREAK, duration);
}

int
tcdrain(int fd)
{
	return tty_op(fd, CM_TTY_WAIT_OUT, 0);
}

int
tcflush(int fd, int which)
{
	return tty_op(fd, CM_TTY_DISCARD, which);
}

int
tcflow(int fd, int action)
{
	return tty_op(fd, CM_TTY_FLOW, action);
}

int
tcgetwinsize(int fd, struct winsize *w)
{
	return (int)tty_result(
	    cm_tty_size((cm_handle_t)fd, NULL, (struct cm_tty_size *)w));
}

int
tcsetwinsize(int fd, const struct winsize *w)
{
	return (int)tty_result(cm_tty_size(
	    (cm_handle_t)fd, (const struct cm_tty_size *)w, NULL));
}

void
cfmakeraw(struct termios *t)
{
	t->c_iflag &= ~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR |
	    IGNCR | ICRNL | IXON);
	t->c_oflag &= ~(tcflag_t)OPOST;
	t->c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
	t->c_cflag &= ~(tcflag_t)(CSIZE | PARENB);
	t->c_cflag |= CS8;
	t->c_cc[VMIN] = 1;
	t->c_cc[VTIME] = 0;
}

speed_t
cfgetispeed(const struct termios *t)
{
	return t->c_ispeed;
}

speed_t
cfgetospeed(const struct termios *t)
{
	return t->c_ospeed;
}

int
cfsetispeed(struct termios *t, speed_t speed)
{
	t->c_ispeed = speed;
	return 0;
}

int
cfsetospeed(struct termios *t, speed_t speed)
{
	t->c_ospeed = speed;
	return 0;
}

int
cfsetspeed(struct termios *t, speed_t speed)
{
	t->c_ispeed = t->c_ospeed = speed;
	return 0;
}

int
ioctl(int fd, unsigned long op, ...)
{
	va_list ap;
	void *arg;
	long r;

	va_start(ap, op);
	arg = va_arg(ap, void *);
	va_end(ap);
	switch (op) {
	case TIOCGWINSZ:
		return tcgetwinsize(fd, arg);
	case TIOCSWINSZ:
		return tcsetwinsize(fd, arg);
	case TIOCSCTTY:
		return tty_op(fd, CM_TTY_TAKE, (long)arg);
	case TIOCNOTTY:
		return tty_op(fd, CM_TTY_GIVE_UP, 0);
	case TIOCGPGRP:
		r = tcgetpgrp(fd);
		if (r >= 0)
			*(pid_t *)arg = (pid_t)r;
		return r < 0 ? -1 : 0;
	case TIOCSPGRP:
		return tcsetpgrp(fd, *(pid_t *)arg);
	case FIONREAD:
		return (int)__cm_result(
		    cm_stream_available((cm_handle_t)fd, arg));
	case TIOCOUTQ:
		return tty_op(fd, CM_TTY_PENDING, (long)arg);
	default:
		errno = ENOTTY;
		return -1;
	}
}

int
ttyname_r(int fd, char *buf, size_t len)
{
	char link[40];
	ssize_t n;

	if (!isatty(fd))
		return errno;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, buf, len);
	if (n < 0)
		return errno;
	if ((size_t)n >= len)
		return ERANGE;
	buf[n] = '\0';
	return 0;
}

char *
ttyname(int fd)
{
	static char name[64];

	errno = ttyname_r(fd, name, sizeof(name));
	return errno == 0 ? name : NULL;
}

int
posix_openpt(int flags)
{
	return open("/dev/ptmx", flags);
}

int
grantpt(int fd)
{
	int n;

	return tty_op(fd, CM_PTY_NUMBER, (long)&n);
}

int
unlockpt(int fd)
{
	int locked = 0;

	return tty_op(fd, CM_PTY_LOCK, (long)&locked);
}

char *
ptsname(int fd)
{
	static char name[32];
	int n;

	if (tty_op(fd, CM_PTY_NUMBER, (long)&n) < 0)
		return NULL;
	snprintf(name, sizeof(name), "/dev/pts/%d", n);
	return name;
}
