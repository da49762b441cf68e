/*
 * Clocks, sleeping and alarms.
 */
#include <signal.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"

int64_t
__cm_ns(const struct timespec *t)
{
	if (t->tv_sec >= INT64_MAX / NS_PER_SEC)
		return CM_FOREVER;
	return t->tv_sec * NS_PER_SEC + t->tv_nsec;
}

struct timespec
__cm_timespec(int64_t ns)
{
	int64_t sec = ns / NS_PER_SEC, rest = ns % NS_PER_SEC;

	if (rest < 0) {
		rest += NS_PER_SEC;
		sec--;
	}
	return (struct timespec){ (time_t)sec, (long)rest };
}

static bool
clock_of(clockid_t id, enum cm_clock *out)
{
	switch (id) {
	case CLOCK_REALTIME:
		*out = CM_CLOCK_WALL;
		return true;
	case CLOCK_MONOTONIC:
		*out = CM_CLOCK_STEADY;
		return true;
	case CLOCK_PROCESS_CPUTIME_ID:
		*out = CM_CLOCK_TASK;
		return true;
	case CLOCK_THREAD_CPUTIME_ID:
		*out = CM_CLOCK_THREAD;
		return true;
	default:
		errno = EINVAL;
		return false;
	}
}

int
clock_gettime(clockid_t id, struct timespec *out)
{
	enum cm_clock clock;
	int64_t now;

	if (!clock_of(id, &clock) ||
	    __cm_result(cm_clock_get(clock, &now)) < 0)
		return -1;
	*out = __cm_timespec(now);
	return 0;
}

int
clock_settime(clockid_t id, const struct timespec *t)
{
	enum cm_clock clock;

	if (!clock_of(id, &clock))
		return -1;
	return (int)__cm_result(cm_clock_set(clock, __cm_ns(t)));
}

int
clock_getres(clockid_t id, struct timespec *out)
{
	enum cm_clock clock;

	if (!clock_of(id, &clock))
		return -1;
	if (out != NULL)
		*out = (struct timespec){ 0, 1 };
	return 0;
}

int
gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
	int64_t now;

	(void)zone;
	if (__cm_result(cm_clock_get(CM_CLOCK_WALL, &now)) < 0)
		return -1;
	tv->tv_sec = now / NS_PER_SEC;
	tv->tv_usec = now % NS_PER_SEC / 1000;
	return 0;
}

int
settimeofday(const struct timeval *tv, const struct timezone *zone)
{
	(void)zone;
	return (int)__cm_result(cm_clock_set(CM_CLOCK_WALL,
	    tv->tv_sec * NS_PER_SEC + tv->tv_usec * 1000L));
}

int
clock_nanosleep(clockid_t id, int flags, const struct timespec *t,
    struct timespec *left)
{
	enum cm_clock clock;
	int64_t rest = 0;
	long r;

	if (!clock_of(id, &clock) || t->tv_nsec < 0 ||
	    t->tv_nsec >= NS_PER_SEC)
		return EINVAL;
	r = cm_clock_sleep(clock, __cm_ns(t),
	    flags & TIMER_ABSTIME ? CM_TIME_ABSOLUTE : 0, &rest);
	if (r == -CM_EINTR && left != NULL && (flags & TIMER_ABSTIME) == 0)
		*left = __cm_timespec(rest);
	return r < 0 ? __cm_errno(-r) : 0;
}

int
nanosleep(const struct timespec *t, struct timespec *left)
{
	int e = clock_nanosleep(CLOCK_MONOTONIC, 0, t, left);

	if (e != 0)
		errno = e;
	return e != 0 ? -1 : 0;
}

unsigned
sleep(unsigned seconds)
{
	struct timespec t = { seconds, 0 };

	if (nanosleep(&t, &t) < 0)
		return (unsigned)t.tv_sec + (t.tv_nsec >= NS_PER_SEC / 2);
	return 0;
}

int
usleep(useconds_t us)
{
	struct timespec t = { (time_t)(us / 1000000),
		(long)(us % 1000000) * 1000 };

	return nanosleep(&t, NULL);
}
