/*
 * host: the arch contract on POSIX, so that levels 0-6 run in a process under
 * sanitizers. Included by <kernel/arch.h> only.
 *
 * A CPU is a token. Each kernel thread has a pthread of its own; a context
 * switch passes the CPU's token to another pthread. Interrupts are flags of
 * the token, taken where the kernel turns interrupts on or waits. RAM is one
 * anonymous mapping; page tables are the generic ones, walked by software
 * only, which is how the kernel touches user memory on every port.
 */
#pragma once

/* Names that the C library has, too; its headers, where a file here wants
 * them, come before the kernel's. */
#define sched_yield  kernel_sched_yield
#define timer_create kernel_timer_create

#define ARCH_NAME        "host"
#define ARCH_ELF_MACHINE 243 /* riscv64 images can be loaded, not run */

#define PAGE_SHIFT 12

extern uintptr_t host_direct_base;
#define DIRECT_BASE host_direct_base
#define KMAP_BASE   UINT64_C(0xffffffc000000000)
#define KMAP_END    UINT64_C(0xffffffd000000000)

/* The sanitizers print better backtraces. */
#define arch_here(pc, sp, ra) ((pc) = (sp) = (ra) = 0)

struct arch_frame {
	uintptr_t args[6];
	uintptr_t nr;
	uintptr_t pc, sp, ra, tls;
	uintptr_t orig_a0;
};

#define ARCH_FRAME_PC      pc
#define ARCH_FRAME_SP      sp
#define ARCH_FRAME_RA      ra
#define ARCH_FRAME_CALL    nr
#define ARCH_FRAME_ARG0    args[0]
#define ARCH_FRAME_RESULT  args[0]
#define ARCH_FRAME_RESTART orig_a0
#define ARCH_CALL_BYTES    4

struct host_thread;

struct arch_context {
	struct host_thread *host; /* the pthread, made at the first switch */
	void (*entry)(void *);
	void *arg;
};

struct arch_space {
	paddr_t root; /* physical address of the root table */
	atomic_uint_fast64_t cpus; /* CPUs that have it loaded */
	atomic_uint_fast64_t generation; /* of flushes; software TLBs */
};

/* The token of a CPU. */
struct host_cpu {
	atomic_bool pending; /* [A] an interrupt waits: ipi or due */
	atomic_bool ipi; /* [A] */
	atomic_bool due; /* [A] the timer's time has come */
	bool irqs_on; /* [C] */
};

extern _Thread_local struct thread_head *host_current;
extern _Thread_local struct host_cpu *host_cpu;
void host_interrupts(void);

static inline struct thread_head *
arch_current(void)
{
	return host_current;
}

static inline void
arch_set_current(struct thread_head *t)
{
	host_current = t;
}

static inline void
arch_irq_disable(void)
{
	host_cpu->irqs_on = false;
}

static inline void
arch_irq_enable(void)
{
	host_cpu->irqs_on = true;
	if (atomic_load_explicit(&host_cpu->pending, memory_order_relaxed))
		host_interrupts();
}

/* Interrupts come where they are turned on, and where code that runs with
 * them on lets preemption happen again or spins. */
static inline void
host_poll(void)
{
	if (host_cpu->irqs_on)
		arch_irq_enable();
}
#define arch_poll() host_poll()

static inline unsigned long
arch_irq_save(void)
{
	unsigned long was = host_cpu->irqs_on;

	host_cpu->irqs_on = false;
	return was;
}

static inline void
arch_irq_restore(unsigned long flags)
{
	if (flags)
		arch_irq_enable();
}

static inline bool
arch_irqs_on(void)
{
	return host_cpu->irqs_on;
}

void arch_pause(void);

ns_t arch_time(void);

/* ---- page-table entries ----------------------------------------------- */

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
