/*
 * x86_64: registers, page-table entries, and the inline part of the arch
 * contract. Included by <kernel/arch.h> only.
 *
 * In the kernel the GS base points to this CPU's struct x86_cpu (x86.h), whose
 * first word is the current thread; swapgs exchanges it with the user's.
 */
#pragma once

#define ARCH_NAME        "x86_64"
#define ARCH_ELF_MACHINE 62

#define PAGE_SHIFT    12
#define ARCH_RED_ZONE 128

/* The last root slot, 512 GiB, is the kernel's. */
#define KMAP_BASE   UINT64_C(0xffffffc000000000)
#define KMAP_END    UINT64_C(0xffffffd000000000)
#define DIRECT_BASE UINT64_C(0xffffffd000000000)
#define DIRECT_END  UINT64_C(0xfffffff000000000)
#define KERNEL_BASE UINT64_C(0xffffffff80000000) /* shows physical 0 */
#define KERNEL_PHYS UINT64_C(0x200000) /* where the image starts */

#define arch_here(pc, sp, ra) do { \
	__asm__ volatile("movq %%rsp, %1\n\tleaq 0(%%rip), %0" \
	    : "=r"(pc), "=r"(sp)); \
	(ra) = 0; \
} while (0)

#define IST_BYTES 8192 /* stacks of traps at any instruction, x86.h */
#define ARCH_SIDE_STACK IST_BYTES

/*
 * User registers at kernel entry, at the top of the kernel stack. The last
 * five words are what the CPU itself pushes, the arguments of a call lie in
 * their order, and the whole keeps the stack 16-byte aligned.
 */
struct arch_frame {
	uint64_t r15, r14, r13, r12, rbp, rbx;
	uint64_t args[6]; /* rdi rsi rdx r10 r8 r9 */
	uint64_t r11, rcx, rax;
	uint64_t vector; /* of the trap; 0 also for calls. FRAME_TLS */
	uint64_t call; /* the call's number, or a trap's error code */
	uint64_t rip, cs, rflags, rsp, ss;
};
#define FRAME_RDI 0
#define FRAME_RSI 1
#define FRAME_RDX 2
#define FRAME_R10 3
#define FRAME_R8  4
#define FRAME_R9  5
/* As vector of a thread that never ran: call is its FS base. */
#define FRAME_TLS 0x100

#define ARCH_FRAME_PC      rip
#define ARCH_FRAME_SP      rsp
#define ARCH_FRAME_CALL    call
#define ARCH_FRAME_ARG0    args[0]
#define ARCH_FRAME_RESULT  rax
#define ARCH_FRAME_RESTART call /* the number was in rax */
#define ARCH_CALL_BYTES    2

struct arch_fpu; /* FPU and vector registers, arch/x86_64/fpu.c */

struct arch_context {
	uint64_t sp; /* callee-saved registers and return address lie there */
	uint64_t fs_base, gs_base; /* user's */
	struct arch_fpu *fpu; /* NULL: never used */
};

struct arch_space {
	paddr_t root; /* physical address of the root table, CR3 */
	atomic_uint_fast64_t cpus; /* CPUs that have it loaded */
	atomic_uint_fast64_t generation; /* of flushes; software TLBs */
};

static inline struct thread_head *
arch_current(void)
{
	struct thread_head *t;

	__asm__("movq %%gs:0, %0" : "=r"(t));
	return t;
}

static inline void
arch_set_current(struct thread_head *t)
{
	__asm__ volatile("movq %0, %%gs:0" : : "r"(t) : "memory");
}

#define RFLAGS_IF 0x200ul

static inline unsigned long
arch_irq_save(void)
{
	unsigned long v;

	__asm__ volatile("pushfq; popq %0; cli" : "=r"(v) : : "memory");
	return v & RFLAGS_IF;
}

static inline void
arch_irq_restore(unsigned long flags)
{
	if (flags != 0)
		__asm__ volatile("sti" : : : "memory");
}

static inline void
arch_irq_enable(void)
{
	__asm__ volatile("sti" : : : "memory");
}

static inline void
arch_irq_disable(void)
{
	__asm__ volatile("cli" : : : "memory");
}

static inline bool
arch_irqs_on(void)
{
	unsigned long v;

	__asm__ volatile("pushfq; popq %0" : "=r"(v) : : "memory");
	return (v & RFLAGS_IF) != 0;
}

static inline void
arch_pause(void)
{
	__asm__ volatile("pause" : : : "memory");
}

extern uint32_t arch_time_mult, arch_time_shift; /* ns = ticks*mult>>shift */

