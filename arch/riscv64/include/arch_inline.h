/*
 * riscv64: registers, page-table entries, and the inline part of the arch
 * contract. Included by <kernel/arch.h> only.
 *
 * tp holds the current thread_head in the kernel; sscratch holds it while
 * the CPU is in user mode and 0 in the kernel.
 */
#pragma once

#define ARCH_NAME        "riscv64"
#define ARCH_ELF_MACHINE 243

#define PAGE_SHIFT 12

/* All of these lie in the top 256 GiB, the kernel half of Sv39, so that Sv39
 * and Sv48 share one layout. */
#define KMAP_BASE   UINT64_C(0xffffffc000000000)
#define KMAP_END    UINT64_C(0xffffffd000000000)
#define DIRECT_BASE UINT64_C(0xffffffd000000000)
#define DIRECT_END  UINT64_C(0xfffffff000000000)
#define KERNEL_BASE UINT64_C(0xffffffff80000000)
#define KERNEL_GIB  UINT64_C(0x80000000) /* what KERNEL_BASE stands for */
#define KERNEL_PHYS UINT64_C(0x80200000) /* where the image starts */

extern uint64_t kernel_slide; /* slide.c: what KERNEL_BASE moved by */
#define arch_kernel_slide() kernel_slide

/* ra first: any of the others may be given that register. */
#define arch_here(pc, sp, ra) \
	__asm__ volatile("mv %2, ra\n\tmv %1, sp\n\tauipc %0, 0" \
	    : "=r"(pc), "=r"(sp), "=r"(ra))

/* User registers at kernel entry, at the top of the kernel stack. */
struct arch_frame {
	uint64_t pc;
	uint64_t regs[31]; /* x1 ra .. x31 t6 */
	uint64_t status;
	uint64_t orig_a0; /* first argument of the running call */
};
#define FRAME_RA 0
#define FRAME_SP 1
#define FRAME_GP 2
#define FRAME_TP 3
#define FRAME_S0 7
#define FRAME_A0 9
#define FRAME_A7 16

#define ARCH_FRAME_PC      pc
#define ARCH_FRAME_SP      regs[FRAME_SP]
#define ARCH_FRAME_RA      regs[FRAME_RA]
#define ARCH_FRAME_CALL    regs[FRAME_A7]
#define ARCH_FRAME_ARG0    regs[FRAME_A0]
#define ARCH_FRAME_RESULT  regs[FRAME_A0]
#define ARCH_FRAME_RESTART orig_a0
#define ARCH_CALL_BYTES    4

struct arch_fpu; /* FPU and vector registers, arch/riscv64/fpu.c */

struct arch_context {
	uint64_t ra, sp, gp, s[12];
	struct arch_fpu *fpu; /* NULL: never used */
};

struct arch_space {
	paddr_t root; /* physical address of the root table */
	uint64_t satp; /* ready to load */
	atomic_uint_fast64_t cpus; /* CPUs that have it loaded */
	atomic_uint_fast64_t generation; /* of flushes; software TLBs */
};

static inline struct thread_head *
arch_current(void)
{
	struct thread_head *t;

	__asm__("mv %0, tp" : "=r"(t));
	return t;
}

static inline void
arch_set_current(struct thread_head *t)
{
	__asm__ volatile("mv tp, %0" : : "r"(t) : "memory");
}

#define arch_frame_is_whole() (arch_current()->frame_whole)

#define CSR_SSTATUS_SIE 2ul

static inline unsigned long
arch_irq_save(void)
{
	unsigned long v;

	__asm__ volatile("csrrci %0, sstatus, 2" : "=r"(v) : : "memory");
	return v & CSR_SSTATUS_SIE;
}

static inline void
arch_irq_restore(unsigned long flags)
{
	__asm__ volatile("csrs sstatus, %0" : : "r"(flags) : "memory");
}

static inline void
arch_irq_enable(void)
{
	__asm__ volatile("csrsi sstatus, 2" : : : "memory");
}

