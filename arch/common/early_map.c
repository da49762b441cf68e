/*
 * The kernel's map at boot, for ports whose tables have 512 entries a level
 * and blocks of 1 GiB and 2 MiB. Each part of the image is mapped twice: at
 * its own address, and in the direct map, where it must not be more permissive
 * than there.
 */
#include <kernel/log.h>
#include <kernel/mm.h>

#include <lib/string.h>

#include "early_map.h"

extern char kernel_start[], kernel_text_end[], kernel_rodata_end[];
extern char kernel_end[], boot_guard[], boot_stack[];

uint64_t early_map_largest = GIB(1);

/* Pages for tables: reserved in boot_info. */
static paddr_t table_next, table_end;

pte_t *
early_map_table(void)
{
	pte_t *t;

	if (table_next == table_end)
		panic("no memory for the kernel's page tables");
	t = phys_to_virt(table_next);
	table_next += PAGE_SIZE;
	memset(t, 0, PAGE_SIZE);
	return t;
}

pte_t *
early_map_next(pte_t *slot)
{
	pte_t *t;

	if (pte_present(*slot))
		return phys_to_virt(pte_addr(*slot));
	t = early_map_table();
	*slot = pte_table(virt_to_phys(t));
	return t;
}

void
early_map(vaddr_t va, paddr_t pa, uint64_t len, unsigned prot)
{
	while (len > 0) {
		pte_t *slot = &early_map_gigs(va)[(va >> 30) & 511];
		uint64_t step = GIB(1);

		if (step > early_map_largest ||
		    ((va | pa) & (step - 1)) != 0 || len < step) {
			slot = &early_map_next(slot)[(va >> 21) & 511];
			step = MIB(2);
		}
		if (((va | pa) & (step - 1)) != 0 || len < step) {
			slot = &early_map_next(slot)[(va >> 12) & 511];
			step = PAGE_SIZE;
		}
		*slot = step == PAGE_SIZE ? pte_leaf(pa, prot | PROT_GLOBAL) :
		    pte_leaf_large(pa, prot | PROT_GLOBAL);
		va += step;
		pa += step;
		len -= step;
	}
}

/* The reserved range that [at, at + len) touches; NULL: none. */
static const struct boot_range *
reserved_at(paddr_t at, uint64_t len)
{
	for (unsigned i = 0; i < boot_info.reserved_count; i++) {
		const struct boot_range *v = &boot_info.reserved[i];

		if (at < v->start + v->size && at + len > v->start)
			return v;
	}
	return NULL;
}

/* The highest place for len bytes in [low, end) that is clear of everything
 * reserved; 0: none. */
static paddr_t
find_room(paddr_t low, paddr_t end, uint64_t len)
{
	const struct boot_range *v;
	paddr_t at;

	if (end < low + len)
		return 0;
	at = ALIGN_DOWN(end - len, PAGE_SIZE);
	while (at >= low && (v = reserved_at(at, len)) != NULL) {
		if (v->start < low + len)
			return 0;
		at = ALIGN_DOWN(v->start - len, PAGE_SIZE);
	}
	return at >= low ? at : 0;
}

void
early_map_tables(paddr_t low, paddr_t limit, size_t extra)
{
	struct boot_info *b = &boot_info;
	uint64_t len = (12 + 2 * b->ram_count + extra) * PAGE_SIZE;

	for (unsigned i = 0; i < b->ram_count; i++)
		len += b->ram[i].size / GIB(1) * PAGE_SIZE;
	for (unsigned i = 0; i < b->ram_count; i++) {
		paddr_t start = b->ram[i].start;
		paddr_t end = MIN(start + b->ram[i].size, limit);
		paddr_t at = find_room(MAX(start, low), end, len);

		if (at == 0 || b->reserved_count == BOOT_RANGES_MAX)
			continue;
		b->reserved[b->reserved_count++] =
		    (struct boot_range){ at, len };
		table_next = at;
		table_end = at + len;
		return;
	}
	panic("no room for the kernel's page tables");
}

/* One part of the image: its own address, and its alias. */
static void
map_part(paddr_t image, const char *start, const char *end, unsigned prot)
{
	size_t len = ALIGN_UP((size_t)(end - start), PAGE_SIZE);
	paddr_t pa = image + (size_t)(start - kernel_start);

	early_map((vaddr_t)start, pa, len, prot);
	early_map((vaddr_t)phys_to_virt(pa), pa, len, prot & ~PROT_EXEC);
}

/* RAM without the image. */
static void
map_ram(paddr_t start, paddr_t end, paddr_t image)
{
	paddr_t image_end = image + (size_t)(kernel_end - kernel_start);

	start = ALIGN_UP(start, PAGE_SIZE);
	end = ALIGN_DOWN(end, PAGE_SIZE);
	if (start < image && end > image) {
		map_ram(start, image, image);
		start = image;
	}
	if (start >= image && start < image_end)
		start = MIN(image_end, end);
	if (start < end)
		early_map((vaddr_t)phys_to_virt(start), start, end - start,
		    PROT_READ | PROT_WRITE);
}

void
early_map_all(paddr_t image)
{
	for (unsigned i = 0; i < boot_info.ram_count; i++)
		map_ram(boot_info.ram[i].start, boot_info.ram[i].start +
		    boot_info.ram[i].size, image);
	map_part(image, kernel_start, kernel_text_end, PROT_READ | PROT_EXEC);
	map_part(image, kernel_text_end, kernel_rodata_end, PROT_READ);
	/* Not what the boot stack may overflow into. */
	map_part(image, kernel_rodata_end, boot_guard,
	    PROT_READ | PROT_WRITE);
	map_part(image, boot_stack, kernel_end,
	    PROT_READ | PROT_WRITE);
}
