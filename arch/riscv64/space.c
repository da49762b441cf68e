/*
 * Address spaces of riscv64: the first tables, the direct map, satp.
 *
 * The kernel lies in the top 256 GiB of every space, which is the kernel half
 * of Sv39. One table, kernel_gigs (1 GiB a slot), describes all of it: it is
 * the root itself under Sv39, and what the last root slot points to under
 * Sv48. It is complete at boot (mm/kmap.c fills the tables below), so a new
 * space copies one slot (Sv48) or 256 (Sv39) and never needs another look.
 *
 * ASIDs are a matter of each CPU alone: it remembers the last ASID_SLOTS spaces
 * it ran and the flush generation (mm/tlb.c: unique over all spaces and time)
 * that its TLB is up to date with. Loading a space whose generation moved on
 * meanwhile flushes that one ASID; so nobody has to interrupt CPUs that ran a
 * space once but do not now.
 *
 * Source: RISC-V privileged architecture 1.12, 4.3-4.5.
 */
#include <kernel/cpu.h>
#include <kernel/log.h>
#include <kernel/mm.h>

#include <lib/string.h>

#include "csr.h"

#define GIB_SHIFT   30

extern char kernel_start[], kernel_text_end[], kernel_rodata_end[];
extern char kernel_end[];
uint64_t start_map(void);

static pte_t kernel_gigs[PT_ENTRIES] ALIGNED(4096);
static pte_t boot_root[PT_ENTRIES] ALIGNED(4096);

unsigned arch_pt_levels;
vaddr_t arch_user_end;
struct arch_space arch_kernel_space;

static unsigned
gig_slot(vaddr_t va)
{
	return (va >> GIB_SHIFT) & (PT_ENTRIES - 1);
}

/*
 * Runs at the physical address with paging off: every symbol here is a
 * physical address. Maps the kernel's GiB and the first 4 GiB of the direct
 * map, finds the mode, answers the satp to load. The caller must not be sent
 * through function pointers or tables of addresses.
 */
