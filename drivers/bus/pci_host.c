/* SPDX-License-Identifier: MIT */
/*
 * Host bridges: what the tables say, as one record.
 *
 * FDT (pci-host-ecam-generic): the register block is configuration space,
 * "ranges" are the windows, "interrupt-map" the lines. ACPI: MCFG has
 * configuration space; windows and lines stand in AML, which is not run, so
 * that the firmware's addresses are kept, windows are the usual holes of a
 * PC, and lines those of the chip set where it is known (Intel's Q35), else
 * what the firmware wrote to each function's line register. PCs without MCFG
 * have a pair of ports.
 *
 * Source: IEEE 1275 PCI binding 2.1; PCI firmware 3.2, 4.1; Intel ICH9 data
 * sheet, 10.1 (device interrupt routes).
 */
#include "pci_impl.h"

#include <kernel/log.h>

#include <lib/acpi.h>

#include <libfdt.h>

#include "firmware_device.h"

#define ECAM_BUS      MIB(1)
#define SPACE_IO      1u
#define SPACE_MEM32   2u
#define SPACE_MEM64   3u
#define CHILD_CELLS   3
#define GIC_SPI_FIRST 32u

static uint64_t
cells(const fdt32_t *p, int count)
{
	uint64_t v = 0;

	for (int i = 0; i < count; i++)
		v = v << 32 | fdt32_to_cpu(p[i]);
	return v;
}

/* ---- FDT ----------------------------------------------------------------- */

static void
add_window(struct pci_host *h, unsigned space, struct pci_window w)
{
	enum pci_kind kind = space == SPACE_IO ? PCI_IO :
	    space == SPACE_MEM64 ? PCI_PREF : PCI_MEM;

	if (space == 0 || h->window[kind].size != 0 ||
	    w.bus + w.size < w.bus || w.cpu + w.size < w.cpu)
		klog(LOG_WARN, "%s: a range that is not used", h->name);
	else
		h->window[kind] = w;
}

static enum err
read_ranges(struct pci_host *h, struct device *d)
{
	const void *fdt = boot_info.fdt;
	int parent = fdt_parent_offset(fdt, d->fdt_node);
	int ac = parent < 0 ? -1 : fdt_address_cells(fdt, parent);
	int size = CHILD_CELLS + ac + 2;
	unsigned len;
	const fdt32_t *r = dev_property(d, "ranges", &len);

	if (r == NULL || ac < 1 || ac > 2)
		return ERR_INVAL;
	for (len /= 4; len >= (unsigned)size; len -= (unsigned)size, r += size)
		add_window(h, fdt32_to_cpu(r[0]) >> 24 & 3, (struct pci_window){
			.bus = cells(r + 1, 2),
			.cpu = cells(r + CHILD_CELLS, ac),
			.size = cells(r + CHILD_CELLS + ac, 2) });
	return h->window[PCI_MEM].size != 0 ? OK : ERR_INVAL;
}

/* One line of interrupt-map: unit address (3 cells), pin, phandle, the
 * parent's unit address, its interrupt. Gives its cells; 0: it cannot be. */
static int
map_line(const void *fdt, const fdt32_t *p, unsigned left, unsigned *irq)
{
	/* All lines lead to one chip, and finding it means to read the whole
	 * blob. Start-up is single-threaded. */
	static uint32_t last_phandle;
	static int chip = -1;
	const fdt32_t *n;
	int len, ac = 0, ic;

	if (left < 6)
		return 0;
	if (chip < 0 || fdt32_to_cpu(p[4]) != last_phandle) {
		last_phandle = fdt32_to_cpu(p[4]);
		chip = fdt_node_offset_by_phandle(fdt, last_phandle);
	}
	if (chip < 0)
		return 0;
	n = fdt_getprop(fdt, chip, "#address-cells", &len);
	if (n != NULL && len == 4)
		ac = (int)MIN(fdt32_to_cpu(*n), 8u);
	n = fdt_getprop(fdt, chip, "#interrupt-cells", &len);
	ic = n != NULL && len == 4 ? (int)MIN(fdt32_to_cpu(*n), 8u) : 0;
	if (ic < 1 || ic > 3 || left < (unsigned)(5 + ac + ic))
		return 0;
	*irq = fdt32_to_cpu(p[5 + ac]);
	if (ic == 3)
		*irq = fdt32_to_cpu(p[6 + ac]) +
		    (*irq == 0 ? GIC_SPI_FIRST : 16u);
	return 5 + ac + ic;
}

static void
read_lines(struct pci_host *h, struct device *d)
{
	unsigned len, mask_len, irq;
	const fdt32_t *p = dev_property(d, "interrupt-map", &len);
	const fdt32_t *mask = dev_property(d, "interrupt-map-mask", &mask_len);
	uint32_t unit_mask = mask != NULL && mask_len == 16 ?
	    fdt32_to_cpu(mask[0]) : UINT32_MAX;
	int used;

	for (len = p != NULL ? len / 4 : 0; len > 0;
	    len -= (unsigned)used, p += used) {
		uint32_t unit, pin;

		used = map_line(boot_info.fdt, p, len, &irq);
		if (used == 0 || irq >= IRQ_MAX) {
			klog(LOG_WARN, "%s: interrupt-map cannot be", d->name);
			return;
		}
		unit = fdt32_to_cpu(p[0]) & unit_mask;
		pin = fdt32_to_cpu(p[3]);
		for (uint32_t s = 0; s < PCI_SLOTS; s++)
			if ((s << 11 & unit_mask) == (unit & 0xf800) &&
			    pin - 1 < PCI_PINS)
				h->intx[s][pin - 1] = (uint16_t)irq;
	}
}

