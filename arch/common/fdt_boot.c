/*
 * The flattened device tree at boot, before any allocator: libfdt checks the
 * blob's structure, this file checks that what it says can be true.
 *
 * Source: Devicetree specification 0.4, 3 and 5.
 */
#include <kernel/boot.h>
#include <kernel/cpu.h>
#include <kernel/log.h>

#include <lib/fdt_scan.h>
#include <lib/num.h>
#include <lib/string.h>

#include <libfdt.h>

#include "fdt_boot.h"

struct boot_info boot_info;

extern char kernel_start[], kernel_end[];

static void
add_range(struct boot_range *list, unsigned *count, paddr_t start,
    uint64_t size)
{
	if (size == 0 || *count == BOOT_RANGES_MAX || start + size < start)
		return;
	list[(*count)++] = (struct boot_range){ start, size };
}

static void
reserve(paddr_t start, uint64_t size)
{
	add_range(boot_info.reserved, &boot_info.reserved_count, start, size);
}

/* A number of cells 32-bit words. */
static uint64_t
read_cells(const fdt32_t *p, int cells)
{
	uint64_t v = 0;

	for (int i = 0; i < cells; i++)
		v = v << 32 | fdt32_to_cpu(p[i]);
	return v;
}

/* Calls add(start, size) for each pair of a reg property. */
static void
each_reg(const void *fdt, int node, int parent,
    void (*add)(paddr_t start, uint64_t size))
{
	int len, ac = fdt_address_cells(fdt, parent);
	int sc = fdt_size_cells(fdt, parent);
	const fdt32_t *reg = fdt_getprop(fdt, node, "reg", &len);

	if (reg == NULL || ac < 1 || ac > 2 || sc < 1 || sc > 2)
		return;
	for (len /= 4; len >= ac + sc; len -= ac + sc, reg += ac + sc)
		add(read_cells(reg, ac), read_cells(reg + ac, sc));
}

static void
add_ram(paddr_t start, uint64_t size)
{
	add_range(boot_info.ram, &boot_info.ram_count, start, size);
}

/* A property's first string; NULL: none, or it does not end in the blob. */
static const char *
read_text(const void *fdt, int node, const char *name)
{
	return fdt_stringlist_get(fdt, node, name, 0, NULL);
}

static bool
is_type(const void *fdt, int node, const char *type)
{
	const char *t = read_text(fdt, node, "device_type");

	return t != NULL && strcmp(t, type) == 0;
}

static void
read_memory(const void *fdt)
{
	int node, n, rsv = fdt_path_offset(fdt, "/reserved-memory");

	fdt_for_each_subnode(node, fdt, 0)
		if (is_type(fdt, node, "memory"))
			each_reg(fdt, node, 0, add_ram);
	if (rsv >= 0)
		fdt_for_each_subnode(node, fdt, rsv)
			each_reg(fdt, node, rsv, reserve);
	n = fdt_num_mem_rsv(fdt);
	for (int i = 0; i < n; i++) {
		uint64_t start, size;

		if (fdt_get_mem_rsv(fdt, i, &start, &size) == 0)
			reserve(start, size);
	}
}

static uint64_t
chosen_number(const void *fdt, int chosen, const char *name)
{
	int len;
	const fdt32_t *p = fdt_getprop(fdt, chosen, name, &len);

	if (p == NULL || (len != 4 && len != 8))
		return 0;
	return read_cells(p, len / 4);
}

static bool
in_ram(paddr_t start, uint64_t size)
{
	for (unsigned i = 0; i < boot_info.ram_count; i++) {
		const struct boot_range *r = &boot_info.ram[i];

		if (start >= r->start && size <= r->size &&
		    start - r->start <= r->size - size)
			return true;
	}
	return false;
}

/* initrd=START,BYTES on the command line: for loaders that put it into memory
 * without telling the tree. */
static void
read_initrd_option(void)
{
	char text[64], *comma;
	uint64_t start, size;

	if (!cmdline_value("initrd", text, sizeof(text)))
		return;
	comma = strchr(text, ',');
	if (comma == NULL ||
	    !num_parse_u64(text, (size_t)(comma - text), 0, &start) ||
	    !num_parse_u64(comma + 1, strlen(comma + 1), 0, &size) ||
	    size == 0 || !in_ram(start, size)) {
		klog(LOG_WARN, "initrd=%s: want START,BYTES in memory", text);
		return;
	}
	boot_info.initrd = (struct boot_range){ start, size };
	reserve(start, size);
}

static void
read_chosen(const void *fdt)
{
	int len, chosen = fdt_path_offset(fdt, "/chosen");
	const char *text;
	uint64_t start, end;

	if (chosen < 0)
		return;
	text = read_text(fdt, chosen, "bootargs");
	if (text != NULL)
		strlcpy(boot_info.cmdline, text, sizeof(boot_info.cmdline));
	start = chosen_number(fdt, chosen, "linux,initrd-start");
	end = chosen_number(fdt, chosen, "linux,initrd-end");
	if (start != 0 && end > start) {
		boot_info.initrd = (struct boot_range){ start, end - start };
		reserve(start, end - start);
	} else {
		read_initrd_option();
	}
	text = fdt_getprop(fdt, chosen, "rng-seed", &len);
	if (text != NULL && (size_t)len >= sizeof(boot_info.seed))
		memcpy(boot_info.seed, text, sizeof(boot_info.seed));
}

