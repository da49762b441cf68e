/*
 * aarch64: registers, page-table entries, and the inline part of the arch
 * contract. Included by <kernel/arch.h> only.
 *
 * TPIDR_EL1 holds the current thread_head, in the kernel and in user mode;
 * SP_EL1 is the top of that thread's kernel stack in user mode, so an
 * exception finds both without a scratch register.
 */
#pragma once

#define ARCH_NAME        "aarch64"
#define ARCH_ELF_MACHINE 183

#define PAGE_SHIFT 12

/* The kernel half is TTBR1's: a root table of its own, so a user space's root
 * has nothing of the kernel in it. All kernel addresses have bit 47 set, so
 * that 48 bits make up a pointer (kernel/handles.h). */
#define DIRECT_BASE UINT64_C(0xffff800000000000)
#define DIRECT_END  UINT64_C(0xffffc00000000000)
#define KMAP_BASE   UINT64_C(0xffffc00000000000)
#define KMAP_END    UINT64_C(0xffffc01000000000)
#define KERNEL_BASE UINT64_C(0xffffffff80000000)

/* Where the image lies: the loader's choice, a multiple of 2 MiB. */
extern paddr_t arch_kernel_phys;
#define KERNEL_PHYS arch_kernel_phys

/* x30 first: any of the others may be given that register. */
#define arch_here(pc, sp, ra) \
	__asm__ volatile("mov %2, x30\n\tmov %1, sp\n\tadr %0, ." \
	    : "=r"(pc), "=r"(sp), "=r"(ra))

/* User registers at kernel entry, at the top of the kernel stack. */
struct arch_frame {
	uint64_t regs[31]; /* x0 .. x30 */
	uint64_t sp, pc, pstate;
	uint64_t orig_x0; /* first argument of the running call */
	uint64_t tls; /* TPIDR_EL0 */
	uint64_t esr; /* why the kernel was entered */
	uint64_t unused; /* keeps the size a multiple of 16 */
};
#define FRAME_X8 8
#define FRAME_FP 29
#define FRAME_LR 30

#define ARCH_FRAME_PC      pc
#define ARCH_FRAME_SP      sp
#define ARCH_FRAME_RA      regs[FRAME_LR]
#define ARCH_FRAME_CALL    regs[FRAME_X8]
#define ARCH_FRAME_ARG0    regs[0]
#define ARCH_FRAME_RESULT  regs[0]
#define ARCH_FRAME_RESTART orig_x0
#define ARCH_CALL_BYTES    4

/* What a program may set of its pstate: the flags, DIT, SSBS. The mode of user
 * programs is 0, and so are their interrupt masks. */
#define PSTATE_USER 0xf1001000u

struct arch_fpu; /* FP and SIMD registers, arch/aarch64/fpu.c */

struct arch_context {
	uint64_t x19_x28[10], fp, lr, sp;
	struct arch_fpu *fpu; /* NULL: never used */
};

struct arch_space {
	paddr_t root; /* physical address of the root table */
	atomic_uint_fast64_t cpus; /* CPUs that have it loaded */
	atomic_uint_fast64_t generation; /* of flushes; software TLBs */
};

static inline struct thread_head *
arch_current(void)
{
	struct thread_head *t;

	__asm__("mrs %0, tpidr_el1" : "=r"(t));
	return t;
}

static inline void
arch_set_current(struct thread_head *t)
{
	__asm__ volatile("msr tpidr_el1, %0" : : "r"(t) : "memory");
}

/* Only the I bit of DAIF ever changes in the kernel; D, A and F stay set. */
#define DAIF_I 0x80ul

static inline unsigned long
arch_irq_save(void)
{
	unsigned long v;

	__asm__ volatile("mrs %0, daif\n\tmsr daifset, #2"
	    : "=r"(v) : : "memory");
	return (v & DAIF_I) == 0;
}

static inline void
arch_irq_enable(void)
{
	__asm__ volatile("msr daifclr, #2" : : : "memory");
}

static inline void
arch_irq_disable(void)
{
	__asm__ volatile("msr daifset, #2" : : : "memory");
}

static inline void
arch_irq_restore(unsigned long flags)
{
	if (flags != 0)
		arch_irq_enable();
}

static inline bool
arch_irqs_on(void)
{
	unsigned long v;

	__asm__ volatile("mrs %0, daif" : "=r"(v) : : "memory");
	return (v & DAIF_I) == 0;
}

