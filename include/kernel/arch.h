/*
 * What a port supplies.
 *
 * arch/<isa>/include/arch_inline.h is included below; it must define
 *   struct arch_frame      user registers as saved at kernel entry
 *   struct arch_context    what a context switch keeps (callee-saved, FPU)
 *   struct arch_space      root of the page tables, ASID, CPUs that hold it
 *   pte_t                  a 64-bit page-table entry, and the pte_* inlines
 *   constants              PAGE_SHIFT 12, DIRECT_BASE, KMAP_BASE, KMAP_END,
 *                          ARCH_NAME (as in uname -m), ARCH_ELF_MACHINE
 *   ARCH_FRAME_*           where a frame has what every machine has, below
 *   arch_current arch_set_current arch_irq_save arch_irq_restore
 *   arch_irq_enable arch_irq_disable arch_irqs_on arch_pause arch_time
 * as static inlines. Everything else is below. Page tables are walked by
 * mm/pagetable.c for all ports; a port only says how one entry looks.
 *
 * User memory is never touched through user addresses: mm/user.c walks the
 * tables and copies through the direct map (docs/decisions/0001).
 *
 * Upward a port calls only the trap_* functions at the end.
 */
#pragma once

#include <kernel/attr.h>
#include <kernel/err.h>

#define CPU_MAX 32

struct cpu;
struct cpu_set;
struct acpi_facts;

/*
 * The head of struct thread: what locks, traps and context switches need of
 * the running thread. arch_current() points here.
 */
struct thread_head {
	vaddr_t kstack_top; /* [I] initial stack pointer in the kernel */
	vaddr_t trap_user_sp; /* [s] scratch of trap entry */
	vaddr_t trap_scratch; /* [s] scratch of trap entry */
	struct cpu *cpu; /* [C] where it runs */
	union {
		unsigned preempt; /* [s] not 0: stays on this CPU */
		struct {
			uint16_t preempt_depth; /* all that counting reaches */
			bool user_held; /* [s] kernel/user.h */
		};
	};
	atomic_uint work; /* [A] WORK_*: to do before user mode */
	bool frame_whole; /* [s] for arch_frame_is_whole() */
	bool alloc_fails; /* [s] allocations count: alloc_fail_for() */
};

/* thread_head.work: any bit sends the way out of the kernel through
 * trap_work(). WORK_RESCHED is also looked at by preempt_enable(). */
#define WORK_RESCHED 0x01u /* another thread should run */
#define WORK_SIGNAL  0x02u /* a signal may have to be delivered */
#define WORK_TRACE   0x04u /* calls are traced: not cleared by trap_work */
#define WORK_KILLED  0x08u /* the thread must exit */
#define WORK_STOP    0x10u /* job control stop */
#define WORK_RESTORE 0x20u /* the wait's signal mask is to be restored */
#define WORK_RCU     0x40u /* a grace period waits for this CPU */
#define WORK_SAMPLE  0x80u /* the interrupt that ends now is a sample */
#define WORK_FLUSH   0x100u /* a flush waits for the copy that runs: mm/tlb.c */
#define WORK_POLLING 0x200u /* an idle thread looks at its work: no IPI */

/* Protection of a mapping. */
#define PROT_READ   0x01u
#define PROT_WRITE  0x02u
#define PROT_EXEC   0x04u
#define PROT_USER   0x08u
#define PROT_GLOBAL 0x10u /* the same in every space */
#define PROT_DEVICE 0x20u /* uncached, ordered */

struct sysargs {
	uintptr_t v[6];
};

#include <arch_inline.h>

/*
 * ---- user frames, inline ------------------------------------------------
 *
 * The port names members of struct arch_frame:
 *   ARCH_FRAME_PC, _SP     where the program goes on, and its stack
 *   ARCH_FRAME_RA          register with the return address of a leaf; a port
 *                          whose calls push it has arch_frame_set_ra() instead
 *   ARCH_FRAME_CALL        the running call's number
 *   ARCH_FRAME_ARG0        the first of its six arguments, which lie in a row;
 *                          C's first three, too
 *   ARCH_FRAME_RESULT      where its result goes
 *   ARCH_FRAME_RESTART     what that register held at the call
 * and ARCH_CALL_BYTES, the length of the instruction that calls.
 */
static inline vaddr_t
arch_frame_pc(const struct arch_frame *f)
{
	return f->ARCH_FRAME_PC;
}

