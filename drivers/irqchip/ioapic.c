/*
 * I/O APICs: each turns a range of global interrupt numbers into messages to
 * a CPU's local APIC. Number n arrives there as vector VECTOR_FIRST + n, which
 * the port dispatches and acknowledges itself, so there is nothing to ask the
 * chip for when an interrupt comes. All chips register as one.
 *
 * Trigger and polarity are ISA's (edge, high) below 16 and PCI's (level, low)
 * above, unless ACPI says otherwise.
 *
 * Source: Intel 82093AA data sheet, 3.2.
 * Context: enable and set_cpu under irqs.lock.
 */
#include <kernel/cpu.h>
#include <kernel/device.h>
#include <kernel/log.h>

#include <lib/acpi.h>

#include "apic_msi.h"

#define REG_SELECT  0x00u
#define REG_WINDOW  0x10u
#define REG_VERSION 0x01u
#define REG_LOW(n)  (0x10u + 2 * (n))
#define REG_HIGH(n) (0x11u + 2 * (n))

#define ENTRY_LOW    0x2000u
#define ENTRY_LEVEL  0x8000u
#define ENTRY_MASKED 0x10000u
#define VECTOR_FIRST 0x30u
#define IRQ_COUNT    192u /* vectors of devices */
#define ISA_IRQS     16u

struct ioapic {
	volatile void *regs;
	unsigned first, count;
};

static struct {
	struct ioapic chip[ACPI_IOAPICS_MAX]; /* [I] after start-up */
	unsigned count;
	uint8_t target[IRQ_COUNT]; /* irqs.lock: CPU */
} ioapics;

static uint32_t
ioapic_get(struct ioapic *c, unsigned reg)
{
	mmio_write32(c->regs, REG_SELECT, reg);
	return mmio_read32(c->regs, REG_WINDOW);
}

static void
ioapic_put(struct ioapic *c, unsigned reg, uint32_t v)
{
	mmio_write32(c->regs, REG_SELECT, reg);
	mmio_write32(c->regs, REG_WINDOW, v);
}

static struct ioapic *
chip_of(unsigned irq)
{
	for (unsigned i = 0; i < ioapics.count; i++) {
		struct ioapic *c = &ioapics.chip[i];

		if (irq >= c->first && irq - c->first < c->count &&
		    irq < IRQ_COUNT)
			return c;
	}
	return NULL;
}

static uint32_t
trigger_of(unsigned irq)
{
	const struct acpi_facts *f = boot_info.acpi;
	uint32_t usual = irq < ISA_IRQS ? 0 : ENTRY_LEVEL | ENTRY_LOW;

	for (unsigned i = 0; f != NULL && i < f->override_count; i++) {
		unsigned flags = f->override[i].flags;

		if (f->override[i].global != irq)
			continue;
		if ((flags & 3) != 0)
			usual = (flags & 3) == ACPI_ACTIVE_LOW ?
			    usual | ENTRY_LOW : usual & ~ENTRY_LOW;
		if ((flags & 12) != 0)
			usual = (flags & 12) == ACPI_LEVEL ?
			    usual | ENTRY_LEVEL : usual & ~ENTRY_LEVEL;
	}
	return usual;
}

static void
route(struct ioapic *c, unsigned irq, bool on)
{
	unsigned n = irq - c->first;
	uint32_t low = (VECTOR_FIRST + irq) | trigger_of(irq);

	/* Masked while the halves do not belong together. */
	ioapic_put(c, REG_LOW(n), low | ENTRY_MASKED);
	ioapic_put(c, REG_HIGH(n),
	    (uint32_t)boot_info.cpu_hwid[ioapics.target[irq]] << 24);
	if (on)
		ioapic_put(c, REG_LOW(n), low);
}

static void
ioapic_enable(void *chip UNUSED, unsigned irq, bool on)
{
	struct ioapic *c = chip_of(irq);

	if (c != NULL)
		route(c, irq, on);
}

static void
ioapic_set_cpu(void *chip UNUSED, unsigned irq, unsigned cpu)
{
	struct ioapic *c = chip_of(irq);
	bool on;

	if (c == NULL || cpu >= cpu_count)
		return;
	on = !(ioapic_get(c, REG_LOW(irq - c->first)) & ENTRY_MASKED);
	ioapics.target[irq] = (uint8_t)cpu;
	route(c, irq, on);
}

static void
ioapic_nothing(void *chip UNUSED)
{
}

static const struct irqchip_ops ioapic_ops = {
	.enable = ioapic_enable,
	.set_cpu = ioapic_set_cpu,
	.handle = ioapic_nothing,
	.init_cpu = ioapic_nothing,
};

static enum err
ioapic_probe(struct device *d)
{
	struct ioapic *c = &ioapics.chip[ioapics.count];
	uint32_t version;

	if (ioapics.count == ARRAY_LEN(ioapics.chip) || d->irq_count == 0)
		return ERR_NOSPC;
	c->regs = dev_map(d, 0);
	if (c->regs == NULL)
		return ERR_NOMEM;
	c->first = d->irqs[0];
	version = ioapic_get(c, REG_VERSION);
	if (version == UINT32_MAX)
		return ERR_NODEV;
	c->count = (version >> 16 & 0xff) + 1;
	for (unsigned i = 0; i < c->count; i++)
		ioapic_put(c, REG_LOW(i), ENTRY_MASKED);
	if (ioapics.count++ != 0)
		return OK;
	irqchip_register(&ioapic_ops, &ioapics);
	apic_msi_init();
	return OK;
}

static const struct dev_match ioapic_match[] = {
	{ .bus = "acpi", .id = "ioapic" },
	{ .bus = NULL },
};

static const struct driver ioapic = {
	.name = "ioapic",
	.match = ioapic_match,
	.state_size = 1, /* the chips are one controller, kept above */
	.probe = ioapic_probe,
	.order = 0,
};
DRIVER(ioapic);
