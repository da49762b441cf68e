/* Which interrupted calls go on, and which answer EINTR. */
#include "check.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/time.h>

static volatile int hits;

static void
hit(int n)
{
	(void)n;
	hits++;
}

/* From ms on, every ms: one of them meets the call, however late it begins. */
static void
arm(int flags, int ms)
{
	struct itimerval it = { { 0, ms * 1000 }, { 0, ms * 1000 } };
	struct sigaction sa = { .sa_handler = hit, .sa_flags = flags };

	sigaction(SIGALRM, &sa, NULL);
	hits = 0;
	setitimer(ITIMER_REAL, &it, NULL);
}

/* Writes into the pipe after a while, in a child. */
static void
later(int fd, int ms)
{
	if (fork() == 0) {
		nap_ms(ms);
		write(fd, "x", 1);
		_exit(0);
	}
}

int
main(void)
{
	struct timespec ts = { 0, 150000000 }, left = { 9, 9 };
	struct pollfd pfd;
	struct epoll_event ev;
	int p[2], ep, status;
	int64_t begun;
	fd_set set;
	char c;
	pid_t pid;

	setvbuf(stdout, NULL, _IOLBF, 0);
	pipe(p);
	arm(0, 30);
	SHOW(read(p[0], &c, 1));
	IS(hits > 0);
	arm(SA_RESTART, 30);
	later(p[1], 120);
	SHOW(read(p[0], &c, 1));
	IS(hits > 0);
	wait(NULL);

	pid = fork();
	if (pid == 0) {
		nap_ms(150);
		_exit(5);
	}
	arm(0, 30);
	SHOW(waitpid(pid, &status, 0));
	arm(SA_RESTART, 30);
	IS(waitpid(pid, &status, 0) == pid);
	fate("child", status);

	/* Never restarted, whatever the flag. */
	pfd.fd = p[0];
	pfd.events = POLLIN;
	arm(SA_RESTART, 30);
	SHOW(poll(&pfd, 1, 1000));
	FD_ZERO(&set);
	FD_SET(p[0], &set);
	arm(SA_RESTART, 30);
	SHOW(select(p[0] + 1, &set, NULL, NULL, NULL));
	ep = epoll_create1(0);
	ev.events = EPOLLIN;
	epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &ev);
	arm(SA_RESTART, 30);
	SHOW(epoll_wait(ep, &ev, 1, 1000));
	arm(SA_RESTART, 30);
	SHOW(pause());
	arm(SA_RESTART, 30);
	SHOW(nanosleep(&ts, &left));
	IS(left.tv_sec == 0 && left.tv_nsec > 0 &&
	    left.tv_nsec < 150000000);
	arm(SA_RESTART, 30);
	SHOW(clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL) == EINTR);

	setitimer(ITIMER_REAL, &(struct itimerval){ }, NULL);

	/* A stop and continue is no handler: all of them go on. */
	begun = now_ms();
	pid = fork();
	if (pid == 0) {
		int r = nanosleep(&ts, NULL);

		_exit(r == 0 && now_ms() - begun >= 150 ? 0 : 1);
	}
	nap_ms(30);
	kill(pid, SIGSTOP);
	waitpid(pid, &status, WUNTRACED);
	fate("sleeper", status);
	kill(pid, SIGCONT);
	waitpid(pid, &status, 0);
	fate("sleeper", status);
	pid = fork();
	if (pid == 0)
		_exit(poll(&pfd, 1, 2000) == 1 ? 0 : 1);
	nap_ms(30);
	kill(pid, SIGSTOP);
	waitpid(pid, &status, WUNTRACED);
	kill(pid, SIGCONT);
	nap_ms(20);
	write(p[1], "y", 1);
	waitpid(pid, &status, 0);
	fate("poller", status);

	/* An ignored signal interrupts nothing. */
	signal(SIGALRM, SIG_IGN);
	begun = now_ms();
	setitimer(ITIMER_REAL,
	    &(struct itimerval){ .it_value = { 0, 20000 } }, NULL);
	SHOW(nanosleep(&ts, NULL));
	IS(now_ms() - begun >= 149);
	return 0;
}
