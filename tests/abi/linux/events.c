/* eventfd, timerfd, signalfd. */
#include "check.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

static int
ready(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT };

	poll(&p, 1, ms);
	return p.revents;
}

static void
events(void)
{
	uint64_t v = 0;
	int fd;

	OKAY(fd = eventfd(3, EFD_NONBLOCK));
	SHOW(ready(fd, 0));
	SHOW(read(fd, &v, 8));
	SHOW(v);
	SHOW(ready(fd, 0));
	SHOW(read(fd, &v, 8));
	v = 5;
	SHOW(write(fd, &v, 8));
	SHOW(write(fd, &v, 8));
	SHOW(read(fd, &v, 8));
	SHOW(v);
	v = UINT64_MAX;
	SHOW(write(fd, &v, 8));
	v = UINT64_MAX - 1;
	SHOW(write(fd, &v, 8));
	SHOW(ready(fd, 0));
	v = 1;
	SHOW(write(fd, &v, 8));
	SHOW(write(fd, &v, 4));
	SHOW(read(fd, &v, 4));
	close(fd);
	OKAY(fd = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK | EFD_CLOEXEC));
	SHOW(read(fd, &v, 8));
	SHOW(v);
	SHOW(read(fd, &v, 8));
	SHOW(read(fd, &v, 8));
	close(fd);
	SHOW(eventfd(0, 0x1234));
	OKAY(fd = eventfd(0, 0));
	if (fork() == 0) {
		nap_ms(20);
		v = 9;
		write(fd, &v, 8);
		_exit(0);
	}
	SHOW(read(fd, &v, 8));
	SHOW(v);
	wait(NULL);
	close(fd);
}

static void
timers(void)
{
	struct itimerspec it = { { 0, 10000000 }, { 0, 20000000 } }, old;
	int64_t begun = now_ms();
	uint64_t v;
	int fd;

	OKAY(fd = timerfd_create(CLOCK_MONOTONIC, 0));
	SHOW(timerfd_settime(fd, 0, &it, &old));
	IS(old.it_value.tv_sec == 0 && old.it_value.tv_nsec == 0);
	SHOW(timerfd_gettime(fd, &old));
	IS(old.it_interval.tv_nsec == 10000000 && old.it_value.tv_nsec > 0);
	SHOW(read(fd, &v, 8));
	IS(v >= 1 && now_ms() - begun >= 19);
	nap_ms(55);
	SHOW(ready(fd, 0) & POLLIN);
	SHOW(read(fd, &v, 8));
	IS(v >= 4);
	memset(&it, 0, sizeof(it));
	SHOW(timerfd_settime(fd, 0, &it, NULL));
	SHOW(fcntl(fd, F_SETFL, O_NONBLOCK));
	SHOW(read(fd, &v, 8));
	clock_gettime(CLOCK_MONOTONIC, &it.it_value);
	/* the past; the machine may be up for less than a second */
	it.it_value.tv_sec /= 2;
	it.it_value.tv_nsec /= 2;
	SHOW(timerfd_settime(fd, TFD_TIMER_ABSTIME, &it, NULL));
	SHOW(ready(fd, 100) & POLLIN);
	SHOW(read(fd, &v, 8));
	SHOW(v);
	it.it_value.tv_nsec = 2000000000;
	SHOW(timerfd_settime(fd, 0, &it, NULL));
	SHOW(read(fd, &v, 4));
	close(fd);
	SHOW(timerfd_create(77, 0));
	OKAY(fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK));
	SHOW(write(fd, &v, 8));
	close(fd);
}

static void
signals(void)
{
	struct signalfd_siginfo si[2];
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	OKAY(fd = signalfd(-1, &set, SFD_NONBLOCK));
	SHOW(read(fd, si, sizeof(si)));
	kill(getpid(), SIGUSR1);
	SHOW(ready(fd, 0) & POLLIN);
	sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = 7 });
	SHOW(read(fd, si, sizeof(si)));
	printf("%d %d %d\n", si[0].ssi_signo == SIGUSR1,
	    si[1].ssi_signo == (uint32_t)SIGRTMIN, si[1].ssi_int);
	IS(si[0].ssi_pid == (uint32_t)getpid());
	SHOW(read(fd, si, 10));
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	IS(signalfd(fd, &set, 0) == fd);
	kill(getpid(), SIGUSR1);
	SHOW(read(fd, si, sizeof(si)));
	kill(getpid(), SIGUSR2);
	SHOW(read(fd, si, sizeof(si)));
	SHOW(si[0].ssi_signo);
	close(fd);
}

int
main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	events();
	timers();
	signals();
	return 0;
}
