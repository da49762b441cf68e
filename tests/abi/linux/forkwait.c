/* fork and every way of waiting. */
#include "check.h"

#include <sys/resource.h>

static pid_t
child(int how)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	switch (how) {
	case 0:
		_exit(0);
	case 1:
		_exit(300);
	case 2:
		raise(SIGKILL);
		break;
	case 3:
		abort();
	case 4:
		raise(SIGSTOP);
		_exit(4);
	default:
		for (;;)
			pause();
	}
	_exit(99);
}

static void
said(const siginfo_t *si)
{
	printf("signo %d code %d status %d\n", si->si_signo, si->si_code,
	    si->si_status);
}

int
main(void)
{
	struct rusage ru;
	siginfo_t si;
	int status = 0;
	pid_t pid, other;

	setvbuf(stdout, NULL, _IOLBF, 0);
	SHOW(wait(&status));
	for (int how = 0; how < 4; how++) {
		pid = child(how);
		IS(waitpid(pid, &status, 0) == pid);
		fate("child", status);
	}
	SHOW(waitpid(pid, &status, 0));

	pid = child(9);
	SHOW(waitpid(pid, &status, WNOHANG));
	SHOW(waitpid(-1, &status, WNOHANG));
	SHOW(kill(pid, SIGTERM));
	IS(wait4(pid, &status, 0, &ru) == pid);
	fate("child", status);
	SHOW(kill(pid, 0));

	pid = child(4);
	IS(waitpid(pid, &status, WUNTRACED) == pid);
	fate("child", status);
	SHOW(waitpid(pid, &status, WNOHANG | WUNTRACED));
	SHOW(kill(pid, SIGCONT));
	IS(waitpid(pid, &status, WCONTINUED) == pid);
	if (WIFCONTINUED(status))
		waitpid(pid, &status, 0);
	fate("child", status);

	pid = child(1);
	memset(&si, 0, sizeof(si));
	SHOW(waitid(P_PID, pid, &si, WEXITED | WNOWAIT));
	said(&si);
	SHOW(waitid(P_PID, pid, &si, WEXITED));
	said(&si);
	SHOW(waitid(P_PID, pid, &si, WEXITED));
	pid = child(2);
	SHOW(waitid(P_ALL, 0, &si, WEXITED));
	said(&si);
	SHOW(waitid(P_ALL, 0, &si, 0));
	SHOW(waitid(99, 0, &si, WEXITED));

	/* By group. */
	pid = child(9);
	setpgid(pid, pid);
	other = child(0);
	SHOW(waitpid(-pid, &status, WNOHANG));
	IS(waitpid(0, &status, 0) == other);
	SHOW(kill(-pid, SIGUSR1));
	IS(waitpid(-pid, &status, 0) == pid);
	fate("group", status);

	/* Nobody wants to know: no zombie. */
	signal(SIGCHLD, SIG_IGN);
	child(0);
	SHOW(waitpid(-1, &status, 0));
	signal(SIGCHLD, SIG_DFL);

	/* Orphans get another parent. */
	if (fork() == 0) {
		int p[2];
		char c;

		pipe(p);
		pid = getpid();
		if (fork() == 0) {
			close(p[1]);
			read(p[0], &c, 1);
			nap_ms(10);
			printf("orphan's parent: %s\n",
			    getppid() == pid ? "the old one" : "another");
			_exit(0);
		}
		_exit(0);
	}
	wait(&status);
	nap_ms(100);
	SHOW(waitpid(12345678, &status, 0));
	return 0;
}
