/*
 * aarch64's part of the vDSO's clocks.
 */
#pragma once

#include <stdint.h>

#define VDSO_NAME(name) __kernel_##name

#define CALL_CLOCK_GETTIME 113
#define CALL_CLOCK_GETRES  114

static inline long
vdso_call(long nr, long a, long b, long c)
{
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x8 __asm__("x8") = nr;

	__asm__ volatile("svc #0" : "+r"(x0) : "r"(x1), "r"(x2), "r"(x8)
	    : "memory");
	return x0;
}

/* The barrier keeps the counter from being read early. */
static inline uint64_t
vdso_counter(void)
{
	uint64_t ticks;

	__asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(ticks)
	    : : "memory");
	return ticks;
}
