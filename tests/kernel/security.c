/*
 * What protects the kernel from its users and from itself, as the page tables
 * have it. That user memory really faults is tests/boot/test_panic.py.
 */
#include <kernel/ktest.h>
#include <kernel/log.h>
#include <kernel/mm.h>

extern char kernel_start[], kernel_text_end[], kernel_rodata_end[];
extern char kernel_end[], boot_stack_top[];
extern uintptr_t __stack_chk_guard;

/* What the leaves of the kernel's half are. */
struct leaves {
	unsigned long user, writable_code, code_elsewhere, all;
};

static vaddr_t
slot_address(vaddr_t base, unsigned i, unsigned shift)
{
	vaddr_t va = base | (vaddr_t)i << shift;

	/* The upper half of the root's slots is the top of addresses. */
	if (shift + 9 < 64 && (va >> (9 * arch_pt_levels + 11) & 1) != 0)
		va |= ~UINT64_C(0) << (9 * arch_pt_levels + 12);
	return va;
}

static void
judge(struct leaves *n, vaddr_t va, unsigned prot)
{
	n->all++;
	n->user += (prot & PROT_USER) != 0;
	n->writable_code += (prot & (PROT_WRITE | PROT_EXEC)) ==
	    (PROT_WRITE | PROT_EXEC);
	if ((prot & PROT_EXEC) != 0 && (va < (vaddr_t)kernel_start ||
	    va >= (vaddr_t)kernel_text_end)) {
		n->code_elsewhere++;
		log_raw("# code at %lx\n", (unsigned long)va);
	}
}

static void
walk(struct leaves *n, paddr_t table, vaddr_t base, unsigned level)
{
	const pte_t *slots = phys_to_virt(table);
	unsigned shift = PAGE_SHIFT + 9 * level;

	for (unsigned i = 0; i < PAGE_SIZE / sizeof(pte_t); i++) {
		vaddr_t va = slot_address(base, i, shift);

		if (!pte_present(slots[i]))
			continue;
		if (level == 0 || pte_is_leaf(slots[i]))
			judge(n, va, pte_prot(slots[i]));
		else
			walk(n, pte_addr(slots[i]), va, level - 1);
	}
}

KTEST(no_kernel_page_is_a_users_or_both_writable_and_code)
{
	struct leaves n = { 0 };

	walk(&n, arch_kernel_space.root, 0, arch_pt_levels - 1);
	EXPECT(n.all > 10);
	EXPECT(n.user == 0);
	EXPECT(n.writable_code == 0);
	EXPECT(n.code_elsewhere == 0);
}

static unsigned
prot_at(vaddr_t va)
{
	unsigned prot = 0;
	paddr_t pa;

	return pt_query(&arch_kernel_space, va, &pa, &prot) ?
	    prot & (PROT_READ | PROT_WRITE | PROT_EXEC) : 0;
}

/* The same page in the direct map. */
static unsigned
alias_prot(vaddr_t va)
{
	unsigned prot = 0;
	paddr_t pa = 0;

	if (!pt_query(&arch_kernel_space, va, &pa, &prot))
		return 0;
	return prot_at((vaddr_t)phys_to_virt(pa));
}

KTEST(parts_of_the_image_have_their_own_protection_under_each_address)
{
	EXPECT(prot_at((vaddr_t)kernel_start) == (PROT_READ | PROT_EXEC));
	EXPECT(prot_at((vaddr_t)kernel_text_end - 1) == (PROT_READ | PROT_EXEC));
	EXPECT(prot_at((vaddr_t)kernel_text_end) == PROT_READ);
	EXPECT(prot_at((vaddr_t)kernel_rodata_end - 1) == PROT_READ);
	EXPECT(prot_at((vaddr_t)kernel_rodata_end) ==
	    (PROT_READ | PROT_WRITE));
	EXPECT((alias_prot((vaddr_t)kernel_start) & ~PROT_READ) == 0);
	EXPECT((alias_prot((vaddr_t)kernel_text_end) & ~PROT_READ) == 0);
	EXPECT((alias_prot((vaddr_t)kernel_rodata_end) & PROT_EXEC) == 0);
}

KTEST(the_boot_stack_has_a_guard_as_well)
{
	EXPECT(prot_at((vaddr_t)boot_stack_top - 1) == (PROT_READ | PROT_WRITE));
	EXPECT(prot_at((vaddr_t)boot_stack_top - KSTACK_SIZE) ==
	    (PROT_READ | PROT_WRITE));
	EXPECT(prot_at((vaddr_t)boot_stack_top - KSTACK_SIZE - 1) == 0);
	EXPECT(prot_at((vaddr_t)boot_stack_top - 2 * KSTACK_SIZE) == 0);
}

/* What is linked is only for code before the random generator. */
KTEST(the_canary_is_drawn_at_boot)
{
	EXPECT(__stack_chk_guard != 0x5f3a91c24be80700);
	EXPECT((__stack_chk_guard & 0xff) == 0);
	EXPECT(__stack_chk_guard >> 32 != 0);
}