static inline ns_t
arch_time(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	/* In halves: exact without 128-bit arithmetic, as shift <= 32. */
	return ((uint64_t)high * arch_time_mult << (32 - arch_time_shift)) +
	    ((uint64_t)low * arch_time_mult >> arch_time_shift);
}

/* ---- for abi/linux/arch/x86_64 ---------------------------------------- */

/* The running thread's bases; GS's is the one of user mode. */
uint64_t fs_base_read(void);
void fs_base_write(uint64_t base);
uint64_t x86_user_gs_base(void);
void x86_user_gs_base_set(uint64_t base);
/* XCR0: what a frame of arch_fpu_size() bytes holds; 0 without XSAVE. */
uint64_t x86_fpu_features(void);
/* A buffer of arch_fpu_size() bytes, aligned for the unit; NULL: no memory. */
void *x86_fpu_buffer(void);
void x86_fpu_buffer_free(void *buf);
/* The running thread's state into what is as large and aligned, user memory
 * too; the words that the unit has no use for are left alone. */
void x86_fpu_save(void *buf);
/* The state of a program that has just begun. */
void arch_fpu_initial(void *buf);

/* ---- I/O ports -------------------------------------------------------- */

static inline uint8_t
arch_port_read8(uint16_t port)
{
	uint8_t v;

	__asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline void
arch_port_write8(uint16_t port, uint8_t v)
{
	__asm__ volatile("outb %0, %1" : : "a"(v), "Nd"(port));
}

static inline uint16_t
arch_port_read16(uint16_t port)
{
	uint16_t v;

	__asm__ volatile("inw %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline void
arch_port_write16(uint16_t port, uint16_t v)
{
	__asm__ volatile("outw %0, %1" : : "a"(v), "Nd"(port));
}

static inline uint32_t
arch_port_read32(uint16_t port)
{
	uint32_t v;

	__asm__ volatile("inl %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline void
arch_port_write32(uint16_t port, uint32_t v)
{
	__asm__ volatile("outl %0, %1" : : "a"(v), "Nd"(port));
}

/* Says that these are there: <kernel/device.h>. */
#define arch_port_read8 arch_port_read8

/* ---- page-table entries ----------------------------------------------- */

typedef uint64_t pte_t;

#define PTE_P   UINT64_C(0x01)
#define PTE_W   UINT64_C(0x02)
#define PTE_U   UINT64_C(0x04)
#define PTE_PWT UINT64_C(0x08)
#define PTE_PCD UINT64_C(0x10)
#define PTE_A   UINT64_C(0x20)
#define PTE_D   UINT64_C(0x40)
#define PTE_PS  UINT64_C(0x80)
#define PTE_G   UINT64_C(0x100)
#define PTE_NX  (UINT64_C(1) << 63)
#define PTE_ADDR UINT64_C(0x000ffffffffff000)

#define PT_ENTRIES 512
#define arch_pt_levels 4u
extern pte_t arch_pte_nx; /* PTE_NX, or 0 where the CPU has no such bit */

/* A and D are set from the start, so that the CPU never writes to an entry
 * that the kernel changes by compare-and-swap. */
static inline pte_t
pte_leaf(paddr_t pa, unsigned prot)
{
	pte_t e = pa | PTE_P | PTE_A;

	if (prot & PROT_WRITE)
		e |= PTE_W | PTE_D;
	if (!(prot & PROT_EXEC))
		e |= arch_pte_nx;
	if (prot & PROT_USER)
		e |= PTE_U;
	if (prot & PROT_GLOBAL)
		e |= PTE_G;
	if (prot & PROT_DEVICE)
		e |= PTE_PCD | PTE_PWT;
	return e;
}

static inline pte_t
pte_table(paddr_t pa)
{
	return pa | PTE_P | PTE_W | PTE_U | PTE_A;
}

static inline bool
pte_present(pte_t e)
{
	return (e & PTE_P) != 0;
}

/* At levels above the last: a 2 MiB (1 GiB) leaf instead of a table. */
static inline bool
pte_is_leaf(pte_t e)
{
	return (e & PTE_PS) != 0;
}

static inline paddr_t
pte_addr(pte_t e)
{
	return e & PTE_ADDR;
}

static inline unsigned
pte_prot(pte_t e)
{
	unsigned prot = PROT_READ;

	if (e & PTE_W)
		prot |= PROT_WRITE;
	if (!(e & PTE_NX))
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
	return pte_leaf(pa, prot) | PTE_PS;
}
