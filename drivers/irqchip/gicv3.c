/*
 * The GICv3: a distributor for shared interrupts, a redistributor per CPU for
 * its own, and an interface of system registers.
 *
 * Shared interrupts go to the boot CPU; set_cpu moves them. All are level
 * triggered. Message-signalled ones are the ITS's (gicv3_its.c).
 *
 * Source: Arm IHI 0069G, chapters 4, 12; arm,gic-v3 binding.
 * Context: handle and ipi run with irqs off; enable and set_cpu under
 * irqs.lock.
 */
#include <kernel/cpu.h>
#include <kernel/log.h>
#include <kernel/time.h>

#include <arch_sysreg.h>

#include "gic.h"

#define CTLR_GROUP1  0x02u /* of the non-secure world */
#define CTLR_ARE     0x10u
#define CTLR_RWP     (UINT32_C(1) << 31) /* a write is on its way */
#define GICD_IROUTER(n) (0x6000u + (n) * 8u)

#define GICR_CTLR    0x000u
#define GICR_TYPER   0x008u
#define GICR_WAKER   0x014u
#define GICR_SGI     0x10000u /* the frame with registers as GICD's */
#define GICR_BYTES   0x20000u
#define GICR_RWP     0x08u
#define TYPER_LAST   0x10u /* the last redistributor of the region */
#define TYPER_VLPIS  0x02u /* its redistributors take four frames */
#define WAKER_SLEEP  0x2u
#define WAKER_CHILDREN 0x4u

#define ICC_PMR_EL1     s3_0_c4_c6_0
#define ICC_SGI1R_EL1   s3_0_c12_c11_5
#define ICC_IAR1_EL1    s3_0_c12_c12_0
#define ICC_EOIR1_EL1   s3_0_c12_c12_1
#define ICC_BPR1_EL1    s3_0_c12_c12_3
#define ICC_CTLR_EL1    s3_0_c12_c12_4
#define ICC_SRE_EL1     s3_0_c12_c12_5
#define ICC_IGRPEN1_EL1 s3_0_c12_c12_7
/* One level of macros more, so that the names above are replaced. */
#define icc_read(reg)     sysreg_read(reg)
#define icc_write(reg, v) sysreg_write(reg, v)

#define WAIT_LIMIT (100 * NS_PER_MS)
#define HANDLE_MAX 64 /* one that fires without end must not keep us */

struct gicv3 {
	volatile void *dist; /* [I] */
	unsigned count; /* [I] */
	volatile void *redist[CPU_MAX]; /* [I] NULL: that CPU has none */
	uint32_t own; /* irqs.lock: interrupts below GIC_SPI that are on */
};

static struct gicv3 *the_gic; /* [I] after probe */
static paddr_t redist_phys[CPU_MAX]; /* [I] */

volatile void *
gicv3_redist(unsigned cpu)
{
	return the_gic != NULL ? the_gic->redist[cpu] : NULL;
}

paddr_t
gicv3_redist_phys(unsigned cpu)
{
	return redist_phys[cpu];
}

/* Waits until a bit of a register is clear. */
static bool
wait_clear(volatile void *regs, size_t reg, uint32_t bit)
{
	ns_t limit = arch_time() + WAIT_LIMIT;

	while (mmio_read32(regs, reg) & bit)
		if (arch_time() > limit)
			return false;
	return true;
}

static void
gicv3_enable(void *chip, unsigned irq, bool on)
{
	struct gicv3 *g = chip;
	size_t reg = on ? GICD_ISENABLER(irq) : GICD_ICENABLER(irq);

	if (irq >= g->count)
		return;
	if (irq >= GIC_SPI) {
		mmio_write32(g->dist, reg, GIC_BIT(irq));
		if (!on)
			(void)wait_clear(g->dist, GICD_CTLR, CTLR_RWP);
		return;
	}
	if (on)
		g->own |= GIC_BIT(irq);
	else
		g->own &= ~GIC_BIT(irq);
	mmio_write32(g->redist[cpu_id()], GICR_SGI + reg, GIC_BIT(irq));
}