static inline void
arch_frame_set_pc(struct arch_frame *f, vaddr_t pc)
{
	f->ARCH_FRAME_PC = pc;
}

static inline vaddr_t
arch_frame_sp(const struct arch_frame *f)
{
	return f->ARCH_FRAME_SP;
}

static inline void
arch_frame_set_sp(struct arch_frame *f, vaddr_t sp)
{
	f->ARCH_FRAME_SP = sp;
}

static inline uintptr_t
arch_frame_call(const struct arch_frame *f)
{
	return f->ARCH_FRAME_CALL;
}

/* Replaces the call number (restart_syscall). */
static inline void
arch_frame_set_call(struct arch_frame *f, uintptr_t nr)
{
	f->ARCH_FRAME_CALL = nr;
}

static inline const struct sysargs *
arch_frame_args_of(const struct arch_frame *f)
{
	return (const struct sysargs *)(const void *)&f->ARCH_FRAME_ARG0;
}

/* First C arguments of a program or handler that begins. */
static inline void
arch_frame_args(
    struct arch_frame *f, uintptr_t a0, uintptr_t a1, uintptr_t a2)
{
	uintptr_t *arg = &f->ARCH_FRAME_ARG0;

	arg[0] = a0;
	arg[1] = a1;
	arg[2] = a2;
}

static inline void
arch_frame_return(struct arch_frame *f, long value)
{
	f->ARCH_FRAME_RESULT = (uint64_t)value;
}

/* Backs up to the call instruction with the original arguments. */
static inline void
arch_frame_restart(struct arch_frame *f)
{
	f->ARCH_FRAME_PC -= ARCH_CALL_BYTES;
	f->ARCH_FRAME_RESULT = f->ARCH_FRAME_RESTART;
}

/* The register with the return address of a leaf; 0: there is none. */
#ifdef ARCH_FRAME_RA
static inline vaddr_t
arch_frame_ra(const struct arch_frame *f)
{
	return f->ARCH_FRAME_RA;
}

static inline void
arch_frame_set_ra(struct arch_frame *f, vaddr_t ra)
{
	f->ARCH_FRAME_RA = ra;
}
#else
static inline vaddr_t
arch_frame_ra(const struct arch_frame *f UNUSED)
{
	return 0;
}

void arch_frame_set_ra(struct arch_frame *f, vaddr_t ra);
#endif

/* Bytes below a program's stack pointer that are its own. */
#ifndef ARCH_RED_ZONE
#define ARCH_RED_ZONE 0
#endif

/* After new entries of the kernel half, before anything uses them; of ports
 * whose walks might still meet the empty ones. */
#ifndef arch_map_barrier
#define arch_map_barrier() ((void)0)
#endif

/* Whether the frame of the running call has all user registers. A port may
 * save the callee-saved ones only for calls that want them: fork, traced
 * ones. They answer ERR_WHOLEFRAME before they change anything, and the port
 * calls them again. */
#ifndef arch_frame_is_whole
#define arch_frame_is_whole() true
#endif

/* Memory that a device shares is written before, and read after, what follows
 * at the device's registers. Of ports where a fence for other CPUs is not
 * enough. */
#ifndef arch_io_barrier
#define arch_io_barrier() atomic_thread_fence(memory_order_seq_cst)
#endif

/* What the kernel's addresses differ by from those it was linked to. */
#ifndef arch_kernel_slide
#define arch_kernel_slide() UINT64_C(0)
#endif

/* Size and alignment of the stacks that are no thread's. */
#ifndef ARCH_SIDE_STACK
#define ARCH_SIDE_STACK PAGE_SIZE
#endif

#define PAGE_SIZE (UINT64_C(1) << PAGE_SHIFT)
#define PAGE_MASK (PAGE_SIZE - 1)

/* What start.S or the firmware handed over; filled by arch_init_early(). */
#define BOOT_RANGES_MAX 32
struct boot_range {
	paddr_t start;
	uint64_t size; /* bytes */
};
struct boot_info {
	struct boot_range ram[BOOT_RANGES_MAX];
	unsigned ram_count;
	struct boot_range reserved[BOOT_RANGES_MAX]; /* inside ram, not free:
	    firmware, FDT, initrd, kernel image */
	unsigned reserved_count;
	struct boot_range initrd; /* size 0: none */
	struct boot_range kernel; /* the image, text to bss end */
	const void *fdt;          /* direct-map address or NULL */
	const struct acpi_facts *acpi; /* lib/acpi.h; NULL: no ACPI */
	char cmdline[4096];       /* NUL-terminated */
	unsigned cpu_count;       /* CPUs the firmware names, <= CPU_MAX */
	uint64_t cpu_hwid[CPU_MAX]; /* hart id, MPIDR, APIC id; [0] boots */
	uint64_t seed[4];         /* firmware's entropy, 0 when none */
};
extern struct boot_info boot_info;

