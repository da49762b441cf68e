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

#include "firmware_device.h"

static uint64_t
read_cells(const fdt32_t *p, int cells)
{
	uint64_t v = 0;

	for (int i = 0; i < cells; i++)
		v = v << 32 | fdt32_to_cpu(p[i]);
	return v;
}

/*
 * Where the walk stands: a node and its ancestors, up[0] being the root. The
 * blob is a sequence, so asking it for a parent means reading it again from
 * the start; the walk knows.
 */
#define DEPTH_MAX 16

struct place {
	int up[DEPTH_MAX]; /* offsets; up[depth] is the node itself */
	int depth; /* > 0 */
};

/* Address addr on the bus of the node as the CPU sees it; an empty "ranges"
 * is one to one. ERR_INVAL: no translation. */
static enum err
translate(const void *fdt, const struct place *at, uint64_t *addr)
{
	for (int d = at->depth - 1; d > 0; d--) {
		int len, bus = at->up[d];
		int ac = fdt_address_cells(fdt, bus);
		int sc = fdt_size_cells(fdt, bus);
		int pac = fdt_address_cells(fdt, at->up[d - 1]);
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
	}
	return OK;
}

static void
read_regs(const void *fdt, struct device *d, const struct place *at)
{
	int len, parent = at->up[at->depth - 1];
	int ac = fdt_address_cells(fdt, parent);
	int sc = fdt_size_cells(fdt, parent);
	const fdt32_t *reg = fdt_getprop(fdt, d->fdt_node, "reg", &len);

	if (reg == NULL || ac < 1 || ac > 2 || sc < 1 || sc > 2)
		return;
	for (len /= 4; len >= ac + sc && d->mmio_count < DEV_RES_MAX;
	    len -= ac + sc, reg += ac + sc) {
		uint64_t base = read_cells(reg, ac);

		if (translate(fdt, at, &base) != OK)
			return;
		d->mmio[d->mmio_count].base = base;
		d->mmio[d->mmio_count++].size = read_cells(reg + ac, sc);
	}
}

/* The cells of an interrupt of the node: those of the nearest
 * interrupt-parent up the tree; 0: none. Most nodes share one. */
static int
interrupt_cells(const void *fdt, const struct place *at)
{
	static uint32_t last_phandle; /* start-up is single-threaded */
	static int last_cells;

	for (int d = at->depth; d >= 0; d--) {
		int len, chip;
		const fdt32_t *p = fdt_getprop(
		    fdt, at->up[d], "interrupt-parent", &len);

		if (p == NULL || len < 4)
			continue;
		if (fdt32_to_cpu(*p) == last_phandle)
			return last_cells;
		chip = fdt_node_offset_by_phandle(fdt, fdt32_to_cpu(*p));
		if (chip < 0)
			return 0;
		p = fdt_getprop(fdt, chip, "#interrupt-cells", &len);
		if (p == NULL || len != 4)
			return 0;
		last_cells = (int)MIN(fdt32_to_cpu(*p), 4u);
		last_phandle = fdt_get_phandle(fdt, chip);
		return last_cells;
	}
	return 0;
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
read_irqs(const void *fdt, struct device *d, const struct place *at)
{
	int len;
	const fdt32_t *irqs = fdt_getprop(fdt, d->fdt_node, "interrupts", &len);
	int n = irqs != NULL ? interrupt_cells(fdt, at) : 0;

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

/* False: out of memory. */
static bool
device_at(const void *fdt, const struct place *at)
{
	int node = at->up[at->depth];
	struct device *d;

	if (compatible(fdt, node, 0) == NULL || !enabled(fdt, node))
		return true;
	d = device_create(NULL, "fdt", fdt_get_name(fdt, node, NULL));
	if (d == NULL)
		return false;
	d->fdt_node = node;
	for (unsigned n = 0; n < ARRAY_LEN(d->compatible); n++)
		d->compatible[n] = compatible(fdt, node, n);
	read_regs(fdt, d, at);
	read_irqs(fdt, d, at);
	return true;
}

void
fdt_devices_create(const void *fdt)
{
	struct place at = { .depth = -1 };
	int node = -1;

	while ((node = fdt_next_node(fdt, node, &at.depth)) >= 0 &&
	    at.depth >= 0) {
		if (at.depth >= DEPTH_MAX) {
			klog(LOG_WARN, "fdt: nodes too deep are left out");
			continue;
		}
		at.up[at.depth] = node;
		if (at.depth > 0 && !device_at(fdt, &at)) {
			klog(LOG_WARN, "fdt: out of memory for devices");
			return;
		}
	}
}
