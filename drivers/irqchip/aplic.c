/*
 * The RISC-V advanced platform-level interrupt controller, direct delivery.
 *
 * Each hart has an interrupt delivery control (IDC) whose claim register
 * names the most urgent pending source. The M-mode domain is the firmware's;
 * it hands the sources down to the S-mode domain, which is the one whose
 * targets are S-mode external interrupts. A domain that delivers by message
 * (to an IMSIC) is refused.
 *
 * Source: RISC-V Advanced Interrupt Architecture 1.0, chapter 4.
 * Context: handle runs with irqs off; enable and set_cpu under irqs.lock.
 */
#include <kernel/cpu.h>
#include <kernel/device.h>
#include <kernel/log.h>

#include <libfdt.h>

#include "hart_contexts.h"

#define APLIC_DOMAINCFG      0x0000u
#define APLIC_SOURCECFG(irq) (0x0000u + 4u * (irq))
#define APLIC_SETIENUM       0x1edcu
#define APLIC_CLRIENUM       0x1fdcu
#define APLIC_TARGET(irq)    (0x3000u + 4u * (irq))
#define APLIC_IDC(hart)      (0x4000u + 32u * (hart))
#define IDC_IDELIVERY        0x00u
#define IDC_ITHRESHOLD       0x08u
#define IDC_CLAIMI           0x1cu

#define DOMAINCFG_IE         0x100u
#define DOMAINCFG_DM         0x004u /* deliver by message */
#define SOURCE_LEVEL_HIGH    6u
#define TARGET_HART_SHIFT    18u
#define PRIORITY             1u

struct aplic {
	volatile void *regs; /* [I] */
	unsigned sources; /* [I] */
	unsigned hart[CPU_MAX]; /* [I] index of each CPU's IDC */
	uint16_t target[IRQ_MAX]; /* irqs.lock: CPU of each source */
};

static void
aplic_set_target(struct aplic *a, unsigned irq, unsigned cpu)
{
	a->target[irq] = (uint16_t)cpu;
	mmio_write32(a->regs, APLIC_TARGET(irq),
	    a->hart[cpu] << TARGET_HART_SHIFT | PRIORITY);
}

static void
aplic_enable(void *chip, unsigned irq, bool on)
{
	struct aplic *a = chip;

	if (irq == 0 || irq > a->sources)
		return;
	if (on) {
		mmio_write32(a->regs, APLIC_SOURCECFG(irq), SOURCE_LEVEL_HIGH);
		aplic_set_target(a, irq, a->target[irq]);
	}
	mmio_write32(a->regs, on ? APLIC_SETIENUM : APLIC_CLRIENUM, irq);
}

static void
aplic_set_cpu(void *chip, unsigned irq, unsigned cpu)
{
	struct aplic *a = chip;

	if (irq != 0 && irq <= a->sources && cpu < cpu_count)
		aplic_set_target(a, irq, cpu);
}

static void
aplic_handle(void *chip)
{
	struct aplic *a = chip;
	size_t claim = APLIC_IDC(a->hart[cpu_id()]) + IDC_CLAIMI;

	/* A source that fires without end must not keep us for ever. */
	for (unsigned i = 0; i < 64; i++) {
		unsigned irq = mmio_read32(a->regs, claim) >> 16;

		if (irq == 0)
			return;
		irq_dispatch(irq);
	}
}

static void
aplic_init_cpu(void *chip)
{
	struct aplic *a = chip;
	size_t idc = APLIC_IDC(a->hart[cpu_id()]);

	mmio_write32(a->regs, idc + IDC_ITHRESHOLD, 0);
	mmio_write32(a->regs, idc + IDC_IDELIVERY, 1);
}

static const struct irqchip_ops aplic_ops = {
	.enable = aplic_enable,
	.set_cpu = aplic_set_cpu,
	.handle = aplic_handle,
	.init_cpu = aplic_init_cpu,
};

static enum err
aplic_probe(struct device *d)
{
	struct aplic *a = d->state;
	unsigned len;
	const fdt32_t *count = dev_property(d, "riscv,num-sources", &len);

	if (hart_contexts_read(d, a->hart) < boot_info.cpu_count)
		return ERR_NODEV; /* the firmware's domain, or by message */
	if (count == NULL || len != 4)
		return ERR_NODEV;
	a->regs = dev_map(d, 0);
	if (a->regs == NULL)
		return ERR_NOMEM;
	a->sources = MIN(fdt32_to_cpu(*count), IRQ_MAX - 1u);
	mmio_write32(a->regs, APLIC_DOMAINCFG, DOMAINCFG_IE);
	if (mmio_read32(a->regs, APLIC_DOMAINCFG) & DOMAINCFG_DM)
		return ERR_NOTSUP;
	irqchip_register(&aplic_ops, a);
	return OK;
}

static const struct dev_match aplic_match[] = {
	{ .bus = "fdt", .id = "riscv,aplic" },
	{ .bus = NULL },
};

static const struct driver aplic = {
	.name = "aplic",
	.match = aplic_match,
	.state_size = sizeof(struct aplic),
	.probe = aplic_probe,
	.order = 0,
};
DRIVER(aplic);
