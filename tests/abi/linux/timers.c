/* Clocks, sleeping, interval and POSIX timers. */
#include "check.h"

#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/times.h>

static volatile int shots;
static volatile int value, code;

static void
shot(int n, siginfo_t *si, void *uc)
{
	(void)n;
	(void)uc;
	shots++;
	value = si->si_value.sival_int;
	code = si->si_code;
}

static void
clocks(void)
{
	struct timespec a, b, r;
	struct timeval tv;

	for (int c = 0; c < 12; c++) {
		if (c == 8 || c == 9 || c == 10)
			continue; /* need hardware */
		printf("clock %d: %d %d\n", c, clock_gettime(c, &a),
		    clock_getres(c, &r));
	}
	SHOW(clock_gettime(99, &a));
	SHOW(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, nowhere));
	clock_gettime(CLOCK_MONOTONIC, &a);
	for (int i = 0; i < 1000; i++) {
		clock_gettime(CLOCK_MONOTONIC, &b);
		if (b.tv_sec < a.tv_sec ||
		    (b.tv_sec == a.tv_sec && b.tv_nsec < a.tv_nsec))
			printf("the clock ran backwards\n");
		a = b;
	}
	gettimeofday(&tv, NULL);
	clock_gettime(CLOCK_REALTIME, &a);
	IS(a.tv_sec - tv.tv_sec <= 1 && tv.tv_sec > 1600000000);
	IS(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a) == 0 &&
	    (a.tv_sec > 0 || a.tv_nsec > 0));
	IS(times(&(struct tms){ 0 }) != -1);
}

static void
sleeping(void)
{
	struct timespec ts = { 0, 20000000 };
	int64_t begun = now_ms();

	SHOW(nanosleep(&ts, NULL));
	IS(now_ms() - begun >= 20);
	ts.tv_nsec = 1000000000;
	SHOW(nanosleep(&ts, NULL));
	ts.tv_nsec = -1;
	SHOW(nanosleep(&ts, NULL));
	SHOW(nanosleep(nowhere, NULL));
	clock_gettime(CLOCK_MONOTONIC, &ts);
	ts.tv_nsec += 10000000;
	if (ts.tv_nsec >= 1000000000) {
		ts.tv_nsec -= 1000000000;
		ts.tv_sec++;
	}
	SHOW(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL));
	SHOW(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL));
	SHOW(clock_nanosleep(99, 0, &ts, NULL));
}

static void
intervals(void)
{
	struct itimerval it = { { 0, 10000 }, { 0, 10000 } }, old;

	SHOW(setitimer(ITIMER_REAL, &it, NULL));
	while (shots < 3)
		pause();
	memset(&it, 0, sizeof(it));
	SHOW(setitimer(ITIMER_REAL, &it, &old));
	IS(old.it_interval.tv_usec == 10000);
	SHOW(getitimer(ITIMER_REAL, &old));
	IS(old.it_value.tv_usec == 0 && old.it_value.tv_sec == 0);
	SHOW(setitimer(77, &it, NULL));
	it.it_value.tv_usec = 1000000;
	SHOW(setitimer(ITIMER_REAL, &it, NULL));
	SHOW(alarm(100));
	SHOW(alarm(0));
}

static void
posix(void)
{
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL,
		.sigev_signo = SIGRTMIN };
	struct itimerspec it = { { 0, 5000000 }, { 0, 10000000 } }, now;
	timer_t t;

	ev.sigev_value.sival_int = 77;
	shots = 0;
	SHOW(timer_create(CLOCK_MONOTONIC, &ev, &t));
	SHOW(timer_settime(t, 0, &it, NULL));
	SHOW(timer_gettime(t, &now));
	IS(now.it_value.tv_nsec > 0 && now.it_interval.tv_nsec == 5000000);
	while (shots < 3)
		pause();
	SHOW(value);
	IS(code == SI_TIMER);
	memset(&it, 0, sizeof(it));
	SHOW(timer_settime(t, 0, &it, &now));
	IS(now.it_interval.tv_nsec == 5000000);
	SHOW(timer_gettime(t, &now));
	IS(now.it_value.tv_nsec == 0);
	SHOW(timer_delete(t));
	ev.sigev_notify = SIGEV_NONE;
	SHOW(timer_create(CLOCK_REALTIME, &ev, &t));
	SHOW(timer_delete(t));
	ev.sigev_notify = SIGEV_SIGNAL;
	ev.sigev_signo = 99;
	SHOW(timer_create(CLOCK_REALTIME, &ev, &t));
	SHOW(timer_create(99, NULL, &t));
}

/* Shots that come faster than they can be taken. */
static void
many(void)
{
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL,
		.sigev_signo = SIGRTMIN };
	struct itimerspec it = { { 0, 20000 }, { 0, 20000 } };
	struct itimerval every = { { 0, 20 }, { 0, 20 } };
	timer_t t;

	shots = 0;
	SHOW(timer_create(CLOCK_MONOTONIC, &ev, &t));
	SHOW(timer_settime(t, 0, &it, NULL));
	while (shots < 20)
		continue;
	SHOW(timer_delete(t));
	shots = 0;
	SHOW(setitimer(ITIMER_REAL, &every, NULL));
	while (shots < 20)
		continue;
	memset(&every, 0, sizeof(every));
	SHOW(setitimer(ITIMER_REAL, &every, NULL));
}

int
main(void)
{
	struct sigaction sa = { .sa_flags = SA_SIGINFO };

	setvbuf(stdout, NULL, _IOLBF, 0);
	sa.sa_sigaction = shot;
	sigaction(SIGALRM, &sa, NULL);
	sigaction(SIGRTMIN, &sa, NULL);
	clocks();
	sleeping();
	intervals();
	posix();
	many();
	return 0;
}
