/*
 * What the vDSO of riscv64 has beside clocks. Source: vdso(7), riscv
 * functions.
 */
#include "../../../vdso/clock.h"

#define CALL_GETCPU       168
#define CALL_FLUSH_ICACHE 259

long __vdso_getcpu(unsigned *cpu, unsigned *node, void *unused);
long __vdso_flush_icache(void *start, void *end, unsigned long flags);

long
__vdso_getcpu(unsigned *cpu, unsigned *node, void *unused)
{
	(void)unused;
	return vdso_call(CALL_GETCPU, (long)cpu, (long)node, 0);
}

long
__vdso_flush_icache(void *start, void *end, unsigned long flags)
{
	return vdso_call(
	    CALL_FLUSH_ICACHE, (long)start, (long)end, (long)flags);
}