/* The affinity fields of a CPU as IROUTER has them. */
static uint64_t
affinity(unsigned cpu)
{
	return boot_info.cpu_hwid[cpu] & UINT64_C(0xff00ffffff);
}

static void
route(struct gicv3 *g, unsigned irq, unsigned cpu)
{
	uint64_t a = affinity(cpu);

	mmio_write32(g->dist, GICD_IROUTER(irq), (uint32_t)a);
	mmio_write32(g->dist, GICD_IROUTER(irq) + 4, (uint32_t)(a >> 32));
}

static void
gicv3_set_cpu(void *chip, unsigned irq, unsigned cpu)
{
	struct gicv3 *g = chip;

	if (irq >= GIC_SPI && irq < g->count && cpu < cpu_count)
		route(g, irq, cpu);
}

static void
gicv3_handle(void *chip UNUSED)
{
	for (unsigned i = 0; i < HANDLE_MAX; i++) {
		uint64_t irq = icc_read(ICC_IAR1_EL1);

		dsb(sy); /* the device's registers are read after this */
		if (irq >= GIC_SPECIAL && irq < GIC_LPI)
			return;
		gic_deliver((unsigned)irq);
		icc_write(ICC_EOIR1_EL1, irq);
		isb();
	}
}

/* SGI1R takes the CPUs of one cluster (all fields but Aff0) at once. */
static void
gicv3_ipi(void *chip UNUSED, uint64_t mask)
{
	dsb(ishst); /* what we wrote is seen by who gets it */
	while (mask != 0) {
		unsigned cpu = (unsigned)__builtin_ctzll(mask);
		uint64_t a = affinity(cpu), list = 0;

		for (unsigned i = cpu; i < CPU_MAX; i++) {
			uint64_t b = affinity(i);

			if ((mask >> i & 1) == 0 || (a ^ b) >> 4 != 0)
				continue;
			list |= UINT64_C(1) << (b & 0xf);
			mask &= ~(UINT64_C(1) << i);
		}
		icc_write(ICC_SGI1R_EL1, (a >> 32 & 0xff) << 48 |
		    (a >> 4 & 0xf) << 44 | (a >> 16 & 0xff) << 32 |
		    (uint64_t)GIC_SGI_IPI << 24 | (a >> 8 & 0xff) << 16 | list);
	}
	isb();
}

static void
gicv3_init_cpu(void *chip)
{
	struct gicv3 *g = chip;
	volatile char *r = g->redist[cpu_id()];
	volatile char *sgi = r + GICR_SGI;

	if (r == NULL) {
		klog(LOG_WARN, "gicv3: cpu %u has no redistributor", cpu_id());
		arch_halt();
	}
	mmio_write32(r, GICR_WAKER,
	    mmio_read32(r, GICR_WAKER) & ~WAKER_SLEEP);
	if (!wait_clear(r, GICR_WAKER, WAKER_CHILDREN)) {
		klog(LOG_WARN, "gicv3: cpu %u's redistributor sleeps",
		    cpu_id());
		arch_halt();
	}
	gic_quiet(sgi, 0, GIC_SPI);
	mmio_write32(sgi, GICD_IGROUPR(0), UINT32_MAX);
	(void)wait_clear(r, GICR_CTLR, GICR_RWP);
	mmio_write32(sgi, GICD_ISENABLER(0), g->own | GIC_BIT(GIC_SGI_IPI));
	icc_write(ICC_SRE_EL1, icc_read(ICC_SRE_EL1) | 1);
	isb();
	icc_write(ICC_PMR_EL1, 0xff);
	icc_write(ICC_BPR1_EL1, 0);
	icc_write(ICC_CTLR_EL1, 0); /* a write to EOIR also deactivates */
	icc_write(ICC_IGRPEN1_EL1, 1);
	isb();
}

