/*
 * The code of the vDSO for riscv64. It runs in user programs: no kernel
 * header, no global data, no relocation. Calls that it cannot answer itself
 * go to the kernel. Source: vdso(7), riscv functions.
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

int __vdso_clock_gettime(int clock, struct timespec *ts);
int __vdso_gettimeofday(struct timeval *tv, struct timezone *tz);
int __vdso_clock_getres(int clock, struct timespec *ts);
long __vdso_getcpu(unsigned *cpu, unsigned *node, void *unused);
long __vdso_flush_icache(void *start, void *end, unsigned long flags);

#define NS_PER_SEC 1000000000ul

#define CALL_CLOCK_GETTIME 113
#define CALL_CLOCK_GETRES  114
#define CALL_GETCPU        168
#define CALL_FLUSH_ICACHE  259

enum {
	CLOCK_REALTIME = 0, CLOCK_MONOTONIC = 1, CLOCK_MONOTONIC_RAW = 4,
	CLOCK_REALTIME_COARSE = 5, CLOCK_MONOTONIC_COARSE = 6,
	CLOCK_BOOTTIME = 7,
};

static long
call3(long nr, long a, long b, long c)
{
	register long a0 __asm__("a0") = a;
	register long a1 __asm__("a1") = b;
	register long a2 __asm__("a2") = c;
	register long a7 __asm__("a7") = nr;

	__asm__ volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a7)
	    : "memory");
	return a0;
}

/* The counter's scale never changes: no sequence to look at. */
static uint64_t
now(void)
{
	const struct lx_vdso_data *d = &vdso_data;
	uint64_t ticks;

	__asm__ volatile("rdtime %0" : "=r"(ticks));
	return (uint64_t)(((unsigned __int128)ticks * d->mult) >> d->shift);
}

static uint64_t
now_wall(void)
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
__vdso_clock_gettime(int clock, struct timespec *ts)
{
	uint64_t ns;

	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
		ns = now_wall();
		break;
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME:
		ns = now();
		break;
	default:
		return (int)call3(CALL_CLOCK_GETTIME, clock, (long)ts, 0);
	}
	ts->sec = (int64_t)(ns / NS_PER_SEC);
	ts->nsec = (int64_t)(ns % NS_PER_SEC);
	return 0;
}

int
__vdso_gettimeofday(struct timeval *tv, struct timezone *tz)
{
	uint64_t ns = now_wall();

	if (tv != 0) {
		tv->sec = (int64_t)(ns / NS_PER_SEC);
		tv->usec = (int64_t)(ns % NS_PER_SEC / 1000);
	}
	if (tz != 0)
		*tz = (struct timezone){ 0, 0 };
	return 0;
}

int
__vdso_clock_getres(int clock, struct timespec *ts)
{
	return (int)call3(CALL_CLOCK_GETRES, clock, (long)ts, 0);
}

long
__vdso_getcpu(unsigned *cpu, unsigned *node, void *unused)
{
	(void)unused;
	return call3(CALL_GETCPU, (long)cpu, (long)node, 0);
}

long
__vdso_flush_icache(void *start, void *end, unsigned long flags)
{
	return call3(
	    CALL_FLUSH_ICACHE, (long)start, (long)end, (long)flags);
}