/* ---- start, stop ------------------------------------------------------ */

/* Reads the firmware tables into boot_info, maps all of RAM at DIRECT_BASE
 * with the largest pages, makes text read-only. Called once on the boot CPU
 * with irqs off, before any allocator; arch_putc works afterwards. */
void arch_init_early(uintptr_t arg0, uintptr_t arg1);
/* The rest: trap vectors of this CPU, FPU policy, irq chip, timer. Called on
 * each CPU once the allocators work; the boot CPU calls it first. */
void arch_init_cpu(void);
/* Starts CPU number cpu (index into cpu_hwid); it enters cpu_main() on
 * stack_top with head as its current thread. */
enum err arch_cpu_start(
    unsigned cpu, struct thread_head *head, vaddr_t stack_top);
/* Ends the machine. status: 0 orderly, else reported to the emulator. */
NORETURN void arch_poweroff(unsigned status);
NORETURN void arch_reset(void);
/* A line of /proc/cpuinfo text and hardware capabilities (AT_HWCAP). */
size_t arch_cpu_info(unsigned cpu, char *buf, size_t len);
uint64_t arch_hwcap(unsigned which); /* 0: AT_HWCAP, 1: AT_HWCAP2 */

/* ---- this CPU --------------------------------------------------------- */

/* Waits for an interrupt with irqs off on entry and exit; an interrupt that
 * is already pending ends the wait at once. A port that takes the interrupt
 * here calls trap_wait_end() before anything else of it. */
void arch_wait(void);
/* Makes trap_ipi() run on each CPU of the mask (bit = CPU number). */
void arch_ipi(uint64_t cpus);
/* Stops this CPU for ever (panic on another one). */
NORETURN void arch_halt(void);

/* ---- time ------------------------------------------------------------- */

/* ns since some start, monotonic, same on all CPUs: inline arch_time(). */
/* Programs the next timer interrupt of this CPU; NS_NEVER disarms, a past
 * value fires at once. Call with irqs off. */
void arch_timer_set(ns_t when);
/* Seconds since 1970 from a firmware clock, or 0. */
uint64_t arch_wall_seconds(void);
/* For the vDSO: counter frequency; time = counter * mult >> shift. */
void arch_time_scale(uint32_t *mult, uint32_t *shift);

/* ---- threads ---------------------------------------------------------- */

/* Prepares a context so that the first switch to it calls entry(arg) with
 * irqs off on the given stack; entry never returns. */
void arch_context_init(struct arch_context *c, vaddr_t stack_top,
    void (*entry)(void *), void *arg);
/* Saves prev, loads next; returns in the thread next was saved in with the
 * thread_head that ran before on this CPU. irqs off. Also keeps FPU and
 * vector state apart (lazy or eager is the port's choice). */
struct thread_head *arch_switch(struct thread_head *prev,
    struct arch_context *prev_ctx, struct thread_head *next,
    struct arch_context *next_ctx);
/* Releases what the context owns beside the stack (FPU area). */
void arch_context_free(struct arch_context *c);
/* Copies FPU/vector state of the running thread to a new one (fork). */
enum err arch_fpu_fork(struct arch_context *child);
/* Clears FPU/vector state of the running thread (exec). */
void arch_fpu_reset(void);
/* FPU state in and out of signal frames: flat buffer in the format of the
 * ISA's Linux sigcontext FP part; size by arch_fpu_size(). */
size_t arch_fpu_size(void);
void arch_fpu_export(void *buf);
/* Of buf every byte is looked at once: programs may write there meanwhile.
 * ERR_INVAL: nothing was changed. */
enum err arch_fpu_import(const void *buf, size_t len);

/* ---- user frames ------------------------------------------------------ */