static inline void
arch_irq_disable(void)
{
	__asm__ volatile("csrci sstatus, 2" : : : "memory");
}

static inline bool
arch_irqs_on(void)
{
	unsigned long v;

	__asm__ volatile("csrr %0, sstatus" : "=r"(v) : : "memory");
	return (v & CSR_SSTATUS_SIE) != 0;
}

/* A form of nop that nothing else uses, so that tools can count spinning
 * (tools/share_count.c). */
static inline void
arch_pause(void)
{
	__asm__ volatile("slti zero, zero, 0" : : : "memory");
}

extern uint32_t arch_time_mult, arch_time_shift; /* ns = ticks*mult>>shift */

static inline ns_t
arch_time(void)
{
	uint64_t t;

	__asm__ volatile("rdtime %0" : "=r"(t));
	/* In halves: exact without 128-bit arithmetic, as shift <= 32. */
	return ((t >> 32) * arch_time_mult << (32 - arch_time_shift)) +
	    ((t & UINT32_MAX) * arch_time_mult >> arch_time_shift);
}

#define arch_io_barrier() \
	__asm__ volatile("fence iorw, iorw" : : : "memory")

/* ---- for abi/linux/arch/riscv64 --------------------------------------- */

/* The vector unit: bytes of its registers, as the running thread uses them (0:
 * not so far) or as any could on this machine. The five words are vstart vl
 * vtype vcsr vlenb. */
size_t riscv_vector_size(void);
size_t riscv_vector_size_max(void);
void riscv_vector_export(uint64_t control[5], void *regs);
/* ERR_INVAL: nothing was changed. */
enum err riscv_vector_import(const uint64_t control[5], const void *regs);

/* ---- page-table entries ----------------------------------------------- */

typedef uint64_t pte_t;

#define PTE_V 0x01ul
#define PTE_R 0x02ul
#define PTE_W 0x04ul
#define PTE_X 0x08ul
#define PTE_U 0x10ul
#define PTE_G 0x20ul
#define PTE_A 0x40ul
#define PTE_D 0x80ul
#define PTE_SOFT0 0x100ul

#define PT_ENTRIES 512
extern unsigned arch_pt_levels; /* 3 (Sv39) or 4 (Sv48) */

static inline pte_t
pte_leaf(paddr_t pa, unsigned prot)
{
	pte_t e = (pa >> 12) << 10 | PTE_V | PTE_A;

	if (prot & PROT_READ)
		e |= PTE_R;
	if (prot & PROT_WRITE)
		e |= PTE_R | PTE_W | PTE_D;
	if (prot & PROT_EXEC)
		e |= PTE_X;
	if (prot & PROT_USER)
		e |= PTE_U;
	if (prot & PROT_GLOBAL)
		e |= PTE_G;
	return e;
}

static inline pte_t
pte_table(paddr_t pa)
{
	return (pa >> 12) << 10 | PTE_V;
}

static inline bool
pte_present(pte_t e)
{
	return (e & PTE_V) != 0;
}

/* At levels above the last: a 2 MiB (1 GiB) leaf instead of a table. */
static inline bool
pte_is_leaf(pte_t e)
{
	return (e & (PTE_R | PTE_W | PTE_X)) != 0;
}

static inline paddr_t
pte_addr(pte_t e)
{
	return (e >> 10 & UINT64_C(0xfffffffffff)) << 12;
}

static inline unsigned
pte_prot(pte_t e)
{
	unsigned prot = 0;

	if (e & PTE_R)
		prot |= PROT_READ;
	if (e & PTE_W)
		prot |= PROT_WRITE;
	if (e & PTE_X)
		prot |= PROT_EXEC;
	if (e & PTE_U)
		prot |= PROT_USER;
	if (e & PTE_G)
		prot |= PROT_GLOBAL;
	return prot;
}

/* The leaf entry of a 2 MiB page at the level above the last. */
static inline pte_t
pte_leaf_large(paddr_t pa, unsigned prot)
{
	return pte_leaf(pa, prot);
}
