/*
 * The code of the vDSO for x86_64. It runs in user programs: no kernel
 * header, no global data, no relocation. Calls that it cannot answer itself
 * go to the kernel. Source: vdso(7), x86-64 functions.
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
int64_t __vdso_time(int64_t *out);

#define NS_PER_SEC 1000000000ul

#define CALL_CLOCK_GETTIME 228
#define CALL_CLOCK_GETRES  229

/* A segment whose limit is the CPU's number (arch/x86_64/desc.c). */
#define CPU_SEL 0x7b

enum {
	CLOCK_REALTIME = 0, CLOCK_MONOTONIC = 1, CLOCK_MONOTONIC_RAW = 4,
	CLOCK_REALTIME_COARSE = 5, CLOCK_MONOTONIC_COARSE = 6,
	CLOCK_BOOTTIME = 7,
};

static long
call2(long nr, long a, long b)
{
	long ret;

	__asm__ volatile("syscall" : "=a"(ret) : "0"(nr), "D"(a), "S"(b)
	    : "rcx", "r11", "memory");
	return ret;
}

static uint64_t
now(int is_wall)
{
	const struct lx_vdso_data *d = &vdso_data;
	uint32_t seq, low, high;
	uint64_t offset, ns;

	do {
		seq = atomic_load_explicit(&d->seq, memory_order_acquire);
		offset = d->wall_offset;
		atomic_thread_fence(memory_order_acquire);
	} while ((seq & 1) ||
	    atomic_load_explicit(&d->seq, memory_order_relaxed) != seq);
	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	ns = (uint64_t)(((unsigned __int128)((uint64_t)high << 32 | low) *
	    d->mult) >> d->shift);
	return is_wall ? ns + offset : ns;
}

int
__vdso_clock_gettime(int clock, struct timespec *ts)
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
__vdso_gettimeofday(struct timeval *tv, struct timezone *tz)
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
__vdso_clock_getres(int clock, struct timespec *ts)
{
	return (int)call2(CALL_CLOCK_GETRES, clock, (long)ts);
}

int64_t
__vdso_time(int64_t *out)
{
	int64_t sec = (int64_t)(now(1) / NS_PER_SEC);

	if (out != 0)
		*out = sec;
	return sec;
}

long
__vdso_getcpu(unsigned *cpu, unsigned *node, void *unused)
{
	unsigned number;

	(void)unused;
	__asm__ volatile("lsl %1, %0" : "=r"(number) : "r"(CPU_SEL) : "cc");
	if (cpu != 0)
		*cpu = number;
	if (node != 0)
		*node = 0;
	return 0;
}

/* Under their plain names, too. */
#define ALIAS(name) __attribute__((weak, alias("__vdso_" #name)))
int clock_gettime(int clock, struct timespec *ts) ALIAS(clock_gettime);
int clock_getres(int clock, struct timespec *ts) ALIAS(clock_getres);
int gettimeofday(struct timeval *tv, struct timezone *tz) ALIAS(gettimeofday);
int64_t time(int64_t *out) ALIAS(time);
long getcpu(unsigned *cpu, unsigned *node, void *unused) ALIAS(getcpu);
