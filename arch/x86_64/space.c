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

#include "x86.h"

#define GIB_SHIFT 30

extern char kernel_start[], kernel_text_end[], kernel_rodata_end[];
extern char kernel_end[], boot_guard[], boot_stack[];

/* start.S fills them for the beginning. */
pte_t boot_root[PT_ENTRIES] ALIGNED(4096);
pte_t kernel_gigs[PT_ENTRIES] ALIGNED(4096);
pte_t boot_pages[4 * PT_ENTRIES] ALIGNED(4096);

pte_t arch_pte_nx;
vaddr_t arch_user_end;
struct arch_space arch_kernel_space;

static unsigned
gig_slot(vaddr_t va)
{
	return (va >> GIB_SHIFT) & (PT_ENTRIES - 1);
}

/* ---- the final kernel map --------------------------------------------- */

/* Pages for tables before the allocator runs: taken from the end of a RAM
 * range below 4 GiB, and reserved in boot_info. */
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

		if (!x86.gib_pages || ((va | pa) & (step - 1)) != 0 ||
		    len < step) {
			slot = &next_table(slot)[(va >> 21) & 511];
			step = MIB(2);
		}
		if (((va | pa) & (step - 1)) != 0 || len < step) {
			slot = &next_table(slot)[(va >> 12) & 511];
			step = PAGE_SIZE;
		}
		*slot = step == PAGE_SIZE ? pte_leaf(pa, prot | PROT_GLOBAL) :
		    pte_leaf_large(pa, prot | PROT_GLOBAL);
		va += step;
		pa += step;
		len -= step;
	}
}

static paddr_t
image_phys(const void *p)
{
	return (paddr_t)(uintptr_t)p - KERNEL_BASE;
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

/* The highest place for len bytes in r that is clear of what is reserved;
 * 0: none. */
static paddr_t
clear_place(const struct boot_range *r, uint64_t len)
{
	const struct boot_info *b = &boot_info;
	paddr_t end = ALIGN_DOWN(
	    MIN(r->start + r->size, GIB(4)), PAGE_SIZE);
	bool moved = true;

	while (moved && end >= r->start + len) {
		moved = false;
		for (unsigned i = 0; i < b->reserved_count; i++) {
			const struct boot_range *v = &b->reserved[i];

			if (end - len >= v->start + v->size || end <= v->start)
				continue;
			end = ALIGN_DOWN(v->start, PAGE_SIZE);
			moved = true;
			break;
		}
	}
	return end >= r->start + len ? end - len : 0;
}

static void
reserve_tables(size_t count)
{
	struct boot_info *b = &boot_info;
	uint64_t len = count * PAGE_SIZE;

	for (unsigned i = 0; i < b->ram_count; i++) {
		paddr_t at = clear_place(&b->ram[i], len);

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

/*
 * Replaces the boot tables: RAM at DIRECT_BASE with the largest pages, the
 * image with each part's own protection, nothing else.
 */
void
space_map_kernel(void)
{
	pte_t *gigs;
	size_t tables = 12 + 4 * boot_info.ram_count;

	arch_pte_nx = x86.nx ? PTE_NX : 0;
	for (unsigned i = 0; i < boot_info.ram_count; i++)
		tables += boot_info.ram[i].size / GIB(1);
	reserve_tables(tables);
	gigs = early_table();
	for (unsigned i = 0; i < boot_info.ram_count; i++)
		map_direct(gigs, boot_info.ram[i].start,
		    boot_info.ram[i].start + boot_info.ram[i].size);
	map_image(gigs, kernel_start, kernel_text_end, PROT_READ | PROT_EXEC);
	map_image(gigs, kernel_text_end, kernel_rodata_end, PROT_READ);
	/* Not what the boot stack may overflow into. */
	map_image(gigs, kernel_rodata_end, boot_guard,
	    PROT_READ | PROT_WRITE);
	map_image(gigs, boot_stack, kernel_end,
	    PROT_READ | PROT_WRITE);
	memcpy(kernel_gigs, gigs, PAGE_SIZE);
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
	struct page *p = page_alloc_zero();
	pte_t *root;

	if (p == NULL)
		return ERR_NOMEM;
	root = page_virt(p);
	root[PT_ENTRIES - 1] = boot_root[PT_ENTRIES - 1];
	s->root = page_phys(p);
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
