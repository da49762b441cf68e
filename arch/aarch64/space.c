/*
 * Address spaces of aarch64: the first tables, the kernel half, TTBR0.
 *
 * The kernel half is TTBR1's and shared by construction; a user space is a
 * root of its own in TTBR0, tagged with an ASID (arch/common/asid.c; the TLB
 * is this CPU's alone, CnP is clear, so each CPU may number spaces as it
 * likes). Without a user space TTBR0 holds an empty root and ASID 0.
 *
 * Flushes are local: mm/tlb.c asks the other CPUs, and needs their answer for
 * its software copies anyway.
 *
 * Source: Arm ARM D8 (translation), D8.14 (TLB maintenance).
 */
#include <kernel/cpu.h>
#include <kernel/log.h>
#include <kernel/mm.h>

#include <lib/string.h>

#include "../common/asid.h"
#include "../common/early_map.h"
#include "../common/space.h"
#include "arm64.h"

extern char kernel_start[], kernel_end[];
uint64_t start_map(uint64_t fdt);
void replace_root(uint64_t root, uint64_t empty);

/* First tables; idmap stays, for CPUs that start later. */
pte_t idmap_root[PT_ENTRIES] ALIGNED(4096);
static pte_t idmap_gigs[PT_ENTRIES] ALIGNED(4096);
static pte_t boot_root[PT_ENTRIES] ALIGNED(4096);
static pte_t boot_direct[PT_ENTRIES] ALIGNED(4096);
static pte_t boot_top[PT_ENTRIES] ALIGNED(4096);
static pte_t boot_image[PT_ENTRIES] ALIGNED(4096);
static pte_t empty_root[PT_ENTRIES] ALIGNED(4096); /* of no user space */

/* The early console's registers, in the last 2 MiB of the image's GiB. */
#define CONSOLE_BASE (KERNEL_BASE + GIB(1) - MIB(2))

paddr_t arch_kernel_phys;
vaddr_t arch_user_end = (UINT64_C(1) << 48) - PAGE_SIZE;
struct arch_space arch_kernel_space;
static paddr_t console_block;

static unsigned
slot_of(uint64_t addr, unsigned shift)
{
	return (addr >> shift) & (PT_ENTRIES - 1);
}

/* A GiB of RAM in the first direct map, by the physical address of any byte
 * in it. */
static void
lend_direct(uint64_t pa)
{
	boot_direct[slot_of(pa, 30)] = pte_leaf_large(
	    ALIGN_DOWN(pa, GIB(1)), PROT_READ | PROT_WRITE | PROT_GLOBAL);
}

static void
lend_image(uint64_t pa)
{
	idmap_gigs[slot_of(pa, 30)] = pte_leaf_large(
	    ALIGN_DOWN(pa, GIB(1)), PROT_READ | PROT_EXEC);
	lend_direct(pa);
}

/*
 * Runs at the physical address with the MMU off: every symbol here is a
 * physical address, data accesses must be aligned. The direct map shows the
 * GiB of the image and of the FDT, the image is mapped with all rights until
 * space_map_kernel(). Answers the root of the kernel half. The caller must
 * not be sent through function pointers or tables of addresses.
 */
uint64_t
start_map(uint64_t fdt)
{
	uint64_t base = (uint64_t)kernel_start;
	uint64_t size = (uint64_t)kernel_end - base;

	arch_kernel_phys = base;
	idmap_root[slot_of(base, 39)] = pte_table((uint64_t)idmap_gigs);
	boot_root[slot_of(DIRECT_BASE + base, 39)] =
	    pte_table((uint64_t)boot_direct);
	lend_image(base);
	lend_image(base + size - 1);
	lend_direct(fdt);
	lend_direct(fdt + MIB(2) - 1); /* the largest that there may be */
	boot_root[PT_ENTRIES - 1] = pte_table((uint64_t)boot_top);
	boot_top[slot_of(KERNEL_BASE, 30)] = pte_table((uint64_t)boot_image);
	for (uint64_t at = 0; at < size; at += MIB(2))
		boot_image[slot_of(at, 21)] = pte_leaf_large(base + at,
		    PROT_READ | PROT_WRITE | PROT_EXEC | PROT_GLOBAL);
	return (uint64_t)boot_root;
}

