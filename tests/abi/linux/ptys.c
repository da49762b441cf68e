/* The slave of a pseudo terminal by TIOCGPTPEER, and how /proc names files
 * that the reader's root does not have. */
#include "check.h"

#include <sys/ioctl.h>
#include <sys/syscall.h>

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