static void
gicv3_set_edge(void *chip, unsigned irq)
{
	struct gicv3 *g = chip;

	gic_set_edge(g->dist, irq);
}

static const struct irqchip_ops gicv3_ops = {
	.set_edge = gicv3_set_edge,
	.enable = gicv3_enable,
	.set_cpu = gicv3_set_cpu,
	.handle = gicv3_handle,
	.init_cpu = gicv3_init_cpu,
	.ipi = gicv3_ipi,
};

/* ---- probing ------------------------------------------------------------ */

/* The CPU whose affinity TYPER's upper word has; CPU_MAX: none of ours. */
static unsigned
cpu_of(uint32_t upper)
{
	unsigned i;

	for (i = 0; i < boot_info.cpu_count; i++) {
		uint64_t a = affinity(i);

		if (((uint32_t)(a >> 32) << 24 | (uint32_t)a) == upper)
			return i;
	}
	return CPU_MAX;
}

/* Maps the redistributors of one region one by one: it has room for many more
 * than there are. False: out of memory. */
static bool
map_redists(struct gicv3 *g, paddr_t at, paddr_t end)
{
	uint32_t typer = 0;

	while (at + GICR_BYTES <= end && !(typer & TYPER_LAST)) {
		volatile void *r = kmap_phys(at, GICR_BYTES,
		    PROT_READ | PROT_WRITE | PROT_DEVICE);
		unsigned cpu;

		if (r == NULL)
			return false;
		typer = mmio_read32(r, GICR_TYPER);
		cpu = cpu_of(mmio_read32(r, GICR_TYPER + 4));
		if (cpu < CPU_MAX)
			g->redist[cpu] = r;
		if (cpu < CPU_MAX)
			redist_phys[cpu] = at;
		else
			kunmap((void *)(uintptr_t)r, GICR_BYTES);
		at += typer & TYPER_VLPIS ? 2 * GICR_BYTES : GICR_BYTES;
	}
	return true;
}

static enum err
gicv3_probe(struct device *d)
{
	struct gicv3 *g = d->state;

	for (unsigned i = 1; i < d->mmio_count; i++)
		if (!map_redists(g, d->mmio[i].base,
		    d->mmio[i].base + d->mmio[i].size))
			return ERR_NOMEM;
	g->dist = dev_map(d, 0);
	if (g->dist == NULL || g->redist[0] == NULL)
		return ERR_NODEV;
	g->count = gic_count(g->dist);
	mmio_write32(g->dist, GICD_CTLR, 0);
	if (!wait_clear(g->dist, GICD_CTLR, CTLR_RWP))
		return ERR_IO;
	gic_quiet(g->dist, GIC_SPI, g->count);
	for (unsigned n = GIC_SPI; n < g->count; n += 32)
		mmio_write32(g->dist, GICD_IGROUPR(n), UINT32_MAX);
	for (unsigned n = GIC_SPI; n < g->count; n += 16)
		mmio_write32(g->dist, GICD_ICFGR(n), 0);
	mmio_write32(g->dist, GICD_CTLR, CTLR_ARE | CTLR_GROUP1);
	if (!wait_clear(g->dist, GICD_CTLR, CTLR_RWP))
		return ERR_IO;
	for (unsigned n = GIC_SPI; n < g->count; n++)
		route(g, n, 0);
	the_gic = g;
	irqchip_register(&gicv3_ops, g);
	return OK;
}

static const struct dev_match gicv3_match[] = {
	{ .bus = "fdt", .id = "arm,gic-v3" },
	{ .bus = NULL },
};

static const struct driver gicv3 = {
	.name = "gicv3",
	.match = gicv3_match,
	.state_size = sizeof(struct gicv3),
	.probe = gicv3_probe,
	.order = 0,
};
DRIVER(gicv3);
