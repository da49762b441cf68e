/*
 * What the vDSO of x86_64 has beside clocks. Source: vdso(7), x86-64
 * functions.
 */
#include "../../../vdso/clock.h"

/* A segment whose limit is the CPU's number (arch/x86_64/desc.c). */
#define CPU_SEL 0x7b

int64_t __vdso_time(int64_t *out);
long __vdso_getcpu(unsigned *cpu, unsigned *node, void *unused);

int64_t
__vdso_time(int64_t *out)
{
	int64_t sec = (int64_t)(vdso_now_wall() / NS_PER_SEC);

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
