/*
 * The code of the vDSO for aarch64. It runs in user programs: no kernel
 * header, no global data, no relocation. Calls that it cannot answer itself
 * go to the kernel. Source: vdso(7), aarch64 functions.
 */
#include "../../../vdso_data.h"

struct timespec {
	int64_t sec, nsec;
};
struct timeval {
	int64_t sec, usec;
};
struct timezone {
	int32_t minutes_west, dst;
};

/* The linker script places it one page before the object. */
extern const struct lx_vdso_data vdso_data
    __attribute__((visibility("hidden")));

int __kernel_clock_gettime(int clock, struct timespec *ts);
int __kernel_gettimeofday(struct timeval *tv, struct timezone *tz);
int __kernel_clock_getres(int clock, struct timespec *ts);

#define NS_PER_SEC 1000000000ul

#define CALL_CLOCK_GETTIME 113
#define CALL_CLOCK_GETRES  114

enum {
	CLOCK_REALTIME = 0, CLOCK_MONOTONIC = 1, CLOCK_MONOTONIC_RAW = 4,
	CLOCK_REALTIME_COARSE = 5, CLOCK_MONOTONIC_COARSE = 6,
	CLOCK_BOOTTIME = 7,
};

static long
call2(long nr, long a, long b)
{
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x8 __asm__("x8") = nr;

	__asm__ volatile("svc #0" : "+r"(x0) : "r"(x1), "r"(x8) : "memory");
	return x0;
}

static uint64_t
now(int is_wall)
{
	const struct lx_vdso_data *d = &vdso_data;
	uint64_t ticks, offset, ns;
	uint32_t seq;

	do {
		seq = atomic_load_explicit(&d->seq, memory_order_acquire);
		offset = d->wall_offset;
		atomic_thread_fence(memory_order_acquire);
	} while ((seq & 1) ||
	    atomic_load_explicit(&d->seq, memory_order_relaxed) != seq);
	/* The barrier keeps the counter from being read early. */
	__asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(ticks)
	    : : "memory");
	ns = (uint64_t)(((unsigned __int128)ticks * d->mult) >> d->shift);
	return is_wall ? ns + offset : ns;
}

int
__kernel_clock_gettime(int clock, struct timespec *ts)
{
	uint64_t ns;

	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
		ns = now(1);
		break;
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME:
		ns = now(0);
		break;
	default:
		return (int)call2(CALL_CLOCK_GETTIME, clock, (long)ts);
	}
	ts->sec = (int64_t)(ns / NS_PER_SEC);
	ts->nsec = (int64_t)(ns % NS_PER_SEC);
	return 0;
}

int
__kernel_gettimeofday(struct timeval *tv, struct timezone *tz)
{
	uint64_t ns = now(1);

	if (tv != 0) {
		tv->sec = (int64_t)(ns / NS_PER_SEC);
		tv->usec = (int64_t)(ns % NS_PER_SEC / 1000);
	}
	if (tz != 0)
		*tz = (struct timezone){ 0, 0 };
	return 0;
}

int
__kernel_clock_getres(int clock, struct timespec *ts)
{
	return (int)call2(CALL_CLOCK_GETRES, clock, (long)ts);
}
