/*
 * The time CSR and the timer: Sstc's stimecmp where the hart has it, the
 * firmware otherwise. The wall clock is read from a goldfish RTC.
 * Source: RISC-V Sstc 1.0; SBI 2.0, 6.1; QEMU goldfish_rtc.
 */
#include <kernel/device.h>
#include <kernel/mm.h>

#include "../common/fdt_boot.h"
#include "csr.h"

/* ticks = ns * tick_mult >> TICK_SHIFT; rounded up, so never early. */
#define TICK_SHIFT 38
static uint64_t tick_mult;

static uint64_t
ticks_of(ns_t when)
{
	if (UNLIKELY(tick_mult == 0))
		tick_mult = (riscv_isa.timebase << TICK_SHIFT) / NS_PER_SEC + 1;
	return (uint64_t)(((unsigned __int128)when * tick_mult) >> TICK_SHIFT);
}

void
arch_timer_set(ns_t when)
{
	uint64_t ticks = when >= UINT64_MAX / 2 ? UINT64_MAX :
	    ticks_of(when) + 1;

	if (riscv_isa.sstc)
		csr_write(0x14d, ticks);
	else
		sbi_call(SBI_EXT_TIME, 0, ticks, 0, 0);
}

uint64_t
arch_wall_seconds(void)
{
	paddr_t base = fdt_boot_reg(boot_info.fdt, "google,goldfish-rtc");
	volatile void *regs;
	uint64_t low, ns;

	if (base == 0)
		return 0;
	regs = kmap_phys(base, PAGE_SIZE, PROT_READ | PROT_WRITE | PROT_DEVICE);
	if (regs == NULL)
		return 0;
	low = mmio_read32(regs, 0); /* latches the high half */
	ns = (uint64_t)mmio_read32(regs, 4) << 32 | low;
	return ns / NS_PER_SEC;
}