/* Zeroes the frame for a new program. */
void arch_frame_init(struct arch_frame *f, vaddr_t entry, vaddr_t sp);
/* The thread pointer of a program. */
void arch_frame_set_tls(struct arch_frame *f, uintptr_t tls);
/* Leaves for user mode; f lies at the top of the current kernel stack. */
NORETURN void arch_user_enter(struct arch_frame *f);
/* Prints registers through log_raw(). */
void arch_frame_dump(const struct arch_frame *f);

/* ---- address spaces --------------------------------------------------- */

/* Gives s an empty root that shares the kernel half. */
enum err arch_space_init(struct arch_space *s);
/* Frees the root; mm/pagetable.c has freed the user half. */
void arch_space_free(struct arch_space *s);
/* Makes s current on this CPU; irqs off. */
void arch_space_use(struct arch_space *s);
/* Drops translations of [start, end) on this CPU only. */
void arch_tlb_flush(struct arch_space *s, vaddr_t start, vaddr_t end);
/* The kernel's own space (root shared by all). */
extern struct arch_space arch_kernel_space;
/* Exclusive end of user addresses on this machine. */
extern vaddr_t arch_user_end;

/* ---- memory ----------------------------------------------------------- */

/* Instructions written through the direct map become visible to fetches of
 * every CPU. */
void arch_sync_icache(const void *addr, size_t len);

/* ---- debug ------------------------------------------------------------ */

void arch_putc(char c); /* early console; may spin with a limit */
/* Inline: arch_here(pc, sp, ra) sets three variables to the address of its
 * own code and what the registers are there (ra: as arch_frame_ra). */
bool arch_random_seed(uint64_t out[4]); /* CPU entropy, false when none */

/* ---- upward ----------------------------------------------------------- */

/* What the port does after a call. */
enum call_end {
	CALL_DONE, /* the frame is as it was: put the result there */
	CALL_REWROTE, /* the whole frame is new (exec, sigreturn): load all */
	CALL_AGAIN, /* make the frame whole and call again */
};
/* Comes in two registers (compilers build a struct of two in memory): what
 * the result register is to hold, with CALL_DONE, and above it the end. */
__extension__ typedef unsigned __int128 call_answer;
static inline call_answer
call_answer_make(long value, enum call_end end)
{
	return (call_answer)end << 64 | (unsigned long)value;
}
static inline long
call_value(call_answer a)
{
	return (long)a;
}
static inline enum call_end
call_end_of(call_answer a)
{
	return (enum call_end)(a >> 64);
}
/* irqs on; f is the running thread's. */
call_answer trap_syscall(struct arch_frame *f);
/* access: PROT_READ, PROT_WRITE or PROT_EXEC; irqs as in the trapped code */
void trap_page_fault(struct arch_frame *f, vaddr_t va, unsigned access);
enum trap_kind {
	TRAP_ILLEGAL, TRAP_BREAKPOINT, TRAP_ALIGN, TRAP_ARITHMETIC, TRAP_FPU,
	TRAP_BUS, TRAP_STEP,
	/* x86_64's own */
	TRAP_OPERAND,    /* illegal instruction, said in another way */
	TRAP_INTERRUPT,  /* the breakpoint that is an interrupt: no address */
	TRAP_STACK,      /* stack beyond the address space */
	TRAP_PROTECTION, /* everything that is not allowed */
	TRAP_FPU_DIVIDE, TRAP_FPU_OVERFLOW, TRAP_FPU_UNDERFLOW,
	TRAP_FPU_INEXACT,
};
void trap_fault(struct arch_frame *f, enum trap_kind kind, vaddr_t addr);
/* A fault of the kernel itself: panics with the frame. */
NORETURN void trap_kernel_fault(
    struct arch_frame *f, const char *what, vaddr_t addr);
void trap_wait_end(void);         /* irqs off; arch_wait() is over */
void trap_timer(void);            /* irqs off */
void trap_ipi(void);              /* irqs off */
void trap_irq(unsigned irq);      /* irqs off; one external interrupt */
/* The last thing of every interrupt taken in the kernel: may switch. */
void trap_irq_return_kernel(void);
/* Called with irqs off while work & ~WORK_TRACE is set; returns with irqs
 * off and all work done. */
void trap_work(struct arch_frame *f);
/* What a secondary CPU runs after arch_cpu_start. */
NORETURN void cpu_main(void);
/* What the boot CPU runs once start.S has a stack. */
NORETURN void kernel_main(uintptr_t arg0, uintptr_t arg1);
