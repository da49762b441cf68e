/* User and system time are told apart, add up, and only grow. */
#include "check.h"

#include <sys/resource.h>
#include <sys/times.h>

#define SLICE_US 400000

static long
us_of(struct timeval t)
{
	return t.tv_sec * 1000000 + t.tv_usec;
}

static void
usage(int who, long *user, long *system)
{
	struct rusage ru;

	getrusage(who, &ru);
	*user = us_of(ru.ru_utime);
	*system = us_of(ru.ru_stime);
}

static long
cpu_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static void
burn_user(void)
{
	volatile unsigned x = 0;

	for (long end = cpu_us() + SLICE_US; cpu_us() < end;)
		for (int i = 0; i < 1000000; i++)
			x += (unsigned)i;
}

static void
burn_system(void)
{
	static char buf[1 << 20];
	int fd = open("/dev/zero", O_RDONLY);

	for (long end = cpu_us() + SLICE_US; cpu_us() < end;)
		for (int i = 0; i < 10; i++)
			if (read(fd, buf, sizeof(buf)) < 0)
				return;
	close(fd);
}

/* The build machine's own kernel samples, too, and may meet a busy moment. */
#define TRIES 5

/* What `how` used of each, and whether it grew steadily. */
static void
measure(const char *name, int who, void (*how)(void), bool system_more)
{
	long user = 0, sys = 0, u1, s1;
	bool right = false;

	for (int i = 0; i < TRIES && !right; i++) {
		usage(who, &user, &sys);
		how();
		usage(who, &u1, &s1);
		user = u1 - user;
		sys = s1 - sys;
		right = system_more ? sys > 2 * user : user > 2 * sys;
	}
	printf("%s: mostly %s%s\n", name, right ? "" : "not ",
	    system_more ? "system" : "user");
	IS(user + sys >= SLICE_US * 9 / 10);
}

static void
burn_in_a_child(void)
{
	if (fork() == 0) {
		burn_system();
		_exit(0);
	}
	wait(NULL);
}

static void
grows(void)
{
	long u, s, last_u = 0, last_s = 0;
	bool less = false;

	for (int i = 0; i < 2000; i++) {
		usage(RUSAGE_SELF, &u, &s);
		less |= u < last_u || s < last_s;
		last_u = u;
		last_s = s;
	}
	IS(!less);
}

int
main(void)
{
	struct tms tms;

	setvbuf(stdout, NULL, _IOLBF, 0);
	measure("a loop", RUSAGE_SELF, burn_user, false);
	measure("reads", RUSAGE_SELF, burn_system, true);
	measure("a thread's loop", RUSAGE_THREAD, burn_user, false);
	measure("a child's reads", RUSAGE_CHILDREN, burn_in_a_child, true);
	grows();
	times(&tms);
	IS(tms.tms_utime > 0);
	IS(tms.tms_stime > 0);
	IS(tms.tms_cstime > tms.tms_cutime);
	return 0;
}
