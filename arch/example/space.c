/*
 * Address spaces: the first tables, the direct map, the register that holds
 * the root. mm/pagetable.c walks tables and mm/space.c decides what they hold;
 * this file only loads and drops.
 */
#include "../common/early_map.h"
#include "../common/space.h"
#include "example.h"

unsigned arch_pt_levels = 4;
vaddr_t arch_user_end = (UINT64_C(1) << 47) - PAGE_SIZE;
struct arch_space arch_kernel_space;

static pte_t root[PT_ENTRIES] ALIGNED(4096);
static pte_t *kernel_gigs;

/* The table whose slots are 1 GiB each, for va. */
pte_t *
early_map_gigs(vaddr_t va UNUSED)
{
	return kernel_gigs;
}

/* RAM with the largest pages, the image with each part's own protection.
 * Here: then the root is loaded, and what the boot map had besides is gone. */
void
space_map_kernel(void)
{
	early_map_tables(0, GIB(4), 0);
	kernel_gigs = early_map_table();
	early_map_all(boot_info.kernel.start);
	root[PT_ENTRIES - 1] = pte_table(virt_to_phys(kernel_gigs));
	arch_kernel_space.root = virt_to_phys(root);
}

enum err
arch_space_init(struct arch_space *s)
{
	pte_t *own;
	enum err e = space_root(s, &own);

	if (e == OK)
		own[PT_ENTRIES - 1] = root[PT_ENTRIES - 1];
	return e;
}

/* Here: load s->root, with an ASID of arch/common/asid.c where the CPU tags
 * translations by one. */
void
arch_space_use(struct arch_space *s UNUSED)
{
}

/* Here: on this CPU only; shoot-downs come through trap_ipi(). */
void
arch_tlb_flush(
    struct arch_space *s UNUSED, vaddr_t start UNUSED, vaddr_t end UNUSED)
{
}