static enum err
fdt_details(struct pci_host *h, struct device *d)
{
	enum err e = read_ranges(h, d);

	if (e == OK)
		read_lines(h, d);
	return e;
}

static enum err
fdt_host(struct pci_host *h, struct device *d)
{
	unsigned len;
	const fdt32_t *buses = dev_property(d, "bus-range", &len);
	uint64_t room = d->mmio_count != 0 ? d->mmio[0].size / ECAM_BUS : 0;

	if (room == 0)
		return ERR_INVAL;
	h->first = 0;
	h->last = (uint8_t)(MIN(room, 256) - 1);
	if (buses != NULL && len == 8) {
		uint64_t first = fdt32_to_cpu(buses[0]);
		uint64_t last = fdt32_to_cpu(buses[1]);

		if (first > last || last > 255 || last - first >= room)
			return ERR_INVAL;
		h->first = (uint8_t)first;
		h->last = (uint8_t)last;
	}
	h->ecam = d->mmio[0].base - h->first * ECAM_BUS;
	h->details = fdt_details;
	return OK;
}

/* ---- ACPI ---------------------------------------------------------------- */

#define PORTS_FIRST 0x2000u /* below: the PC's own */
#define CHIPS_FIRST UINT64_C(0xfec00000) /* APICs and flash */
#define HIGH_BYTES  GIB(64)
#define Q35         UINT32_C(0x29c08086)
#define Q35_PIRQ_A  16u
#define Q35_PIRQ_E  20u
#define Q35_ROUTED  25u /* slots from here on have route registers */

/* Windows of a PC: below 4 GiB between RAM (or configuration space) and the
 * chips; above 4 GiB and RAM. */
static void
pc_windows(struct pci_host *h)
{
	uint64_t low = 0, high = GIB(4);
	uint64_t end = h->ecam + (h->last + 1u) * ECAM_BUS;

	for (unsigned i = 0; i < boot_info.ram_count; i++) {
		const struct boot_range *r = &boot_info.ram[i];

		if (r->start + r->size <= CHIPS_FIRST)
			low = MAX(low, r->start + r->size);
		high = MAX(high, r->start + r->size);
	}
	if (h->ecam != 0 && end <= CHIPS_FIRST)
		low = MAX(low, end);
	low = ALIGN_UP(low, MIB(16));
	high = ALIGN_UP(high, GIB(1));
	h->window[PCI_IO] = (struct pci_window){
		PORTS_FIRST, 0x10000 - PORTS_FIRST, PORTS_FIRST, true };
	if (low < CHIPS_FIRST)
		h->window[PCI_MEM] = (struct pci_window){
			low, CHIPS_FIRST - low, low, false };
	h->window[PCI_PREF] = (struct pci_window){
		high, HIGH_BYTES, high, false };
}

static void
pc_lines(struct pci_host *h)
{
	const struct pci_func root = { .host = h, .bus = h->first };

	if (pci_read32(&root, PCI_VENDOR) != Q35)
		return;
	for (unsigned s = 0; s < PCI_SLOTS; s++)
		for (unsigned pin = 0; pin < PCI_PINS; pin++)
			h->intx[s][pin] = (uint16_t)(s < Q35_ROUTED ?
			    Q35_PIRQ_E + (s + pin) % 4 : Q35_PIRQ_A + pin);
}

static enum err
pc_details(struct pci_host *h, struct device *d UNUSED)
{
	pc_windows(h);
	pc_lines(h);
	return OK;
}

/* The pair of ports keeps what is selected. */
static bool
has_ports(void)
{
	arch_port_write32(PCI_PORT_SELECT, PCI_PORT_ENABLE);
	return arch_port_read32(PCI_PORT_SELECT) == PCI_PORT_ENABLE;
}

static enum err
acpi_host(struct pci_host *h, struct device *d)
{
	const struct acpi_facts *f = boot_info.acpi;

	h->last = 255;
	if (d->mmio_count == 0 && !has_ports())
		return ERR_NOENT;
	for (unsigned i = 0; i < f->ecam_count; i++) {
		uint64_t at = f->ecam[i].base + f->ecam[i].first * ECAM_BUS;

		if (d->mmio_count == 0 || d->mmio[0].base != at)
			continue;
		h->ecam = f->ecam[i].base;
		h->segment = f->ecam[i].segment;
		h->first = f->ecam[i].first;
		h->last = f->ecam[i].last;
	}
	h->kept = true;
	h->details = pc_details;
	return OK;
}

/* ---- the driver ---------------------------------------------------------- */

static enum err
host_probe(struct device *d)
{
	struct pci_host *h = d->state;
	enum err e;

	h->name = d->name;
	e = d->fdt_node >= 0 ? fdt_host(h, d) : acpi_host(h, d);
	if (e == OK)
		e = pci_host_add(h, d);
	if (e == ERR_INVAL)
		klog(LOG_WARN, "%s: tables that cannot be", d->name);
	return e;
}

static const struct dev_match host_match[] = {
	{ .bus = "fdt", .id = "pci-host-ecam-generic" },
	{ .bus = "acpi", .id = "pci-ecam" },
	{ .bus = "acpi", .id = "pci-ports" },
	{ .bus = NULL },
};

static const struct driver pci_host = {
	.name = "pci-host",
	.match = host_match,
	.state_size = sizeof(struct pci_host),
	.probe = host_probe,
	.order = 2,
};
DRIVER(pci_host);