static inline void
arch_pause(void)
{
	__asm__ volatile("yield" : : : "memory");
}

extern uint32_t arch_time_mult, arch_time_shift; /* ns = ticks*mult>>shift */

static inline ns_t
arch_time(void)
{
	uint64_t t;

	/* The barrier keeps the counter from being read early. */
	__asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(t) : : "memory");
	/* In halves: exact without 128-bit arithmetic, as shift <= 32. */
	return ((t >> 32) * arch_time_mult << (32 - arch_time_shift)) +
	    ((t & UINT32_MAX) * arch_time_mult >> arch_time_shift);
}

/* Makes new kernel mappings visible to this CPU's walks, and lets no access
 * begin before: without it the walk may still meet the empty entry. */
#define arch_map_barrier() \
	__asm__ volatile("dsb ishst\n\tisb" : : : "memory")

#define arch_io_barrier() \
	__asm__ volatile("dmb osh" : : : "memory")

/* ---- page-table entries ----------------------------------------------- */

typedef uint64_t pte_t;

#define PTE_VALID     0x1ul
#define PTE_TABLE     0x2ul /* clear: a block; at the last level always set */
#define PTE_DEVICE    0x4ul /* attribute 1 of MAIR_EL1; 0 is normal memory */
#define PTE_EL0       0x40ul /* data access from user mode */
#define PTE_RO        0x80ul
#define PTE_SHARED    0x300ul /* inner shareable */
#define PTE_AF        0x400ul
#define PTE_NG        0x800ul /* belongs to an ASID */
#define PTE_PXN       (UINT64_C(1) << 53)
#define PTE_UXN       (UINT64_C(1) << 54)
/* For software: the hardware's bits cannot tell a user page that is for
 * execution only from a kernel page. */
#define PTE_SOFT_READ (UINT64_C(1) << 55)
#define PTE_SOFT_USER (UINT64_C(1) << 56)
#define PTE_ADDR      UINT64_C(0x0000fffffffff000)

#define PT_ENTRIES 512
#define arch_pt_levels 4u

static inline pte_t
pte_leaf(paddr_t pa, unsigned prot)
{
	pte_t e = pa | PTE_VALID | PTE_TABLE | PTE_AF | PTE_SHARED;

	if (prot & (PROT_READ | PROT_WRITE))
		e |= PTE_SOFT_READ | (prot & PROT_USER ? PTE_EL0 : 0);
	if (!(prot & PROT_WRITE))
		e |= PTE_RO;
	if (!(prot & PROT_GLOBAL))
		e |= PTE_NG;
	if (prot & PROT_DEVICE)
		e |= PTE_DEVICE;
	if (prot & PROT_USER)
		e |= PTE_PXN | PTE_SOFT_USER |
		    (prot & PROT_EXEC ? 0 : PTE_UXN);
	else
		e |= PTE_UXN | (prot & PROT_EXEC ? 0 : PTE_PXN);
	return e;
}

static inline pte_t
pte_table(paddr_t pa)
{
	return pa | PTE_VALID | PTE_TABLE;
}

static inline bool
pte_present(pte_t e)
{
	return (e & PTE_VALID) != 0;
}

/* At levels above the last: a 2 MiB (1 GiB) leaf instead of a table. */
static inline bool
pte_is_leaf(pte_t e)
{
	return (e & PTE_TABLE) == 0;
}

static inline paddr_t
pte_addr(pte_t e)
{
	return e & PTE_ADDR;
}

static inline unsigned
pte_prot(pte_t e)
{
	unsigned prot = 0;

	if (e & PTE_SOFT_READ)
		prot |= PROT_READ;
	if (!(e & PTE_RO))
		prot |= PROT_WRITE;
	if (!(e & PTE_NG))
		prot |= PROT_GLOBAL;
	if (e & PTE_DEVICE)
		prot |= PROT_DEVICE;
	if (e & PTE_SOFT_USER)
		prot |= PROT_USER | (e & PTE_UXN ? 0 : PROT_EXEC);
	else
		prot |= e & PTE_PXN ? 0 : PROT_EXEC;
	return prot;
}

/* The leaf entry of a 2 MiB page at the level above the last. */
static inline pte_t
pte_leaf_large(paddr_t pa, unsigned prot)
{
	return pte_leaf(pa, prot) & ~PTE_TABLE;
}
