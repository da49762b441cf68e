/*
 * The RISC-V platform-level interrupt controller.
 *
 * Each hart's S-mode is one "context" with its own enable bits, threshold and
 * claim register; which number a hart has stands in interrupts-extended.
 * Sources are enabled on the boot CPU; set_cpu moves them.
 *
 * Source: RISC-V PLIC 1.0.0, chapters 3-7; sifive,plic-1.0.0 binding.
 * Context: handle runs with irqs off; enable and set_cpu under irqs.lock.
 */
#include <kernel/cpu.h>
#include <kernel/device.h>
#include <kernel/log.h>

#include <libfdt.h>

#include "hart_contexts.h"

#define PLIC_PRIORITY(irq)     ((irq) * 4u)
#define PLIC_ENABLE(ctx, irq)  (0x2000u + (ctx) * 0x80u + (irq) / 32u * 4u)
#define PLIC_THRESHOLD(ctx)    (0x200000u + (ctx) * 0x1000u)
#define PLIC_CLAIM(ctx)        (0x200004u + (ctx) * 0x1000u)

struct plic {
	volatile void *regs; /* [I] */
	unsigned sources; /* [I] */
	unsigned context[CPU_MAX]; /* [I] */
	uint16_t target[IRQ_MAX]; /* irqs.lock: CPU of each source */
};

static void
plic_route(struct plic *p, unsigned irq, unsigned cpu, bool on)
{
	size_t reg = PLIC_ENABLE(p->context[cpu], irq);
	uint32_t bit = UINT32_C(1) << (irq % 32);
	uint32_t v = mmio_read32(p->regs, reg);

	mmio_write32(p->regs, reg, on ? v | bit : v & ~bit);
}

static void
plic_enable(void *chip, unsigned irq, bool on)
{
	struct plic *p = chip;

	if (irq == 0 || irq > p->sources)
		return;
	mmio_write32(p->regs, PLIC_PRIORITY(irq), on ? 1 : 0);
	plic_route(p, irq, p->target[irq], on);
}

static void
plic_set_cpu(void *chip, unsigned irq, unsigned cpu)
{
	struct plic *p = chip;

	if (irq == 0 || irq > p->sources || cpu >= cpu_count ||
	    p->context[cpu] == HART_NO_CONTEXT)
		return;
	plic_route(p, irq, p->target[irq], false);
	p->target[irq] = (uint16_t)cpu;
	plic_route(p, irq, cpu, true);
}

static void
plic_handle(void *chip)
{
	struct plic *p = chip;
	size_t claim = PLIC_CLAIM(p->context[cpu_id()]);

	/* A source that fires without end must not keep us for ever. */
	for (unsigned i = 0; i < 64; i++) {
		uint32_t irq = mmio_read32(p->regs, claim);

		if (irq == 0)
			return;
		irq_dispatch(irq);
		mmio_write32(p->regs, claim, irq);
	}
}

static void
plic_init_cpu(void *chip)
{
	struct plic *p = chip;

	if (p->context[cpu_id()] != HART_NO_CONTEXT)
		mmio_write32(
		    p->regs, PLIC_THRESHOLD(p->context[cpu_id()]), 0);
}

static const struct irqchip_ops plic_ops = {
	.enable = plic_enable,
	.set_cpu = plic_set_cpu,
	.handle = plic_handle,
	.init_cpu = plic_init_cpu,
};

static enum err
plic_probe(struct device *d)
{
	struct plic *p = d->state;
	unsigned len;
	const fdt32_t *ndev = dev_property(d, "riscv,ndev", &len);

	p->regs = dev_map(d, 0);
	if (p->regs == NULL || ndev == NULL || len != 4)
		return ERR_NODEV;
	p->sources = MIN(fdt32_to_cpu(*ndev), IRQ_MAX - 1u);
	/* A hart that is left out, or is not there, gets no interrupts. */
	if (hart_contexts_read(d, p->context) < boot_info.cpu_count)
		klog(LOG_WARN, "plic: not all harts have a context");
	if (p->context[0] == HART_NO_CONTEXT)
		return ERR_NODEV;
	for (unsigned i = 1; i <= p->sources; i++)
		mmio_write32(p->regs, PLIC_PRIORITY(i), 0);
	irqchip_register(&plic_ops, p);
	return OK;
}

static const struct dev_match plic_match[] = {
	{ .bus = "fdt", .id = "sifive,plic-1.0.0" },
	{ .bus = "fdt", .id = "riscv,plic0" },
	{ .bus = NULL },
};

static const struct driver plic = {
	.name = "plic",
	.match = plic_match,
	.state_size = sizeof(struct plic),
	.probe = plic_probe,
	.order = 0,
};
DRIVER(plic);