static bool
cpu_usable(const void *fdt, int node)
{
	const char *status = read_text(fdt, node, "status");

	return is_type(fdt, node, "cpu") &&
	    (status == NULL || strcmp(status, "okay") == 0);
}

/* Once each: to start one twice would give it to two masters. */
static void
add_cpu(uint64_t id)
{
	struct boot_info *b = &boot_info;

	for (unsigned i = 0; i < b->cpu_count; i++)
		if (b->cpu_hwid[i] == id) {
			if (i != 0)
				klog(LOG_WARN, "fdt: cpu %lu is named twice",
				    (unsigned long)id);
			return;
		}
	if (b->cpu_count < CPU_MAX)
		b->cpu_hwid[b->cpu_count++] = id;
}

static void
read_cpus(const void *fdt, uint64_t boot_hwid)
{
	int node, cpus_node = fdt_path_offset(fdt, "/cpus");

	boot_info.cpu_hwid[0] = boot_hwid;
	boot_info.cpu_count = 1;
	if (cpus_node < 0)
		return;
	fdt_for_each_subnode(node, fdt, cpus_node) {
		int len;
		const fdt32_t *reg = fdt_getprop(fdt, node, "reg", &len);

		if (cpu_usable(fdt, node) && reg != NULL && len >= 4)
			add_cpu(read_cells(reg, MIN(len / 4, 2)));
	}
}

/* Bytes of the blob that hold something: loaders leave room behind them (QEMU
 * 1 MiB), which libfdt never looks at. The blocks lie inside the blob: it is
 * checked. */
static uint64_t
used_bytes(const void *fdt)
{
	uint64_t end = fdt_off_dt_struct(fdt) + fdt_size_dt_struct(fdt);

	end = MAX(end, (uint64_t)fdt_off_dt_strings(fdt) +
	    fdt_size_dt_strings(fdt));
	end = MAX(end, (uint64_t)fdt_off_mem_rsvmap(fdt) +
	    ((uint64_t)fdt_num_mem_rsv(fdt) + 1) *
	    sizeof(struct fdt_reserve_entry));
	return MIN(end, (uint64_t)fdt_totalsize(fdt));
}

void
fdt_boot_check(const void *fdt)
{
	int e = fdt_check_header(fdt);

	if (e != 0)
		panic("fdt: %s", fdt_strerror(e));
	/* libfdt reads words of both where they lie; the specification, 5.1,
	 * asks for these alignments. */
	if (!IS_ALIGNED(fdt_off_dt_struct(fdt), 4))
		panic("fdt: the structure block is not aligned");
	if (!IS_ALIGNED(fdt_off_mem_rsvmap(fdt), 8))
		panic("fdt: the memory reservation block is not aligned");
	if (!fdt_scan_whole(fdt))
		panic("fdt: the structure block is damaged");
}

void
fdt_boot_read(const void *fdt, uint64_t boot_hwid)
{
	paddr_t blob = (paddr_t)(uintptr_t)fdt - DIRECT_BASE;

	boot_info.fdt = fdt;
	reserve(blob, used_bytes(fdt));
	boot_info.kernel = (struct boot_range){ KERNEL_PHYS,
		(uint64_t)(kernel_end - kernel_start) };
	reserve(boot_info.kernel.start, boot_info.kernel.size);
	read_memory(fdt);
	read_chosen(fdt);
	read_cpus(fdt, boot_hwid);
	if (boot_info.ram_count == 0)
		panic("fdt: no memory node");
}

void
fdt_boot_cpu(const void *fdt, uint64_t *hz, char *isa, size_t len)
{
	int node, cpus_node = fdt_path_offset(fdt, "/cpus");

	if (cpus_node < 0)
		return;
	*hz = chosen_number(fdt, cpus_node, "timebase-frequency");
	fdt_for_each_subnode(node, fdt, cpus_node) {
		const char *text = read_text(fdt, node, "riscv,isa");

		if (text == NULL || !cpu_usable(fdt, node))
			continue;
		strlcpy(isa, text, len);
		return;
	}
}

paddr_t
fdt_boot_reg(const void *fdt, const char *compatible)
{
	int node = fdt_node_offset_by_compatible(fdt, -1, compatible);
	int parent, len, ac;
	const fdt32_t *reg;

	if (node < 0)
		return 0;
	parent = fdt_parent_offset(fdt, node);
	ac = parent < 0 ? 2 : fdt_address_cells(fdt, parent);
	reg = fdt_getprop(fdt, node, "reg", &len);
	if (reg == NULL || ac < 1 || ac > 2 || len < ac * 4)
		return 0;
	return read_cells(reg, ac);
}

const char *
fdt_boot_text(const void *fdt, const char *compatible, const char *name)
{
	int node = fdt_node_offset_by_compatible(fdt, -1, compatible);

	return node < 0 ? NULL : read_text(fdt, node, name);
}
