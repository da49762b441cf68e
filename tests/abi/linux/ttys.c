/* What a terminal is asked besides its usual modes: the old and the newest
 * forms of them, flow control, flushing, packets and hang-ups of its master. */
#include "check.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>

#ifndef TIOCGEXCL
#define TIOCGEXCL _IOR('T', 0x40, int)
#endif
#define SPEED_OTHER 0x1000u /* BOTHER: the speed is a number of its own */

struct termios_two {
	uint32_t iflag, oflag, cflag, lflag;
	uint8_t line, cc[19];
	uint32_t in, out;
};
#define GET_TWO _IOR('T', 0x2a, struct termios_two)
#define SET_TWO _IOW('T', 0x2b, struct termios_two)

static int master, slave;

static void
open_pair(void)
{
	OKAY(master = posix_openpt(O_RDWR | O_NOCTTY));
	SHOW(unlockpt(master));
	OKAY(slave = open(ptsname(master), O_RDWR | O_NOCTTY));
}

static void
close_pair(void)
{
	close(slave);
	close(master);
}

static void
read_master(size_t len)
{
	char buf[64];
	ssize_t n;

	nap_ms(10); /* Linux brings it over when it has time */
	n = read(master, buf, len);
	printf("master: %ld", (long)n);
	if (n < 0)
		printf(" %s", strerrorname_np(errno));
	for (ssize_t i = 0; i < n; i++)
		printf(buf[i] < ' ' ? " %d" : " %c", buf[i]);
	printf("\n");
}

static int
ready(int fd)
{
	struct pollfd p = { .fd = fd,
		.events = POLLIN | POLLOUT | POLLPRI | POLLRDNORM };

	nap_ms(10);
	poll(&p, 1, 0);
	return p.revents;
}

static void
old_modes(void)
{
	struct termio old, now;

	SHOW(ioctl(slave, TCGETA, &old));
	SHOW(old.c_iflag & ~IUTF8);
	SHOW(old.c_oflag);
	SHOW(old.c_lflag);
	SHOW(old.c_line);
	SHOW(old.c_cc[VINTR]);
	old.c_lflag &= ~(unsigned short)ECHO;
	old.c_cc[VINTR] = 5;
	SHOW(ioctl(slave, TCSETA, &old));
	SHOW(ioctl(slave, TCGETA, &now));
	SHOW(now.c_lflag);
	SHOW(now.c_cc[VINTR]);
	old.c_lflag |= ECHO;
	SHOW(ioctl(slave, TCSETAF, &old));
	SHOW(ioctl(slave, TCGETA, &now));
	SHOW(now.c_lflag);
	SHOW(ioctl(slave, TCGETA, nowhere));
	SHOW(ioctl(slave, TCSETA, nowhere));
}

static void
speeds(void)
{
	struct termios_two t;
	struct termios one;

	SHOW(ioctl(slave, GET_TWO, &t));
	SHOW(t.in);
	SHOW(t.out);
	t.cflag = (t.cflag & ~(uint32_t)(CBAUD | CIBAUD)) | SPEED_OTHER |
	    SPEED_OTHER << 16;
	t.in = t.out = 12345;
	SHOW(ioctl(slave, SET_TWO, &t));
	SHOW(ioctl(slave, GET_TWO, &t));
	SHOW(t.in);
	SHOW(t.out);
	SHOW(ioctl(slave, SET_TWO, nowhere));
	SHOW(tcgetattr(slave, &one));
	SHOW(cfsetspeed(&one, B115200));
	SHOW(tcsetattr(slave, TCSADRAIN, &one));
	SHOW(ioctl(slave, GET_TWO, &t));
	SHOW(t.out);
	SHOW(cfsetspeed(&one, B300));
	SHOW(tcsetattr(slave, TCSAFLUSH, &one));
	SHOW(ioctl(slave, GET_TWO, &t));
	SHOW(t.out);
}

