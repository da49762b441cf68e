/* The slave of a pseudo terminal by TIOCGPTPEER, locked modes, and how /proc
 * names files that the reader's root does not have. */
#include "check.h"

#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <termios.h>

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

static void
peer(void)
{
	char name[64] = "", link[32], text[64] = "";
	struct stat by_name, by_peer;
	int master, slave;
	char c = 0;

	OKAY(master = open("/dev/ptmx", O_RDWR | O_NOCTTY));
	SHOW(ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY));
	SHOW(unlockpt(master));
	SHOW(ptsname_r(master, name, sizeof(name)));
	OKAY(slave = ioctl(master, TIOCGPTPEER,
	    O_RDWR | O_NOCTTY | O_CLOEXEC));
	SHOW(fcntl(slave, F_GETFD));
	SHOW(fcntl(slave, F_GETFL) & (O_ACCMODE | O_NONBLOCK));
	SHOW(isatty(slave));
	SHOW(fstat(slave, &by_peer));
	SHOW(stat(name, &by_name));
	IS(by_peer.st_rdev == by_name.st_rdev);
	IS(by_peer.st_ino == by_name.st_ino);
	IS(by_peer.st_dev == by_name.st_dev);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", slave);
	OKAY(readlink(link, text, sizeof(text) - 1));
	IS(strcmp(text, name) == 0);
	IS(strcmp(ttyname(slave), name) == 0);
	SHOW(write(master, "x\n", 2));
	SHOW(read(slave, &c, 1));
	SHOW(c);
	close(slave);
	SHOW(ioctl(slave, TIOCGPTPEER, O_RDWR));
	close(master);
}

/* What is locked in the modes stays as it is. */
static void
locked(void)
{
	struct termios lock, old, want, now;
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave;

	OKAY(master);
	unlockpt(master);
	OKAY(slave = open(ptsname(master), O_RDWR | O_NOCTTY));
	memset(&lock, 0xff, sizeof(lock));
	SHOW(ioctl(slave, TIOCGLCKTRMIOS, &lock));
	SHOW(lock.c_lflag);
	SHOW(lock.c_cc[VINTR]);
	lock.c_lflag = ECHO;
	lock.c_cc[VINTR] = 1;
	SHOW(ioctl(slave, TIOCSLCKTRMIOS, &lock));
	SHOW(tcgetattr(slave, &old));
	want = old;
	want.c_lflag &= ~(tcflag_t)(ECHO | ICANON);
	want.c_cc[VINTR] = 7;
	want.c_cc[VQUIT] = 8;
	SHOW(tcsetattr(slave, TCSANOW, &want));
	SHOW(tcgetattr(slave, &now));
	SHOW((now.c_lflag & ECHO) != 0);
	SHOW((now.c_lflag & ICANON) != 0);
	SHOW(now.c_cc[VINTR]);
	SHOW(now.c_cc[VQUIT]);
	SHOW(ioctl(slave, TIOCSLCKTRMIOS, NULL));
	memset(&lock, 0, sizeof(lock));
	SHOW(ioctl(slave, TIOCSLCKTRMIOS, &lock));
	SHOW(tcsetattr(slave, TCSANOW, &want));
	SHOW(tcgetattr(slave, &now));
	SHOW((now.c_lflag & ECHO) != 0);
	SHOW(now.c_cc[VINTR]);
	close(slave);
	close(master);
}

static void
outside(void)
{
	char link[32], text[256] = "";
	int proc, null;

	OKAY(proc = open("/proc", O_PATH | O_DIRECTORY));
	OKAY(null = open("/dev/null", O_RDONLY));
	SHOW(mkdir("jail", 0755));
	SHOW(chroot("jail"));
	snprintf(link, sizeof(link), "self/fd/%d", null);
	SHOW(readlinkat(proc, link, text, sizeof(text) - 1));
	printf("%s\n", text);
	OKAY(syscall(SYS_getcwd, text, sizeof(text)));
	printf("%.14s\n", text);
}

int
main(void)
{
	int status;

	enter();
	peer();
	locked();
	fflush(stdout);
	if (fork() == 0) {
		outside();
		fflush(stdout);
		_exit(0);
	}
	wait(&status);
	SHOW(status);
	rmdir("jail");
	leave();
	return 0;
}