/* ---- the final kernel map --------------------------------------------- */

paddr_t
space_image_phys(const void *p)
{
	return (paddr_t)(uintptr_t)p - KERNEL_BASE + arch_kernel_phys;
}

void *
space_map_console(paddr_t regs)
{
	console_block = ALIGN_DOWN(regs, MIB(2));
	boot_image[slot_of(CONSOLE_BASE, 21)] = pte_leaf_large(console_block,
	    PROT_READ | PROT_WRITE | PROT_DEVICE | PROT_GLOBAL);
	arch_map_barrier();
	return (void *)(CONSOLE_BASE + (regs - console_block));
}

static pte_t *kernel_root;

pte_t *
early_map_gigs(vaddr_t va)
{
	return early_map_next(&kernel_root[slot_of(va, 39)]);
}

/* Replaces the boot tables by what boot_info says, and nothing else. */
void
space_map_kernel(void)
{
	void (*replace)(uint64_t root, uint64_t empty);
	paddr_t gib = ALIGN_DOWN(arch_kernel_phys, GIB(1));

	early_map_tables(gib, gib + GIB(1), 4 + boot_info.ram_count);
	kernel_root = early_map_table();
	early_map_all(arch_kernel_phys);
	if (console_block != 0)
		early_map(CONSOLE_BASE, console_block, MIB(2),
		    PROT_READ | PROT_WRITE | PROT_DEVICE);
	dsb(ishst);
	replace = (void (*)(uint64_t, uint64_t))space_image_phys(
	    (const void *)replace_root);
	replace(virt_to_phys(kernel_root), space_image_phys(empty_root));

	cache_clean(idmap_root, sizeof(idmap_root));
	cache_clean(idmap_gigs, sizeof(idmap_gigs));
	arch_kernel_space.root = virt_to_phys(kernel_root);
	space_leave_idmap();
}

void
space_leave_idmap(void)
{
	arch_space_use(&arch_kernel_space);
	__asm__ volatile("tlbi vmalle1\n\tdsb nsh\n\tisb" : : : "memory");
}

/* ---- spaces ----------------------------------------------------------- */

enum err
arch_space_init(struct arch_space *s)
{
	pte_t *root;

	return space_root(s, &root);
}

#define ASID_SHIFT 48

/* NO_CANARY: nothing here can overflow. */
NO_CANARY void
arch_space_use(struct arch_space *s)
{
	uint64_t asid;
	bool stale;

	if (s == &arch_kernel_space) {
		asid_use_none();
		sysreg_write(ttbr0_el1, space_image_phys(empty_root));
		isb();
		return;
	}
	asid = (uint64_t)asid_use(s, &stale) << ASID_SHIFT;
	sysreg_write(ttbr0_el1, s->root | asid);
	isb();
	if (stale)
		__asm__ volatile("tlbi aside1, %0\n\tdsb nsh\n\tisb"
		    : : "r"(asid) : "memory");
}

#define FLUSH_PAGES_MAX 64

/* By address in all ASIDs: entries of s may stand under a number that this
 * CPU does not use now. The first barrier completes the changed entries. */
void
arch_tlb_flush(struct arch_space *s, vaddr_t start, vaddr_t end)
{
	uint64_t generation = atomic_load_explicit(
	    &s->generation, memory_order_acquire);

	dsb(ishst);
	if (end - start > FLUSH_PAGES_MAX * PAGE_SIZE)
		__asm__ volatile("tlbi vmalle1" : : : "memory");
	else
		for (vaddr_t va = start; va < end; va += PAGE_SIZE)
			__asm__ volatile("tlbi vaae1, %0" : :
			    "r"(va >> PAGE_SHIFT & UINT64_C(0xfffffffffff))
			    : "memory");
	dsb(nsh);
	isb();
	asid_flushed(s, generation);
}
