/* What a shell does with a stopped job: a kill and a continuation end it, and
 * both are told. Children are watched as a shell does, after SIGCHLD. */
#include "check.h"


#define ROUNDS 200

static volatile sig_atomic_t came;

static void
on_child(int n)
{
	(void)n;
	came = 1;
}

/* A job of two: the child of the child ends with the group. */
static pid_t
job_start(void)
{
	int ready[2];
	char c;
	pid_t pid;

	if (pipe(ready) != 0)
		exit(1);
	pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		if (fork() == 0) {
			close(ready[0]);
			close(ready[1]);
			for (;;)
				pause();
		}
		if (write(ready[1], "x", 1) != 1)
			_exit(1);
		wait(NULL);
		_exit(0);
	}
	close(ready[1]);
	if (read(ready[0], &c, 1) != 1)
		exit(1);
	close(ready[0]);
	return pid;
}

/* Waits for SIGCHLD, then takes one report; 0: there was none. */
static int
report(pid_t pid, sigset_t *open)
{
	int status = 0;
	pid_t got;

	while ((got = waitpid(pid, &status,
	    WNOHANG | WUNTRACED | WCONTINUED)) == 0) {
		while (!came)
			sigsuspend(open);
		came = 0;
	}
	return got == pid ? status : 0;
}

int
main(void)
{
	sigset_t child, open;
	int stopped = 0, killed = 0, reports = 0;

	alarm(50);
	signal(SIGCHLD, on_child);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, &open);
	for (int i = 0; i < ROUNDS; i++) {
		pid_t pid = job_start();
		int status;

		kill(-pid, SIGTSTP);
		status = report(pid, &open);
		stopped += WIFSTOPPED(status) && WSTOPSIG(status) == SIGTSTP;
		kill(-pid, SIGTERM);
		kill(-pid, SIGCONT);
		do {
			status = report(pid, &open);
			reports++;
		} while (WIFCONTINUED(status));
		killed += WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM;
	}
	printf("stopped %d, killed %d\n", stopped, killed);
	printf("at most two reports each: %d\n", reports <= 2 * ROUNDS);
	return 0;
}