static void
flow(void)
{
	int n = -1;

	SHOW(write(slave, "ab\n", 3));
	SHOW(ioctl(slave, TIOCOUTQ, &n));
	SHOW(ready(master));
	read_master(2);
	read_master(60);
	SHOW(tcflow(slave, TCOOFF));
	SHOW(ready(master));
	SHOW(tcflow(slave, TCOON));
	SHOW(write(slave, "c", 1));
	read_master(60);
	SHOW(tcflow(slave, TCIOFF));
	read_master(60);
	SHOW(tcflow(slave, TCION));
	read_master(60);
	SHOW(tcflow(slave, 4));
	SHOW(write(master, "line\nrest", 9));
	read_master(60); /* the echo */
	SHOW(ioctl(slave, FIONREAD, &n));
	SHOW(n);
	SHOW(tcflush(slave, TCIFLUSH));
	SHOW(ioctl(slave, FIONREAD, &n));
	SHOW(n);
	SHOW(tcflush(slave, TCOFLUSH));
	SHOW(tcflush(slave, TCIOFLUSH));
	SHOW(tcflush(slave, 3));
	SHOW(tcsendbreak(slave, 0));
	SHOW(tcdrain(slave));
	SHOW(ioctl(slave, FIONREAD, nowhere));
}

/* One byte of state before what is read. */
static void
packets(void)
{
	struct termios t;
	int on = 1, got = -1;

	SHOW(ioctl(master, TIOCPKT, &on));
	SHOW(ioctl(master, TIOCGPKT, &got));
	SHOW(got);
	SHOW(write(slave, "x", 1));
	read_master(60);
	SHOW(tcflush(slave, TCIFLUSH));
	SHOW(ready(master));
	read_master(60);
	SHOW(tcflush(slave, TCOFLUSH));
	read_master(60);
	SHOW(tcflush(slave, TCIOFLUSH));
	read_master(60);
	SHOW(tcflow(slave, TCOOFF));
	read_master(60);
	SHOW(tcflow(slave, TCOON));
	read_master(60);
	tcgetattr(slave, &t);
	t.c_lflag |= EXTPROC;
	SHOW(tcsetattr(slave, TCSANOW, &t));
	t.c_lflag &= ~(tcflag_t)EXTPROC;
	SHOW(tcsetattr(slave, TCSANOW, &t));
	on = 0;
	SHOW(ioctl(master, TIOCPKT, &on));
	SHOW(ioctl(master, TIOCPKT, nowhere));
}

static void
rest(void)
{
	int n = -1;
	uint32_t device = 0;
	struct stat st;
	struct winsize size = { 30, 90, 1, 2 }, is = { 0 };

	SHOW(ioctl(slave, TIOCGEXCL, &n));
	SHOW(n);
	SHOW(ioctl(slave, TIOCEXCL));
	SHOW(ioctl(slave, TIOCGEXCL, &n));
	SHOW(n);
	SHOW(ioctl(slave, TIOCNXCL));
	SHOW(ioctl(slave, TIOCGETD, &n));
	SHOW(n);
	SHOW(ioctl(slave, TIOCSETD, &n));
	n = 12345;
	SHOW(ioctl(slave, TIOCSETD, &n));
	SHOW(ioctl(slave, TIOCGDEV, &device));
	SHOW(fstat(slave, &st));
	IS(device == (uint32_t)st.st_rdev);
	SHOW(ioctl(master, TIOCSWINSZ, &size));
	SHOW(ioctl(slave, TIOCGWINSZ, &is));
	SHOW(is.ws_col);
	SHOW(ioctl(slave, TIOCGSID, &n));
	SHOW(ioctl(slave, TIOCGPGRP, &n));
	SHOW(ioctl(slave, TIOCNOTTY));
	n = 1;
	SHOW(ioctl(master, TIOCSPTLCK, &n));
	SHOW(ioctl(master, TIOCGPTLCK, &n));
	SHOW(n);
	SHOW(open(ptsname(master), O_RDWR | O_NOCTTY));
	SHOW(ioctl(slave, 0x54fe, &n));
	SHOW(ioctl(master, 0x54fe, &n));
}

static void
ends(void)
{
	char c;

	SHOW(fcntl(master, F_SETFL, O_NONBLOCK));
	read_master(60);
	SHOW(fcntl(master, F_SETFL, 0));
	if (fork() == 0) {
		nap_ms(20);
		write(slave, "late", 4);
		_exit(0);
	}
	read_master(60);
	wait(NULL);
	close(slave);
	SHOW(ready(master));
	read_master(60);
	OKAY(slave = open(ptsname(master), O_RDWR | O_NOCTTY));
	SHOW(ready(master));
	close(master);
	SHOW(ready(slave));
	SHOW(read(slave, &c, 1));
	SHOW(write(slave, "x", 1));
	SHOW(tcdrain(slave));
}

int
main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	open_pair();
	old_modes();
	speeds();
	flow();
	packets();
	rest();
	close_pair();
	open_pair();
	ends();
	close(slave);
	return 0;
}
