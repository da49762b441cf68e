/* SPDX-License-Identifier: MIT */
/*
 * The GICv2m frame: a register whose writes raise shared interrupts of the
 * GIC, a range of which is for messages. They move as all shared ones do.
 *
 * Source: Arm Server Base System Architecture 2.3, appendix E.
 */
#include <kernel/device.h>

#define MSI_TYPER  0x008u
#define MSI_SETSPI 0x040u

struct gicv2m {
	paddr_t setspi; /* [I] */
	struct msi_numbers numbers; /* msi.lock */
};

static enum err
gicv2m_alloc(void *chip, struct msi_request *r)
{
	struct gicv2m *g = chip;
	enum err e = msi_number_take(&g->numbers, &r->irq);

	if (e != OK)
		return e;
	irq_set_edge(r->irq);
	irq_set_cpu(r->irq, r->cpu);
	r->message = (struct msi_message){ g->setspi, r->irq };
	return OK;
}

static void
gicv2m_free(void *chip, unsigned irq)
{
	struct gicv2m *g = chip;

	msi_number_give(&g->numbers, irq);
}

static enum err
gicv2m_move(void *chip, unsigned irq, unsigned cpu, struct msi_message *out)
{
	struct gicv2m *g = chip;

	irq_set_cpu(irq, cpu);
	*out = (struct msi_message){ g->setspi, irq };
	return OK;
}

static const struct msi_ops gicv2m_ops = {
	.alloc = gicv2m_alloc,
	.free = gicv2m_free,
	.move = gicv2m_move,
};

static enum err
gicv2m_probe(struct device *d)
{
	struct gicv2m *g = d->state;
	volatile void *regs = dev_map(d, 0);
	uint32_t typer;

	if (regs == NULL)
		return ERR_NODEV;
	typer = mmio_read32(regs, MSI_TYPER);
	g->setspi = d->mmio[0].base + MSI_SETSPI;
	g->numbers.first = typer >> 16 & 0x3ff;
	g->numbers.count = MIN(typer & 0x3ff, MSI_NUMBERS_MAX);
	if (g->numbers.count == 0 || g->numbers.first < 32 ||
	    g->numbers.first + g->numbers.count > IRQ_MSI)
		return ERR_INVAL;
	msi_register(&gicv2m_ops, g);
	return OK;
}

static const struct dev_match gicv2m_match[] = {
	{ .bus = "fdt", .id = "arm,gic-v2m-frame" },
	{ .bus = NULL },
};

static const struct driver gicv2m = {
	.name = "gicv2m",
	.match = gicv2m_match,
	.state_size = sizeof(struct gicv2m),
	.probe = gicv2m_probe,
	.order = 1,
};
DRIVER(gicv2m);
