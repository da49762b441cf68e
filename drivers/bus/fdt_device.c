/*
 * Turns FDT nodes into devices: registers translated through "ranges",
 * interrupts decoded by the width of their parent's cells.
 *
 * Source: Devicetree specification 0.4, 2.3.5-2.3.8, 2.4; GIC and PLIC
 * bindings for the meaning of interrupt cells.
 */
#include <kernel/log.h>

#include <lib/string.h>

#include <libfdt.h>

#include "fdt_device.h"

static uint64_t
read_cells(const fdt32_t *p, int cells)
{
	uint64_t v = 0;

	for (int i = 0; i < cells; i++)
		v = v << 32 | fdt32_to_cpu(p[i]);
	return v;
}

/* Address addr on the bus of node as its parents see it; an empty "ranges"
 * is one to one. ERR_INVAL: no translation. */
static enum err
translate(const void *fdt, int bus, uint64_t *addr)
{
	while (bus > 0) {
		int len, parent = fdt_parent_offset(fdt, bus);
		int ac = fdt_address_cells(fdt, bus);
		int sc = fdt_size_cells(fdt, bus);
		int pac = fdt_address_cells(fdt, parent);
		const fdt32_t *r = fdt_getprop(fdt, bus, "ranges", &len);
		bool found = r != NULL && len == 0;

		if (r == NULL || ac < 1 || sc < 1 || pac < 1 || ac > 2)
			return ERR_INVAL;
		for (len /= 4; len >= ac + pac + sc && !found;
		    len -= ac + pac + sc, r += ac + pac + sc) {
			uint64_t from = read_cells(r, ac);
			uint64_t size = read_cells(r + ac + pac, sc);

			if (*addr < from || *addr - from >= size)
				continue;
			*addr += read_cells(r + ac, pac) - from;
			found = true;
		}
		if (!found)
			return ERR_INVAL;
		bus = parent;
	}
	return OK;
}

static void
read_regs(const void *fdt, struct device *d, int parent)
{
	int len, ac = fdt_address_cells(fdt, parent);
	int sc = fdt_size_cells(fdt, parent);
	const fdt32_t *reg = fdt_getprop(fdt, d->fdt_node, "reg", &len);

	if (reg == NULL || ac < 1 || ac > 2 || sc < 1 || sc > 2)
		return;
	for (len /= 4; len >= ac + sc && d->mmio_count < DEV_RES_MAX;
	    len -= ac + sc, reg += ac + sc) {
		uint64_t base = read_cells(reg, ac);

		if (translate(fdt, parent, &base) != OK)
			return;
		d->mmio[d->mmio_count].base = base;
		d->mmio[d->mmio_count++].size = read_cells(reg + ac, sc);
	}
}

/* The node that takes node's interrupts: its own or an ancestor's
 * interrupt-parent. */
static int
interrupt_parent(const void *fdt, int node)
{
	while (node >= 0) {
		int len;
		const fdt32_t *p =
		    fdt_getprop(fdt, node, "interrupt-parent", &len);

		if (p != NULL && len >= 4)
			return fdt_node_offset_by_phandle(
			    fdt, fdt32_to_cpu(*p));
		node = fdt_parent_offset(fdt, node);
	}
	return -1;
}

/* One cell: the number. Two: number and flags. Three: GIC type, number. */
static unsigned
decode_irq(const fdt32_t *p, int cells)
{
	if (cells == 3)
		return fdt32_to_cpu(p[1]) +
		    (fdt32_to_cpu(p[0]) == 0 ? 32u : 16u);
	return fdt32_to_cpu(p[0]);
}

static void
read_irqs(const void *fdt, struct device *d)
{
	int len, cells_len;
	const fdt32_t *irqs = fdt_getprop(fdt, d->fdt_node, "interrupts", &len);
	int chip = interrupt_parent(fdt, d->fdt_node);
	const fdt32_t *cells;
	int n;

	if (irqs == NULL || chip < 0)
		return;
	cells = fdt_getprop(fdt, chip, "#interrupt-cells", &cells_len);
	if (cells == NULL || cells_len != 4)
		return;
	n = (int)fdt32_to_cpu(*cells);
	if (n < 1 || n > 3)
		return;
	for (len /= 4; len >= n && d->irq_count < DEV_RES_MAX;
	    len -= n, irqs += n)
		d->irqs[d->irq_count++] = decode_irq(irqs, n);
}

static bool
enabled(const void *fdt, int node)
{
	const char *status = fdt_stringlist_get(fdt, node, "status", 0, NULL);

	return status == NULL || strcmp(status, "okay") == 0 ||
	    strcmp(status, "ok") == 0;
}

/* Its n-th string; NULL past the end, or when it does not end in the blob. */
static const char *
compatible(const void *fdt, int node, unsigned n)
{
	return fdt_stringlist_get(fdt, node, "compatible", (int)n, NULL);
}

void
fdt_devices_create(const void *fdt)
{
	int node;

	for (node = fdt_next_node(fdt, -1, NULL); node >= 0;
	    node = fdt_next_node(fdt, node, NULL)) {
		int parent = fdt_parent_offset(fdt, node);
		struct device *d;

		if (compatible(fdt, node, 0) == NULL || parent < 0 ||
		    !enabled(fdt, node))
			continue;
		d = device_create("fdt", fdt_get_name(fdt, node, NULL));
		if (d == NULL) {
			klog(LOG_WARN, "fdt: out of memory for devices");
			return;
		}
		d->fdt_node = node;
		for (unsigned n = 0; n < ARRAY_LEN(d->compatible); n++)
			d->compatible[n] = compatible(fdt, node, n);
		read_regs(fdt, d, parent);
		read_irqs(fdt, d);
	}
}
