/*
 * The clocks of the vDSO. It runs in user programs: no kernel header, no
 * global data, no relocation. Calls that it cannot answer itself go to the
 * kernel. vdso_arch.h, the port's, has the names that its C libraries look
 * for, the counter, and how a call is made.
 *
 * Source: vdso(7).
 */
#include "clock.h"

/* The linker script places it one page before the object. */
extern const struct lx_vdso_data vdso_data
    __attribute__((visibility("hidden")));

int VDSO_NAME(clock_gettime)(int clock, struct timespec *ts);
int VDSO_NAME(gettimeofday)(struct timeval *tv, struct timezone *tz);
int VDSO_NAME(clock_getres)(int clock, struct timespec *ts);

enum {
	CLOCK_REALTIME = 0, CLOCK_MONOTONIC = 1, CLOCK_MONOTONIC_RAW = 4,
	CLOCK_REALTIME_COARSE = 5, CLOCK_MONOTONIC_COARSE = 6,
	CLOCK_BOOTTIME = 7,
};

/* The counter's scale never changes: no sequence to look at. */
static inline uint64_t
now(void)
{
	const struct lx_vdso_data *d = &vdso_data;

	return (uint64_t)(((unsigned __int128)vdso_counter() * d->mult) >>
	    d->shift);
}

uint64_t
vdso_now_wall(void)
{
	const struct lx_vdso_data *d = &vdso_data;
	uint64_t offset;
	uint32_t seq;

	do {
		seq = atomic_load_explicit(&d->seq, memory_order_acquire);
		offset = d->wall_offset;
		atomic_thread_fence(memory_order_acquire);
	} while ((seq & 1) ||
	    atomic_load_explicit(&d->seq, memory_order_relaxed) != seq);
	return now() + offset;
}

int
VDSO_NAME(clock_gettime)(int clock, struct timespec *ts)
{
	uint64_t ns;

	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
		ns = vdso_now_wall();
		break;
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME:
		ns = now();
		break;
	default:
		return (int)vdso_call(CALL_CLOCK_GETTIME, clock, (long)ts, 0);
	}
	ts->sec = (int64_t)(ns / NS_PER_SEC);
	ts->nsec = (int64_t)(ns % NS_PER_SEC);
	return 0;
}

int
VDSO_NAME(gettimeofday)(struct timeval *tv, struct timezone *tz)
{
	uint64_t ns = vdso_now_wall();

	if (tv != 0) {
		tv->sec = (int64_t)(ns / NS_PER_SEC);
		tv->usec = (int64_t)(ns % NS_PER_SEC / 1000);
	}
	if (tz != 0)
		*tz = (struct timezone){ 0, 0 };
	return 0;
}

int
VDSO_NAME(clock_getres)(int clock, struct timespec *ts)
{
	return (int)vdso_call(CALL_CLOCK_GETRES, clock, (long)ts, 0);
}
