/*
 * The distributor, which GICv2 and GICv3 have in common, and how interrupt
 * numbers are divided. Source: Arm IHI 0048B (GICv2), IHI 0069G (GICv3).
 */
#pragma once

#include <kernel/device.h>

#define GIC_SGIS    16u /* 0..15: software-generated, per CPU */
#define GIC_SPI     32u /* 16..31: of one CPU; from here on shared */
#define GIC_SPECIAL 1020u /* from here on: nothing is pending */
#define GIC_LPI     8192u /* from here on: interrupts of memory (ITS) */
#define GIC_SGI_IPI 0u /* the one that arch_ipi() sends */

#define GICD_CTLR         0x000u
#define GICD_TYPER        0x004u
#define GICD_IGROUPR(n)   (0x080u + (n) / 32u * 4u)
#define GICD_ISENABLER(n) (0x100u + (n) / 32u * 4u)
#define GICD_ICENABLER(n) (0x180u + (n) / 32u * 4u)
#define GICD_IPRIORITYR(n) (0x400u + (n))
#define GICD_ITARGETSR(n) (0x800u + (n))
#define GICD_ICFGR(n)     (0xc00u + (n) / 16u * 4u)
#define GIC_BIT(n)        (UINT32_C(1) << (n) % 32u)
#define GIC_PRIORITY      0xa0u /* one for all */

/* Interrupts that the chip has: shared ones are below this number. */
static inline unsigned
gic_count(const volatile void *dist)
{
	return MIN((mmio_read32(dist, GICD_TYPER) % 32u + 1) * 32u,
	    MIN(GIC_SPECIAL, IRQ_MAX));
}

/* Interrupts [from, to), multiples of 32, off and at the one priority. */
static inline void
gic_quiet(volatile void *regs, unsigned from, unsigned to)
{
	for (unsigned n = from; n < to; n += 32)
		mmio_write32(regs, GICD_ICENABLER(n), UINT32_MAX);
	for (unsigned n = from; n < to; n += 4)
		mmio_write32(regs, GICD_IPRIORITYR(n),
		    GIC_PRIORITY * UINT32_C(0x01010101));
}

/* irq, a shared one, is an edge. */
static inline void
gic_set_edge(volatile void *dist, unsigned irq)
{
	uint32_t v = mmio_read32(dist, GICD_ICFGR(irq));

	mmio_write32(dist, GICD_ICFGR(irq),
	    v | UINT32_C(2) << irq % 16 * 2);
}

/* What handle does with one interrupt. */
static inline void
gic_deliver(unsigned n)
{
	if (n < GIC_SGIS)
		trap_ipi();
	else if (n >= GIC_LPI)
		irq_dispatch(MIN(IRQ_MSI + (n - GIC_LPI), IRQ_MAX));
	else
		irq_dispatch(n);
}

/* For the ITS: the redistributor of a CPU; NULL: there is none. */
volatile void *gicv3_redist(unsigned cpu);
paddr_t gicv3_redist_phys(unsigned cpu);
