/* Constants that assembly needs, picked out of the compiler's output. */
#include <kernel/arch.h>
#include <kernel/mm.h>

#include "x86.h"

#define OFFSET(name, value) \
	__asm__ volatile("\n.ascii \"@ASM " #name " %0\"" : : "i"(value))

#define GIG_SLOT(va) ((va) >> 30 & (PT_ENTRIES - 1))

void offsets(void);

void
offsets(void)
{
	OFFSET(HEAD_KSTACK, offsetof(struct thread_head, kstack_top));
	OFFSET(HEAD_WORK, offsetof(struct thread_head, work));
	OFFSET(WORK_TRACE_BIT, WORK_TRACE);
	OFFSET(CPU_USER_SP, offsetof(struct x86_cpu, user_sp));
	OFFSET(CPU_SELF, offsetof(struct x86_cpu, self));
	OFFSET(CPU_TSS_RSP0, offsetof(struct x86_cpu, tss.rsp));
	OFFSET(FRAME_SIZE, sizeof(struct arch_frame));
	OFFSET(FRAME_RBP, offsetof(struct arch_frame, rbp));
	OFFSET(FRAME_ARGS, offsetof(struct arch_frame, args));
	OFFSET(FRAME_RAX, offsetof(struct arch_frame, rax));
	OFFSET(FRAME_RIP, offsetof(struct arch_frame, rip));
	OFFSET(FRAME_CS, offsetof(struct arch_frame, cs));
	OFFSET(FRAME_RFLAGS, offsetof(struct arch_frame, rflags));
	OFFSET(FRAME_RSP, offsetof(struct arch_frame, rsp));
	OFFSET(CTX_SP, offsetof(struct arch_context, sp));
	OFFSET(SPACE_ROOT, offsetof(struct arch_space, root));
	OFFSET(START_HEAD, offsetof(struct cpu_start, head));
	OFFSET(START_STACK, offsetof(struct cpu_start, stack));
	OFFSET(START_CPU, offsetof(struct cpu_start, cpu));
	OFFSET(START_HWID, offsetof(struct cpu_start, hwid));
	OFFSET(START_READY, offsetof(struct cpu_start, ready));
	OFFSET(START_SIZE, sizeof(struct cpu_start));
	OFFSET(CPUS, CPU_MAX);
	OFFSET(KSTACK_BYTES, KSTACK_SIZE);
	OFFSET(IST_BYTES, IST_BYTES);
	OFFSET(KERNEL_BASE, KERNEL_BASE);
	OFFSET(KERNEL_SLOT, GIG_SLOT(KERNEL_BASE));
	OFFSET(DIRECT_SLOT, GIG_SLOT(DIRECT_BASE));
	OFFSET(KERNEL_CS, KERNEL_CS);
	OFFSET(KERNEL_DS, KERNEL_DS);
	OFFSET(USER_CS, USER_CS);
	OFFSET(USER_DS, USER_DS);
	OFFSET(GDT_KERNEL_CODE, GDT_KERNEL_CODE);
	OFFSET(GDT_KERNEL_DATA, GDT_KERNEL_DATA);
	OFFSET(VECTOR_DB, VECTOR_DB);
	OFFSET(VECTOR_NMI, VECTOR_NMI);
	OFFSET(VECTOR_DF, VECTOR_DF);
	OFFSET(VECTOR_MC, VECTOR_MC);
	OFFSET(MSR_GS_BASE, (int)MSR_GS_BASE);
	OFFSET(MSR_EFER, (int)MSR_EFER);
	OFFSET(EFER_LME, EFER_LME);
	OFFSET(EFER_NXE, EFER_NXE);
	OFFSET(CR4_PAE, CR4_PAE);
	OFFSET(CR0_PG_WP, CR0_PG | CR0_WP | CR0_MP | CR0_NE | CR0_PE);
}
_Static_assert(sizeof(struct arch_frame) % 16 == 0, "stack alignment");
