/*
 * example: the smallest port that compiles (docs/porting.md). It is a machine
 * of no kind, to be copied and filled in, file by file. Included by
 * <kernel/arch.h> only.
 *
 * What a comment starts with "Here" is what a real port does at that place.
 */
#pragma once

#define ARCH_NAME        "example" /* Here: as `uname -m` says */
#define ARCH_ELF_MACHINE 0         /* Here: EM_* of its programs */

#define PAGE_SHIFT 12

/* Here: the kernel's half of the address space. Mappings of single pages, all
 * of RAM, and the image: three windows that do not meet. */
#define KMAP_BASE   UINT64_C(0xffffc00000000000)
#define KMAP_END    UINT64_C(0xffffd00000000000)
#define DIRECT_BASE UINT64_C(0xffff800000000000)
#define KERNEL_BASE UINT64_C(0xffffffff80000000)
#define KERNEL_PHYS UINT64_C(0x80200000) /* where the image starts */

/* Here: assembly that reads them; tools/unwind.py reads the rest. */
#define arch_here(pc, sp, ra) ((pc) = (sp) = (ra) = 0)

/* User registers at kernel entry, at the top of the kernel stack. Here: all
 * that a program can see, in the order in which trap.S stores them. */
struct arch_frame {
	uint64_t pc, sp, ra, tls;
	uint64_t call;
	uint64_t args[6];
	uint64_t orig_arg0; /* args[0] becomes the result; restarts want it */
};

#define ARCH_FRAME_PC      pc
#define ARCH_FRAME_SP      sp
#define ARCH_FRAME_RA      ra
#define ARCH_FRAME_CALL    call
#define ARCH_FRAME_ARG0    args[0]
#define ARCH_FRAME_RESULT  args[0]
#define ARCH_FRAME_RESTART orig_arg0
#define ARCH_CALL_BYTES    4 /* Here: the length of its call instruction */

/* Here: the registers that a C function may not change, and a pointer to the
 * FPU's, made when a thread first uses it. */
struct arch_context {
	uint64_t pc, sp, arg;
};

struct arch_space {
	paddr_t root; /* physical address of the root table */
	atomic_uint_fast64_t cpus; /* CPUs that have it loaded */
	atomic_uint_fast64_t generation; /* of flushes; software TLBs */
};

/* Here: a register that only the kernel uses, one per CPU. */
extern struct thread_head *example_current;

static inline struct thread_head *
arch_current(void)
{
	return example_current;
}

static inline void
arch_set_current(struct thread_head *t)
{
	example_current = t;
}

/* Here: the CPU's interrupt mask; all four also order memory accesses for the
 * compiler. */
extern volatile bool example_irqs_on;

static inline unsigned long
arch_irq_save(void)
{
	unsigned long was = example_irqs_on;

	example_irqs_on = false;
	return was;
}

static inline void
arch_irq_restore(unsigned long flags)
{
	example_irqs_on = flags != 0;
}

static inline void
arch_irq_enable(void)
{
	example_irqs_on = true;
}

static inline void
arch_irq_disable(void)
{
	example_irqs_on = false;
}

static inline bool
arch_irqs_on(void)
{
	return example_irqs_on;
}

/* Here: the hint for a loop that waits. */
static inline void
arch_pause(void)
{
	__asm__ volatile("" : : : "memory");
}

/* Here: a counter that runs alike on all CPUs, scaled to ns. */
extern volatile ns_t example_clock;

static inline ns_t
arch_time(void)
{
	return example_clock;
}

/* ---- page-table entries: what a level's word means ---------------------- */

typedef uint64_t pte_t;

#define PT_ENTRIES 512
#define PTE_V      0x100ul /* beside the PROT_* bits */
#define PTE_LEAF   0x200ul
extern unsigned arch_pt_levels;

static inline pte_t
pte_leaf(paddr_t pa, unsigned prot)
{
	return pa | PTE_V | PTE_LEAF | prot;
}

static inline pte_t
pte_table(paddr_t pa)
{
	return pa | PTE_V;
}

static inline bool
pte_present(pte_t e)
{
	return (e & PTE_V) != 0;
}

static inline bool
pte_is_leaf(pte_t e)
{
	return (e & PTE_LEAF) != 0;
}

static inline paddr_t
pte_addr(pte_t e)
{
	return e & ~UINT64_C(0xfff);
}

static inline unsigned
pte_prot(pte_t e)
{
	return (unsigned)e & 0x3f;
}

static inline pte_t
pte_leaf_large(paddr_t pa, unsigned prot)
{
	return pte_leaf(pa, prot);
}
