/* Process groups and sessions. */
#include "check.h"

#include <sys/ioctl.h>
#include <termios.h>

int
main(void)
{
	long sent;
	int status, p[2], master, slave;
	char c, name[64];
	pid_t pid;

	setvbuf(stdout, NULL, _IOLBF, 0);
	/* A shell's background jobs begin with it ignored. */
	signal(SIGINT, SIG_DFL);
	IS(getpgrp() == getpgid(0));
	SHOW(getpgid(1234567));
	SHOW(getsid(1234567));
	SHOW(setpgid(0, 1234567));
	SHOW(setpgid(1234567, 0));
	SHOW(setpgid(0, -5));
	pipe(p);
	pid = fork();
	if (pid == 0) {
		IS(setsid() == getpid());
		IS(getsid(0) == getpid() && getpgrp() == getpid());
		SHOW(setsid());
		SHOW(setpgid(0, 0));
		SHOW(tcgetpgrp(0) == -1 ? -1 : 0);
		write(p[1], "x", 1);
		for (;;)
			pause();
	}
	read(p[0], &c, 1);
	SHOW(setpgid(pid, pid));
	SHOW(setpgid(pid, getpgrp()));
	SHOW(kill(-pid, SIGTERM));
	waitpid(pid, &status, 0);
	fate("leader", status);

	/* A terminal of one's own. */
	OKAY(master = open("/dev/ptmx", O_RDWR | O_NOCTTY));
	SHOW(unlockpt(master));
	OKAY(ptsname_r(master, name, sizeof(name)));
	pid = fork();
	if (pid == 0) {
		setsid();
		OKAY(slave = open(name, O_RDWR));
		IS(tcgetpgrp(slave) == getpid());
		IS(tcgetsid(slave) == getpid());
		SHOW(isatty(slave));
		write(p[1], "x", 1);
		read(slave, &c, 1);
		printf("read %c\n", c);
		signal(SIGTTOU, SIG_DFL);
		if (fork() == 0) {
			setpgid(0, 0);
			tcsetpgrp(slave, getpgrp());
			_exit(0);
		}
		waitpid(-1, &status, WUNTRACED);
		fate("background", status);
		_exit(3);
	}
	/* What is written before the terminal is open may be lost. */
	read(p[0], &c, 1);
	/* The child answers at once: our own line comes when it is done. */
	sent = write(master, "q\n", 2);
	waitpid(pid, &status, 0);
	SHOW(sent);
	fate("session", status);

	/* An interrupt from the keyboard. */
	pid = fork();
	if (pid == 0) {
		setsid();
		slave = open(name, O_RDWR);
		ioctl(slave, TIOCSCTTY, 0);
		write(p[1], "x", 1);
		for (;;)
			pause();
	}
	read(p[0], &c, 1);
	SHOW(write(master, "\003", 1));
	waitpid(pid, &status, 0);
	fate("interrupted", status);
	close(master);
	return 0;
}
