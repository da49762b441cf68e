/*
 * What the files of the port share: per-CPU state, selectors, vectors, model
 * specific registers, and what the CPU can do.
 * Source: Intel SDM volume 3 (2023), chapters 2-5, 10; volume 4.
 */
#pragma once

#include <kernel/arch.h>

/* Selectors: Linux's, because signal frames show them to programs. */
#define KERNEL_CS 0x10
#define KERNEL_DS 0x18
#define USER_BASE 0x23 /* SYSRET: SS is 8 above, CS 16 above; itself empty */
#define USER_DS   0x2b
#define USER_CS   0x33
#define TSS_SEL   0x40
#define CPU_SEL   0x7b /* its limit is the CPU's number, for the vDSO */
#define GDT_WORDS 16
#define GDT_KERNEL_CODE UINT64_C(0x00af9b000000ffff)
#define GDT_KERNEL_DATA UINT64_C(0x00cf93000000ffff)

/* Interrupt vectors. */
#define VECTOR_DB       1
#define VECTOR_NMI      2
#define VECTOR_DF       8
#define VECTOR_MC       18
#define VECTOR_PIC      0x20 /* of the old controller, which is masked */
#define VECTOR_IRQ      0x30 /* + global interrupt number */
#define VECTOR_TIMER    0xf0
#define VECTOR_IPI      0xf1
#define IPI_NMI         0x400 /* in place of a vector: comes always */
#define VECTOR_ERROR    0xf2
#define VECTOR_SPURIOUS 0xff

/* Stacks of traps that may come at any instruction, each IST_BYTES large and
 * aligned; the last word of each points to the CPU's struct x86_cpu. */
enum { IST_DB, IST_NMI, IST_MC, IST_DF, IST_COUNT };

struct x86_tss {
	uint32_t reserved0;
	uint64_t rsp[3];
	uint64_t reserved1;
	uint64_t ist[7];
	uint64_t reserved2;
	uint16_t reserved3, io_map;
} __attribute__((packed));

struct x86_cpu {
	struct thread_head *current; /* first: %gs:0 */
	uint64_t user_sp; /* scratch of syscall entry */
	struct x86_cpu *self;
	uint16_t fpu_off; /* CR0.TS is set */
	uint16_t waiting; /* in arch_wait() */
	struct x86_tss tss; /* here, so that its words are aligned */
	uint64_t gdt[GDT_WORDS];
};
extern struct x86_cpu x86_cpus[CPU_MAX];

/* Preemption off. */
static inline struct x86_cpu *
x86_this(void)
{
	struct x86_cpu *c;

	__asm__ volatile("movq %%gs:16, %0" : "=r"(c));
	return c;
}

/* ---- registers -------------------------------------------------------- */

#define MSR_APIC_BASE      0x1bu
#define MSR_EFER           0xc0000080u
#define MSR_STAR           0xc0000081u
#define MSR_LSTAR          0xc0000082u
#define MSR_CSTAR          0xc0000083u
#define MSR_SFMASK         0xc0000084u
#define MSR_FS_BASE        0xc0000100u
#define MSR_GS_BASE        0xc0000101u
#define MSR_KERNEL_GS_BASE 0xc0000102u

#define EFER_SCE 0x001u
#define EFER_LME 0x100u
#define EFER_NXE 0x800u

#define CR0_PE 0x00000001ul
#define CR0_MP 0x00000002ul
#define CR0_EM 0x00000004ul
#define CR0_TS 0x00000008ul
#define CR0_NE 0x00000020ul
#define CR0_WP 0x00010000ul
#define CR0_AM 0x00040000ul
#define CR0_PG 0x80000000ul

#define CR4_PAE        0x00000020ul
#define CR4_PGE        0x00000080ul
#define CR4_OSFXSR     0x00000200ul
#define CR4_OSXMMEXCPT 0x00000400ul
#define CR4_UMIP       0x00000800ul
#define CR4_FSGSBASE   0x00010000ul
#define CR4_OSXSAVE    0x00040000ul
#define CR4_SMEP       0x00100000ul
#define CR4_SMAP       0x00200000ul

