/*
 * riscv64's part of the vDSO's clocks.
 */
#pragma once

#include <stdint.h>

#define VDSO_NAME(name) __vdso_##name

#define CALL_CLOCK_GETTIME 113
#define CALL_CLOCK_GETRES  114

static inline long
vdso_call(long nr, long a, long b, long c)
{
	register long a0 __asm__("a0") = a;
	register long a1 __asm__("a1") = b;
	register long a2 __asm__("a2") = c;
	register long a7 __asm__("a7") = nr;

	__asm__ volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a7)
	    : "memory");
	return a0;
}

static inline uint64_t
vdso_counter(void)
{
	uint64_t ticks;

	__asm__ volatile("rdtime %0" : "=r"(ticks));
	return ticks;
}