uint64_t
start_map(void)
{
	pte_t rwx = PTE_V | PTE_R | PTE_W | PTE_X | PTE_A | PTE_D | PTE_G;
	uint64_t root = (uint64_t)(uintptr_t)boot_root;
	uint64_t gigs = (uint64_t)(uintptr_t)kernel_gigs;
	uint64_t satp;

	kernel_gigs[gig_slot(KERNEL_BASE)] = KERNEL_GIB >> 12 << 10 | rwx;
	for (unsigned i = 0; i < 4; i++)
		kernel_gigs[gig_slot(DIRECT_BASE) + i] =
		    (uint64_t)i << GIB_SHIFT >> 12 << 10 | (rwx & ~PTE_X);
	boot_root[PT_ENTRIES - 1] = pte_table(gigs);
	/* Sv48 must be tried without faulting: with satp set, the fetch after
	 * it would need a mapping, so lend the GiB we run in. */
	boot_root[0] = pte_table(gigs);
	kernel_gigs[KERNEL_GIB >> GIB_SHIFT] = KERNEL_GIB >> 12 << 10 | rwx;
	satp = SATP_SV48 | root >> 12;
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

/* Pages for tables before the allocator runs: taken from the end of the
 * first RAM range that has room, and reserved in boot_info. */
static paddr_t table_next, table_end;

static pte_t *
early_table(void)
{
	pte_t *t;

	if (table_next == table_end)
		panic("no memory for the kernel's page tables");
	t = phys_to_virt(table_next);
	table_next += PAGE_SIZE;
	memset(t, 0, PAGE_SIZE);
	return t;
}

/* The table behind slot, made when absent. */
static pte_t *
next_table(pte_t *slot)
{
	pte_t *t;

	if (pte_present(*slot))
		return phys_to_virt(pte_addr(*slot));
	t = early_table();
	*slot = pte_table(virt_to_phys(t));
	return t;
}

/* Maps with the largest pages that fit into gigs (1 GiB slots). */
static void
map_early(pte_t *gigs, vaddr_t va, paddr_t pa, uint64_t len, unsigned prot)
{
	while (len > 0) {
		pte_t *slot = &gigs[gig_slot(va)];
		uint64_t step = GIB(1);

		if (((va | pa) & (step - 1)) != 0 || len < step) {
			slot = &next_table(slot)[(va >> 21) & 511];
			step = MIB(2);
		}
		if (((va | pa) & (step - 1)) != 0 || len < step) {
			slot = &next_table(slot)[(va >> 12) & 511];
			step = PAGE_SIZE;
		}
		*slot = pte_leaf(pa, prot | PROT_GLOBAL);
		va += step;
		pa += step;
		len -= step;
	}
}

static paddr_t
image_phys(const char *p)
{
	return (paddr_t)(uintptr_t)p - KERNEL_BASE + KERNEL_GIB;
}

/* One part of the image: its own address, and its alias in the direct map,
 * which must never be more permissive. */
static void
map_image(pte_t *gigs, const char *start, const char *end, unsigned prot)
{
	size_t len = ALIGN_UP((size_t)(end - start), PAGE_SIZE);

	map_early(gigs, (vaddr_t)start, image_phys(start), len, prot);
	map_early(gigs, (vaddr_t)phys_to_virt(image_phys(start)),
	    image_phys(start), len, prot & ~PROT_EXEC);
}

static void
map_direct(pte_t *gigs, paddr_t start, paddr_t end)
{
	paddr_t image = image_phys(kernel_start);
	paddr_t image_end = image_phys(kernel_end);

	start = ALIGN_UP(start, PAGE_SIZE);
	end = ALIGN_DOWN(end, PAGE_SIZE);
	if (start < image && end > image) {
		map_direct(gigs, start, image);
		start = image;
	}
	if (start >= image && start < image_end)
		start = MIN(image_end, end);
	if (start < end)
		map_early(gigs, (vaddr_t)phys_to_virt(start), start,
		    end - start, PROT_READ | PROT_WRITE);
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

/* Finds room for count table pages: at the end of a RAM range, clear of
 * everything that is reserved, and where the boot tables reach. */
static void
reserve_tables(size_t count)
{
	struct boot_info *b = &boot_info;
	uint64_t len = count * PAGE_SIZE;

	for (unsigned i = 0; i < b->ram_count; i++) {
		const struct boot_range *v;
		paddr_t low = b->ram[i].start;
		paddr_t end = MIN(low + b->ram[i].size, GIB(4));
		paddr_t at = ALIGN_DOWN(end, PAGE_SIZE) - len;

		while (at >= low && (v = reserved_at(at, len)) != NULL)
			at = ALIGN_DOWN(v->start, PAGE_SIZE) - len;
		if (at < low || end < low + len ||
		    b->reserved_count == BOOT_RANGES_MAX)
			continue;
		b->reserved[b->reserved_count++] =
		    (struct boot_range){ at, len };
		table_next = at;
		table_end = at + len;
		return;
	}
	panic("no room for the kernel's page tables");
}

/*
 * Replaces the boot tables: RAM at DIRECT_BASE with the largest pages, the
 * image with each part's own protection, nothing else.
 */
void
space_map_kernel(void)
{
	pte_t *gigs;
	size_t tables = 12 + 2 * boot_info.ram_count;

	for (unsigned i = 0; i < boot_info.ram_count; i++)
		tables += boot_info.ram[i].size / GIB(1);
	reserve_tables(tables);
	gigs = early_table();
	for (unsigned i = 0; i < boot_info.ram_count; i++)
		map_direct(gigs, boot_info.ram[i].start,
		    boot_info.ram[i].start + boot_info.ram[i].size);
	map_image(gigs, kernel_start, kernel_text_end, PROT_READ | PROT_EXEC);
	map_image(gigs, kernel_text_end, kernel_rodata_end, PROT_READ);
	map_image(gigs, kernel_rodata_end, kernel_end,
	    PROT_READ | PROT_WRITE);
	memcpy(kernel_gigs, gigs, PAGE_SIZE);
	boot_root[0] = 0;
	__asm__ volatile("sfence.vma" : : : "memory");

	arch_user_end = (arch_pt_levels == 4 ? UINT64_C(1) << 47 :
	    UINT64_C(1) << 38) - PAGE_SIZE;
	arch_kernel_space.root = image_phys(arch_pt_levels == 4 ?
	    (char *)boot_root : (char *)kernel_gigs);
	arch_kernel_space.satp = csr_read(satp);
}

/* ---- spaces ----------------------------------------------------------- */

enum err
arch_space_init(struct arch_space *s)
{
	struct page *p = page_alloc_zero();
	pte_t *root;

	if (p == NULL)
		return ERR_NOMEM;
	root = page_virt(p);
	if (arch_pt_levels == 4)
		root[PT_ENTRIES - 1] = boot_root[PT_ENTRIES - 1];
	else
		memcpy(&root[PT_ENTRIES / 2], &kernel_gigs[PT_ENTRIES / 2],
		    PAGE_SIZE / 2);
	s->root = page_phys(p);
	s->satp = (arch_kernel_space.satp & ~UINT64_C(0xfffffffffff)) |
	    s->root >> PAGE_SHIFT;
	atomic_store(&s->cpus, 0);
	atomic_store(&s->generation, 0);
	return OK;
}

void
arch_space_free(struct arch_space *s)
{
	if (s->root != 0)
		page_free(page_of(s->root), 0);
	s->root = 0;
}

#define ASID_SLOTS  8u /* ASIDs 1..8; 0 is the kernel's own root */
#define SATP_ASID_SHIFT 44
#define SATP_ASID_MASK  (UINT64_C(0xffff) << SATP_ASID_SHIFT)

struct asid_slot {
	const struct arch_space *space; /* [C] may be gone: only compared */
	uint64_t generation; /* [C] the TLB is good for this one */
};

static struct {
	struct asid_slot slots[ASID_SLOTS];
	unsigned next; /* [C] victim */
	unsigned current; /* [C] slot in satp; ASID_SLOTS: none */
} asids[CPU_MAX];
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

/* The slot of s on this CPU, taken from another space when it has none;
 * *stale: what the TLB holds under its ASID must go. */
static unsigned
asid_slot_of(unsigned cpu, const struct arch_space *s, bool *stale)
{
	uint64_t now = atomic_load_explicit(
	    &s->generation, memory_order_acquire);
	unsigned i;

	for (i = 0; i < ASID_SLOTS; i++)
		if (asids[cpu].slots[i].space == s)
			break;
	if (i == ASID_SLOTS) {
		i = asids[cpu].next;
		asids[cpu].next = (i + 1) % ASID_SLOTS;
		asids[cpu].slots[i] = (struct asid_slot){ s, 0 };
	}
	*stale = asids[cpu].slots[i].generation != now;
	asids[cpu].slots[i].generation = now;
	return i;
}

void
arch_space_use(struct arch_space *s)
{
	unsigned cpu = cpu_id(), slot;
	bool stale;

	if (!have_asids) {
		csr_write(satp, s->satp);
		flush_asid(0);
		return;
	}
	if (s == &arch_kernel_space) {
		asids[cpu].current = ASID_SLOTS;
		csr_write(satp, s->satp);
		return;
	}
	slot = asid_slot_of(cpu, s, &stale);
	asids[cpu].current = slot;
	csr_write(satp, s->satp | (uint64_t)(slot + 1) << SATP_ASID_SHIFT);
	if (stale)
		flush_asid(slot + 1);
}

/* Up to date with every flush that was announced before this one began. */
static void
note_flush(const struct arch_space *s, uint64_t generation)
{
	unsigned cpu = cpu_id(), i = asids[cpu].current;

	if (i < ASID_SLOTS && asids[cpu].slots[i].space == s)
		asids[cpu].slots[i].generation = generation;
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
	note_flush(s, generation);
}
