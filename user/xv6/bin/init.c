/*
 * init: opens the console, making its node where there is none, and keeps a
 * shell running on it. Only programs that expect a whole xv6 system need it.
 */
#include "user.h"

static void
open_console(void)
{
	if (open("console", XV6_O_RDWR) < 0) {
		mknod("console", XV6_CONSOLE_MAJOR, 0);
		open("console", XV6_O_RDWR);
	}
	dup(0);
	dup(0);
}

int
main(void)
{
	char *argv[] = { "sh", NULL };

	open_console();
	for (;;) {
		int pid = fork(), got;

		if (pid == 0) {
			exec("/bin/sh", argv);
			printf("init: there is no /bin/sh\n");
			return 1;
		}
		do
			got = wait(NULL);
		while (got >= 0 && got != pid);
		if (pid < 0 || got < 0)
			return 1;
	}
}
