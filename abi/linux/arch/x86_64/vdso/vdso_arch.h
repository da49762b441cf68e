/*
 * x86_64's part of the vDSO's clocks.
 */
#pragma once

#include <stdint.h>

#define VDSO_NAME(name) __vdso_##name

#define CALL_CLOCK_GETTIME 228
#define CALL_CLOCK_GETRES  229

static inline long
vdso_call(long nr, long a, long b, long c)
{
	long ret;

	__asm__ volatile("syscall" : "=a"(ret)
	    : "0"(nr), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
	return ret;
}

static inline uint64_t
vdso_counter(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}
