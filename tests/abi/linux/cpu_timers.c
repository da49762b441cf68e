/* Timers on CPU time: they run while the program does, and only then. */
#include "check.h"

#include <sys/resource.h>
#include <sys/time.h>

static volatile int hits;

static void
hit(int n)
{
	(void)n;
	hits++;
}

static long
cpu_us(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* Runs until so many signals have come; gives up after 10 s of its time. */
static void
burn(int signals)
{
	long end = cpu_us(CLOCK_THREAD_CPUTIME_ID) + 10000000;
	volatile unsigned x = 0;

	while (hits < signals && cpu_us(CLOCK_THREAD_CPUTIME_ID) < end)
		for (int i = 0; i < 100000; i++)
			x += (unsigned)i;
}

static void
interval(int which, int signo, const char *name)
{
	struct itimerval it = { { 0, 20000 }, { 0, 20000 } }, now, old;
	long begun = cpu_us(CLOCK_PROCESS_CPUTIME_ID);

	printf("%s\n", name);
	signal(signo, hit);
	hits = 0;
	SHOW(setitimer(which, &it, NULL));
	getitimer(which, &now);
	IS(now.it_value.tv_sec == 0 && now.it_value.tv_usec > 0 &&
	    now.it_value.tv_usec <= 25000);
	SHOW(now.it_interval.tv_usec);
	burn(5);
	SHOW(hits);
	/* 5 times 20 ms, less what the clock of samples may be off. */
	IS(cpu_us(CLOCK_PROCESS_CPUTIME_ID) - begun > 70000);
	it = (struct itimerval){ };
	SHOW(setitimer(which, &it, &old));
	SHOW(old.it_interval.tv_usec);
	SHOW(getitimer(which, &now));
	SHOW(now.it_value.tv_usec);
	hits = 0;
	it.it_value.tv_usec = 30000;
	SHOW(setitimer(which, &it, NULL));
	nap_ms(100);
	SHOW(hits); /* sleep is no CPU time */
	burn(1);
	SHOW(hits);
	signal(signo, SIG_DFL);
}

static void
posix_timer(clockid_t clock, const char *name)
{
	struct sigevent ev = {
		.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1,
	};
	struct itimerspec its = { { 0, 20000000 }, { 0, 20000000 } }, now;
	timer_t id;

	printf("%s\n", name);
	signal(SIGUSR1, hit);
	hits = 0;
	SHOW(timer_create(clock, &ev, &id));
	SHOW(timer_settime(id, 0, &its, NULL));
	nap_ms(60);
	SHOW(hits);
	SHOW(timer_gettime(id, &now));
	IS(now.it_value.tv_nsec > 0 && now.it_value.tv_nsec <= 20000000);
	burn(3);
	IS(hits >= 3);
	SHOW(timer_delete(id));
	SHOW(timer_delete(id));
}

/* The soft limit signals, the hard one kills. */
static void
limited(void)
{
	struct rlimit one = { 1, 2 };
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		setrlimit(RLIMIT_CPU, &one);
		signal(SIGXCPU, hit);
		hits = 0;
		burn(1);
		IS(hits == 1);
		IS(cpu_us(CLOCK_PROCESS_CPUTIME_ID) >= 900000);
		burn(1000);
		_exit(3);
	}
	waitpid(pid, &status, 0);
	fate("over its limit", status);
}

int
main(void)
{
	struct itimerval it = { };
	clockid_t mine;

	setvbuf(stdout, NULL, _IOLBF, 0);
	interval(ITIMER_PROF, SIGPROF, "all of its time");
	interval(ITIMER_VIRTUAL, SIGVTALRM, "the user's time");
	SHOW(setitimer(7, &it, NULL));
	SHOW(getitimer(-1, &it));
	posix_timer(CLOCK_PROCESS_CPUTIME_ID, "process");
	posix_timer(CLOCK_THREAD_CPUTIME_ID, "thread");
	SHOW(clock_getcpuclockid(getpid(), &mine));
	posix_timer(mine, "process by number");
	limited();
	return 0;
}
