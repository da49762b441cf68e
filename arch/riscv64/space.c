/*
 * Address spaces of riscv64: the first tables, the direct map, satp.
 *
 * The kernel lies in the top 256 GiB of every space, which is the kernel half
 * of Sv39. One table, kernel_gigs (1 GiB a slot), describes all of it: it is
 * the root itself under Sv39, and what the last root slot points to under
 * Sv48. It is complete at boot (mm/kmap.c fills the tables below), so a new
 * space copies one slot (Sv48) or 256 (Sv39) and never needs another look.
 *
 * Source: RISC-V privileged architecture 1.12, 4.3-4.5.
 */
#include <kernel/cpu.h>
#include <kernel/log.h>
#include <kernel/mm.h>

#include <lib/string.h>

#include "../common/asid.h"
#include "../common/early_map.h"
#include "../common/space.h"
#include "csr.h"

#define GIB_SHIFT   30

uint64_t start_map(const void *fdt);

static pte_t kernel_gigs[PT_ENTRIES] ALIGNED(4096);
static pte_t boot_root[PT_ENTRIES] ALIGNED(4096);
static pte_t boot_image[PT_ENTRIES] ALIGNED(4096); /* a GiB: the image */

extern char kernel_start[], kernel_end[];

unsigned arch_pt_levels;
vaddr_t arch_user_end;
struct arch_space arch_kernel_space;

static unsigned
gig_slot(vaddr_t va)
{
	return (va >> GIB_SHIFT) & (PT_ENTRIES - 1);
}

/* The image at its virtual place, all in one GiB. */
static void
map_image_first(uint64_t rwx)
{
	vaddr_t va = KERNEL_BASE + (KERNEL_PHYS - KERNEL_GIB) + kernel_slide;
	uint64_t size = (uint64_t)(kernel_end - kernel_start);

	kernel_gigs[gig_slot(va)] =
	    pte_table((paddr_t)(uintptr_t)boot_image);
	for (uint64_t off = 0; off < size; off += MIB(2))
		boot_image[(va + off) >> 21 & (PT_ENTRIES - 1)] =
		    (KERNEL_PHYS + off) >> 12 << 10 | rwx;
}

/*
 * Runs at the physical address with paging off: every symbol here is a
 * physical address. Chooses the kernel's place, maps it and the first 4 GiB of
 * the direct map, finds the mode, answers the satp to load. Nothing here may
 * go through function pointers or tables of addresses.
 */
uint64_t
start_map(const void *fdt)
{
	pte_t rwx = PTE_V | PTE_R | PTE_W | PTE_X | PTE_A | PTE_D | PTE_G;
	uint64_t root = (uint64_t)(uintptr_t)boot_root;
	uint64_t gigs = (uint64_t)(uintptr_t)kernel_gigs;
	uint64_t satp;

	slide_kernel(fdt);
	map_image_first(rwx);
	for (unsigned i = 0; i < 4; i++)
		kernel_gigs[gig_slot(DIRECT_BASE) + i] =
		    (uint64_t)i << GIB_SHIFT >> 12 << 10 | (rwx & ~PTE_X);
	boot_root[PT_ENTRIES - 1] = pte_table(gigs);
	/* Sv48 must be tried without faulting: with satp set, the fetch after
	 * it would need a mapping, so lend the GiB we run in. */
	boot_root[0] = pte_table(gigs);
	kernel_gigs[KERNEL_GIB >> GIB_SHIFT] = KERNEL_GIB >> 12 << 10 | rwx;
	satp = SATP_SV48 | root >> 12;
	if (!early_option(fdt, "sv39"))
		csr_write(satp, satp);
	if (csr_read(satp) != satp) {
		satp = SATP_SV39 | gigs >> 12;
		arch_pt_levels = 3;
	} else {
		csr_write(satp, 0);
		arch_pt_levels = 4;
	}
	return satp;
}

/* ---- the final kernel map --------------------------------------------- */

static pte_t *final_gigs;

pte_t *
early_map_gigs(vaddr_t va UNUSED)
{
	return final_gigs;
}

paddr_t
space_image_phys(const void *p)
{
	return (paddr_t)(uintptr_t)p - kernel_slide - KERNEL_BASE +
	    KERNEL_GIB;
}

/*
 * Replaces the boot tables: RAM at DIRECT_BASE with the largest pages, the
 * image with each part's own protection, nothing else.
 */
void
space_map_kernel(void)
{
	/* What start_map() mapped of the direct map. */
	early_map_tables(0, GIB(4), 0);
	final_gigs = early_map_table();
	early_map_all(KERNEL_PHYS);
	memcpy(kernel_gigs, final_gigs, PAGE_SIZE);
	boot_root[0] = 0;
	__asm__ volatile("sfence.vma" : : : "memory");

	arch_user_end = (arch_pt_levels == 4 ? UINT64_C(1) << 47 :
	    UINT64_C(1) << 38) - PAGE_SIZE;
	arch_kernel_space.root = space_image_phys(arch_pt_levels == 4 ?
	    boot_root : kernel_gigs);
	arch_kernel_space.satp = csr_read(satp);
}

/* ---- spaces ----------------------------------------------------------- */

enum err
arch_space_init(struct arch_space *s)
{
	pte_t *root;
	enum err e = space_root(s, &root);

	if (e != OK)
		return e;
	if (arch_pt_levels == 4)
		root[PT_ENTRIES - 1] = boot_root[PT_ENTRIES - 1];
	else
		memcpy(&root[PT_ENTRIES / 2], &kernel_gigs[PT_ENTRIES / 2],
		    PAGE_SIZE / 2);
	s->satp = (arch_kernel_space.satp & ~UINT64_C(0xfffffffffff)) |
	    s->root >> PAGE_SHIFT;
	return OK;
}

#define SATP_ASID_SHIFT 44
#define SATP_ASID_MASK  (UINT64_C(0xffff) << SATP_ASID_SHIFT)

static bool have_asids;

static void
flush_asid(uint64_t asid)
{
	__asm__ volatile("sfence.vma zero, %0" : : "r"(asid) : "memory");
}

void
space_probe_asids(void)
{
	uint64_t satp = csr_read(satp);

	csr_write(satp, satp | SATP_ASID_MASK);
	have_asids = (csr_read(satp) & SATP_ASID_MASK) >> SATP_ASID_SHIFT >=
	    ASID_SLOTS;
	csr_write(satp, satp);
	__asm__ volatile("sfence.vma" : : : "memory");
}

void
arch_space_use(struct arch_space *s)
{
	uint64_t asid;
	bool stale;

	if (!have_asids) {
		csr_write(satp, s->satp);
		flush_asid(0);
		return;
	}
	if (s == &arch_kernel_space) {
		asid_use_none();
		csr_write(satp, s->satp);
		return;
	}
	asid = asid_use(s, &stale);
	csr_write(satp, s->satp | asid << SATP_ASID_SHIFT);
	if (stale)
		flush_asid(asid);
}

void
arch_tlb_flush(struct arch_space *s, vaddr_t start, vaddr_t end)
{
	uint64_t generation = atomic_load_explicit(
	    &s->generation, memory_order_acquire);

	if (end - start > 64 * PAGE_SIZE)
		__asm__ volatile("sfence.vma" : : : "memory");
	else
		for (vaddr_t va = start; va < end; va += PAGE_SIZE)
			__asm__ volatile(
			    "sfence.vma %0" : : "r"(va) : "memory");
	asid_flushed(s, generation);
}
