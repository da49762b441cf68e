/*
 * The RISC-V advanced platform-level interrupt controller.
 *
 * Each hart has an interrupt delivery control (IDC) whose claim register
 * names the most urgent pending source. The M-mode domain is the firmware's;
 * it hands the sources down to the S-mode domain, which is the one whose
 * targets are S-mode external interrupts. Where harts have IMSICs, it sends
 * them messages instead: source n is message n, and after a level was handled
 * it has to be told to look at it again.
 *
 * Source: RISC-V Advanced Interrupt Architecture 1.0, chapter 4.
 * Context: handle runs with irqs off; enable and set_cpu under irqs.lock.
 */
#include <kernel/cpu.h>
#include <kernel/device.h>
#include <kernel/log.h>

#include <libfdt.h>

#include "hart_contexts.h"
#include "imsic.h"

#define APLIC_DOMAINCFG      0x0000u
#define APLIC_SOURCECFG(irq) (0x0000u + 4u * (irq))
#define APLIC_SETIENUM       0x1edcu
#define APLIC_INPUT(irq)     (0x1d00u + (irq) / 32 * 4)
#define APLIC_SETIPNUM_LE    0x2000u
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
	unsigned hart[CPU_MAX]; /* [I] index of each CPU's IDC or file */
	bool by_message; /* [I] */
	uint16_t target[IRQ_MAX]; /* irqs.lock: CPU of each source */
};

static void
aplic_set_target(struct aplic *a, unsigned irq, unsigned cpu)
{
	a->target[irq] = (uint16_t)cpu;
	mmio_write32(a->regs, APLIC_TARGET(irq),
	    a->hart[cpu] << TARGET_HART_SHIFT |
	    (a->by_message ? irq : PRIORITY));
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

static void
aplic_again(void *chip, unsigned irq)
{
	struct aplic *a = chip;

	/* The chip is to look by itself whether the level still stands, but
	 * QEMU before 9.0 does not. */
	if (irq <= a->sources &&
	    (mmio_read32(a->regs, APLIC_INPUT(irq)) >> irq % 32 & 1))
		mmio_write32(a->regs, APLIC_SETIPNUM_LE, irq);
}

static const struct imsic_wired aplic_wired = {
	.enable = aplic_enable,
	.set_cpu = aplic_set_cpu,
	.again = aplic_again,
};

static enum err
aplic_probe(struct device *d)
{
	struct aplic *a = d->state;
	unsigned len;
	const fdt32_t *count = dev_property(d, "riscv,num-sources", &len);

	if (hart_contexts_read(d, a->hart) < boot_info.cpu_count) {
		if (!imsic_is_parent(d, a->hart))
			return ERR_NOENT; /* the firmware's domain */
		a->by_message = true;
	}
	if (count == NULL || len != 4)
		return ERR_NODEV;
	a->regs = dev_map(d, 0);
	if (a->regs == NULL)
		return ERR_NOMEM;
	a->sources = MIN(fdt32_to_cpu(*count), IRQ_MAX - 1u);
	mmio_write32(a->regs, APLIC_DOMAINCFG,
	    DOMAINCFG_IE | (a->by_message ? DOMAINCFG_DM : 0));
	if (!(mmio_read32(a->regs, APLIC_DOMAINCFG) & DOMAINCFG_DM) ==
	    a->by_message)
		return ERR_NOTSUP;
	if (a->by_message) {
		a->sources = MIN(a->sources, IMSIC_WIRED_MAX);
		imsic_set_wired(&aplic_wired, a);
	} else {
		irqchip_register(&aplic_ops, a);
	}
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
	.order = 1, /* after the IMSICs, which may be its targets */
};
DRIVER(aplic);
