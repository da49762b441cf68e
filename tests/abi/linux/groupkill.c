/* One signal to a group ends it, even while its members fork. */
#include "check.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define HOPPERS 4
#define ROUNDS  15

/* A process that lives on in its child only. */
static void
hop(void)
{
	for (;;)
		if (fork() > 0)
			_exit(0);
}

static void
start_hoppers(int out)
{
	setpgid(0, 0);
	for (int i = 0; i < HOPPERS; i++)
		if (fork() == 0)
			hop();
	write(out, "x", 1);
	pause();
}

int
main(void)
{
	int p[2];
	char c;

	enter();
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	pipe(p);
	for (int i = 0; i < ROUNDS; i++) {
		pid_t pid = fork();

		if (pid == 0)
			start_hoppers(p[1]);
		read(p[0], &c, 1);
		nap_ms(i);
		SHOW(kill(-pid, SIGKILL));
		while (wait(NULL) > 0)
			;
	}
	leave();
	return 0;
}
