/*
 * The generic timer: its virtual counter and timer, which every hypervisor
 * leaves to us. The wall clock is read from a PL031.
 * Source: Arm ARM D11; PL031 TRM 3.3.1.
 */
#include <kernel/device.h>
#include <kernel/mm.h>

#include "../common/fdt_boot.h"
#include "arm64.h"

/* The first tick at which arch_time() is not before when. */
static uint64_t
ticks_of(ns_t when)
{
	uint64_t whole = when / arch_time_mult, rest = when % arch_time_mult;

	return (whole << arch_time_shift) + DIV_ROUND_UP(
	    rest << arch_time_shift, (uint64_t)arch_time_mult);
}

void
arch_timer_set(ns_t when)
{
	sysreg_write(cntv_cval_el0, when >= UINT64_MAX / 2 ? UINT64_MAX :
	    ticks_of(when));
	isb();
}

uint64_t
arch_wall_seconds(void)
{
	paddr_t base = fdt_boot_reg(boot_info.fdt, "arm,pl031");
	volatile void *regs;

	if (base == 0)
		return 0;
	regs = kmap_phys(base, PAGE_SIZE, PROT_READ | PROT_WRITE | PROT_DEVICE);
	return regs != NULL ? mmio_read32(regs, 0) : 0;
}
