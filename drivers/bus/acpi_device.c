/*
 * Devices of machines with ACPI: what the static tables name, and the PC's
 * serial ports, which only AML describes. Their places are fixed since the
 * first PC; a driver finds out by itself whether one is there.
 *
 * Source: ACPI 6.4, 5.2.12; PCI firmware 3.2, 4.1.2.
 */
#include <kernel/log.h>

#include <lib/acpi.h>
#include <lib/fmt.h>

#include "firmware_device.h"

#define IOAPIC_BYTES 0x20u
#define COM_BYTES    8u
#define ECAM_BUS     (UINT64_C(1) << 20) /* bytes per bus */
#define PHYS_END     (UINT64_C(1) << 52)

/* A device with one register range at base; NULL: out of memory. */
static struct device *
create(const char *id, unsigned number, paddr_t base, uint64_t size)
{
	struct device *d;
	char name[32];

	snprintf(name, sizeof(name), "%s%u", id, number);
	d = device_create(NULL, "acpi", name);
	if (d == NULL) {
		klog(LOG_WARN, "acpi: out of memory for devices");
		return NULL;
	}
	d->compatible[0] = id;
	d->mmio[0].base = base;
	d->mmio[0].size = size;
	d->mmio_count = size != 0;
	return d;
}

/* The global number of an ISA interrupt. */
static unsigned
isa_irq(const struct acpi_facts *f, unsigned irq)
{
	for (unsigned i = 0; i < f->override_count; i++)
		if (f->override[i].irq == irq)
			return f->override[i].global;
	return irq;
}

static void
create_serial(const struct acpi_facts *f)
{
	static const struct { uint16_t port; uint8_t irq; } com[] = {
		{ 0x3f8, 4 }, { 0x2f8, 3 }, { 0x3e8, 4 }, { 0x2e8, 3 },
	};

	for (unsigned i = 0; i < ARRAY_LEN(com); i++) {
		struct device *d = create("isa-serial", i, 0, 0);

		if (d == NULL)
			return;
		d->port = com[i].port;
		d->port_count = COM_BYTES;
		d->irqs[0] = isa_irq(f, com[i].irq);
		d->irq_count = 1;
	}
}

/* Registers lie neither in RAM nor beyond what a table entry can address. */
static bool
ecam_can_be(const struct acpi_ecam *e)
{
	uint64_t start = e->base + e->first * ECAM_BUS;
	uint64_t end = e->base + (e->last + 1u) * ECAM_BUS;

	if (e->last < e->first || e->base == 0 || end <= e->base ||
	    end > PHYS_END)
		return false;
	for (unsigned i = 0; i < boot_info.ram_count; i++) {
		const struct boot_range *r = &boot_info.ram[i];

		if (start < r->start + r->size && end > r->start)
			return false;
	}
	return true;
}

/* Without a sound entry there are the ports. */
static void
create_pci(const struct acpi_facts *f)
{
	unsigned made = 0;

	for (unsigned i = 0; i < f->ecam_count; i++) {
		const struct acpi_ecam *e = &f->ecam[i];

		if (!ecam_can_be(e)) {
			klog(LOG_WARN, "acpi: MCFG: configuration space of "
			    "segment %u at %lx cannot be", e->segment,
			    (unsigned long)e->base);
			continue;
		}
		/* The base is bus 0's, whichever the first one is. */
		(void)create("pci-ecam", i, e->base + e->first * ECAM_BUS,
		    (e->last - e->first + 1u) * ECAM_BUS);
		made++;
	}
	if (made == 0)
		(void)create("pci-ports", 0, 0, 0);
}

void
acpi_devices_create(const struct acpi_facts *f)
{
	struct device *d;

	for (unsigned i = 0; i < f->ioapic_count; i++) {
		d = create("ioapic", i, f->ioapic[i].address, IOAPIC_BYTES);
		if (d == NULL)
			return;
		d->irqs[0] = f->ioapic[i].first;
		d->irq_count = 1;
	}
	create_serial(f);
	create_pci(f);
}