#define RFLAGS_FIXED 0x2ul
#define RFLAGS_TF    0x100ul
#define RFLAGS_DF    0x400ul
#define RFLAGS_IOPL  0x3000ul
#define RFLAGS_NT    0x4000ul
#define RFLAGS_AC    0x40000ul
/* What a program may set of its own flags. */
#define RFLAGS_USER  0x50dd5ul

#define cr_read(cr) ({ \
	uint64_t v_; \
	__asm__ volatile("movq %%" #cr ", %0" : "=r"(v_) : : "memory"); \
	v_; \
})
#define cr_write(cr, v) \
	__asm__ volatile("movq %0, %%" #cr : : "r"((uint64_t)(v)) : "memory")

static inline uint64_t
msr_read(uint32_t msr)
{
	uint32_t low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return (uint64_t)high << 32 | low;
}

static inline void
msr_write(uint32_t msr, uint64_t v)
{
	__asm__ volatile("wrmsr" : : "c"(msr), "a"((uint32_t)v),
	    "d"((uint32_t)(v >> 32)) : "memory");
}

struct cpuid {
	uint32_t eax, ebx, ecx, edx;
};

static inline struct cpuid
cpuid(uint32_t leaf, uint32_t sub)
{
	struct cpuid r;

	__asm__ volatile("cpuid"
	    : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
	    : "a"(leaf), "c"(sub));
	return r;
}

static inline uint64_t
tsc_read(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

/* ---- what the CPU can do (cpu.c) -------------------------------------- */

struct x86_features {
	bool nx, smep, smap, umip, fsgsbase, xsave, gib_pages, rdrand, rdseed;
	uint64_t xcr0; /* what xsave keeps */
	uint32_t fpu_bytes; /* of a thread's area */
	uint32_t hwcap; /* CPUID 1, EDX */
	uint64_t tsc_hz, apic_hz; /* apic_hz: after its divider */
};
extern struct x86_features x86;

/* ---- between the files ------------------------------------------------ */

/* desc.c: this CPU's descriptors; stacks: IST_COUNT * IST_BYTES. */
void desc_init_cpu(struct x86_cpu *c, unsigned number);
/* The stacks of traps; ERR_NOMEM. Before the CPU starts. */
enum err desc_stacks(struct x86_cpu *c);

/* space.c */
void space_map_kernel(void);
/* A root that also shows the first 2 MiB of memory where they are, for CPUs
 * that start. */
paddr_t space_start_root(void);

/* time.c: measures the clocks; before space_map_kernel(). */
void time_calibrate(void);

/* apic.c */
void apic_init_cpu(void);
void apic_eoi(void);
void apic_error(void);
void apic_ipi(uint64_t hwid, unsigned vector);
/* INIT, then two start-up messages for code at page (below 1 MiB). */
void apic_start(uint64_t hwid, paddr_t page);
void apic_timer(uint32_t count);
/* Starts and reads the boot CPU's timer counter, for time_calibrate(). */
void apic_timer_begin(void);
uint32_t apic_timer_left(void);
#define APIC_TIMER_SHIFT 4 /* the divider is 16 */

/* power.c */
void power_probe(void);

/* fpu.c */
void fpu_init_cpu(void);
bool fpu_first_use(void);
/* Why the running thread's unit (x87, or SSE and wider) complains. */
enum trap_kind fpu_fault(bool simd);
void fpu_switch(struct arch_context *prev, struct arch_context *next);

/* What a CPU that starts needs, found by its APIC id in start.S. */
struct cpu_start {
	uint64_t head, stack, cpu; /* virtual addresses */
	uint64_t hwid;
	uint64_t ready; /* the rest is complete */
};
extern struct cpu_start cpu_starts[CPU_MAX];
