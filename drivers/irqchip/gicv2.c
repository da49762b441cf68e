/*
 * The GICv2: a distributor, and an interface per CPU at one address.
 *
 * Shared interrupts go to the boot CPU; set_cpu moves them. All are level
 * triggered. Which bit of a target mask a CPU is, it reads in the first target
 * registers, which are its own.
 *
 * Source: Arm IHI 0048B, chapter 4; arm,gic binding.
 * Context: handle and ipi run with irqs off; enable and set_cpu under
 * irqs.lock.
 */
#include <kernel/cpu.h>

#include <arch_sysreg.h>

#include "gic.h"

#define GICD_SGIR  0xf00u /* target mask in bits 23:16, number in 3:0 */
#define GICC_CTLR  0x00u
#define GICC_PMR   0x04u
#define GICC_IAR   0x0cu
#define GICC_EOIR  0x10u
#define IAR_NUMBER 0x3ffu
#define HANDLE_MAX 64 /* one that fires without end must not keep us */

struct gicv2 {
	volatile void *dist, *cpu; /* [I] */
	unsigned count; /* [I] */
	uint8_t target[CPU_MAX]; /* [I] after that CPU's start; 0: not yet */
	uint32_t own; /* irqs.lock: interrupts below GIC_SPI that are on */
};

static void
gicv2_enable(void *chip, unsigned irq, bool on)
{
	struct gicv2 *g = chip;

	if (irq >= g->count)
		return;
	if (irq < GIC_SPI && on)
		g->own |= GIC_BIT(irq);
	else if (irq < GIC_SPI)
		g->own &= ~GIC_BIT(irq);
	mmio_write32(g->dist, on ? GICD_ISENABLER(irq) : GICD_ICENABLER(irq),
	    GIC_BIT(irq));
}

static void
gicv2_set_cpu(void *chip, unsigned irq, unsigned cpu)
{
	struct gicv2 *g = chip;

	if (irq >= GIC_SPI && irq < g->count && cpu < cpu_count)
		mmio_write8(g->dist, GICD_ITARGETSR(irq), g->target[cpu]);
}

static void
gicv2_handle(void *chip)
{
	struct gicv2 *g = chip;

	for (unsigned i = 0; i < HANDLE_MAX; i++) {
		uint32_t iar = mmio_read32(g->cpu, GICC_IAR);

		if ((iar & IAR_NUMBER) >= GIC_SPECIAL)
			return;
		gic_deliver(iar & IAR_NUMBER);
		mmio_write32(g->cpu, GICC_EOIR, iar);
	}
}

static void
gicv2_ipi(void *chip, uint64_t mask)
{
	struct gicv2 *g = chip;
	uint32_t targets = 0;

	for (unsigned i = 0; mask != 0; i++, mask >>= 1)
		if (mask & 1)
			targets |= g->target[i];
	dsb(ishst); /* what we wrote is seen by who gets it */
	mmio_write32(g->dist, GICD_SGIR, targets << 16 | GIC_SGI_IPI);
}

static void
gicv2_init_cpu(void *chip)
{
	struct gicv2 *g = chip;
	uint32_t own = g->own | GIC_BIT(GIC_SGI_IPI);

	/* One word holds this CPU's bit four times; with one CPU it may be
	 * empty. */
	g->target[cpu_id()] = (uint8_t)mmio_read32(g->dist, GICD_ITARGETSR(0));
	gic_quiet(g->dist, 0, GIC_SPI);
	mmio_write32(g->dist, GICD_ISENABLER(0), own);
	mmio_write32(g->cpu, GICC_PMR, 0xff);
	mmio_write32(g->cpu, GICC_CTLR, 1);
}

static void
gicv2_set_edge(void *chip, unsigned irq)
{
	struct gicv2 *g = chip;

	gic_set_edge(g->dist, irq);
}

static const struct irqchip_ops gicv2_ops = {
	.set_edge = gicv2_set_edge,
	.enable = gicv2_enable,
	.set_cpu = gicv2_set_cpu,
	.handle = gicv2_handle,
	.init_cpu = gicv2_init_cpu,
	.ipi = gicv2_ipi,
};

static enum err
gicv2_probe(struct device *d)
{
	struct gicv2 *g = d->state;
	uint32_t boot;

	g->dist = dev_map(d, 0);
	g->cpu = dev_map(d, 1);
	if (g->dist == NULL || g->cpu == NULL)
		return ERR_NODEV;
	g->count = gic_count(g->dist);
	mmio_write32(g->dist, GICD_CTLR, 0);
	boot = mmio_read32(g->dist, GICD_ITARGETSR(0)) & 0xff;
	gic_quiet(g->dist, GIC_SPI, g->count);
	for (unsigned n = GIC_SPI; n < g->count; n += 4)
		mmio_write32(g->dist, GICD_ITARGETSR(n),
		    boot * UINT32_C(0x01010101));
	for (unsigned n = GIC_SPI; n < g->count; n += 16)
		mmio_write32(g->dist, GICD_ICFGR(n), 0);
	mmio_write32(g->dist, GICD_CTLR, 1);
	irqchip_register(&gicv2_ops, g);
	return OK;
}

static const struct dev_match gicv2_match[] = {
	{ .bus = "fdt", .id = "arm,cortex-a15-gic" },
	{ .bus = "fdt", .id = "arm,gic-400" },
	{ .bus = NULL },
};

static const struct driver gicv2 = {
	.name = "gicv2",
	.match = gicv2_match,
	.state_size = sizeof(struct gicv2),
	.probe = gicv2_probe,
	.order = 0,
};
DRIVER(gicv2);
