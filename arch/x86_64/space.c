/*
 * Address spaces of x86_64: the direct map, roots, flushes.
 *
 * The kernel lies in the last of the root's 512 slots. One table,
 * kernel_gigs (1 GiB a slot), describes all of it; it is complete at boot
 * (mm/kmap.c fills the tables below), so a new space copies that one slot and
 * never needs another look. The kernel's entries are global.
 *
 * There are no address space numbers (PCID): loading a root drops all user
 * translations, so a space that is not loaded has none to flush.
 *
 * Source: Intel SDM volume 3, 4.5, 4.10.
 */
#include <kernel/log.h>
#include <kernel/mm.h>

#include <lib/string.h>

#include "../common/early_map.h"
#include "../common/space.h"
#include "x86.h"

extern char kernel_start[];

/* start.S fills them for the beginning. */
pte_t boot_root[PT_ENTRIES] ALIGNED(4096);
pte_t kernel_gigs[PT_ENTRIES] ALIGNED(4096);
pte_t boot_pages[4 * PT_ENTRIES] ALIGNED(4096);

pte_t arch_pte_nx;
vaddr_t arch_user_end;
struct arch_space arch_kernel_space;

/* ---- the final kernel map --------------------------------------------- */

static paddr_t
image_phys(const void *p)
{
	return (paddr_t)(uintptr_t)p - KERNEL_BASE;
}

static pte_t *final_gigs;

pte_t *
early_map_gigs(vaddr_t va UNUSED)
{
	return final_gigs;
}

/*
 * Replaces the boot tables: RAM at DIRECT_BASE with the largest pages, the
 * image with each part's own protection, nothing else.
 */
void
space_map_kernel(void)
{
	arch_pte_nx = x86.nx ? PTE_NX : 0;
	early_map_largest = x86.gib_pages ? GIB(1) : MIB(2);
	/* start.S mapped so much of the direct map. */
	early_map_tables(0, GIB(4), 2 * boot_info.ram_count);
	final_gigs = early_map_table();
	early_map_all(image_phys(kernel_start));
	memcpy(kernel_gigs, final_gigs, PAGE_SIZE);
	boot_root[0] = 0;
	arch_user_end = (UINT64_C(1) << 47) - PAGE_SIZE;
	arch_kernel_space.root = image_phys(boot_root);
	cr_write(cr3, arch_kernel_space.root);
	cr_write(cr4, cr_read(cr4) | CR4_PGE);
}

paddr_t
space_start_root(void)
{
	static pte_t root[PT_ENTRIES] ALIGNED(4096);
	static pte_t gigs[PT_ENTRIES] ALIGNED(4096);

	boot_pages[0] = PTE_P | PTE_W | PTE_A | PTE_D | PTE_PS;
	gigs[0] = pte_table(image_phys(boot_pages));
	root[0] = pte_table(image_phys(gigs));
	root[PT_ENTRIES - 1] = boot_root[PT_ENTRIES - 1];
	return image_phys(root);
}

/* ---- spaces ----------------------------------------------------------- */

enum err
arch_space_init(struct arch_space *s)
{
	pte_t *own;
	enum err e = space_root(s, &own);

	if (e == OK)
		own[PT_ENTRIES - 1] = boot_root[PT_ENTRIES - 1];
	return e;
}

void
arch_space_use(struct arch_space *s)
{
	cr_write(cr3, s->root);
}

/* Above so many pages one flush of everything costs less. */
#define FLUSH_PAGES 64

void
arch_tlb_flush(struct arch_space *s, vaddr_t start, vaddr_t end)
{
	uint64_t cr4;

	if (end - start <= FLUSH_PAGES * PAGE_SIZE) {
		for (vaddr_t va = start; va < end; va += PAGE_SIZE)
			__asm__ volatile("invlpg (%0)"
			    : : "r"(va) : "memory");
		return;
	}
	if (s != &arch_kernel_space) {
		cr_write(cr3, cr_read(cr3));
		return;
	}
	/* Turning global pages off and on drops those as well. */
	cr4 = cr_read(cr4);
	cr_write(cr4, cr4 & ~CR4_PGE);
	cr_write(cr4, cr4);
}
