/* Constants that assembly needs, picked out of the compiler's output. */
#include <kernel/arch.h>
#include <kernel/mm.h>

#include "csr.h"

#define OFFSET(name, value) \
	__asm__ volatile("\n.ascii \"@ASM " #name " %0\"" : : "i"(value))

void offsets(void);

void
offsets(void)
{
	OFFSET(HEAD_KSTACK, offsetof(struct thread_head, kstack_top));
	OFFSET(HEAD_USER_SP, offsetof(struct thread_head, trap_user_sp));
	OFFSET(HEAD_SCRATCH, offsetof(struct thread_head, trap_scratch));
	OFFSET(HEAD_WORK, offsetof(struct thread_head, work));
	OFFSET(HEAD_WHOLE, offsetof(struct thread_head, frame_whole));
	OFFSET(CALL_REWROTE, CALL_REWROTE);
	OFFSET(HEAD_PREEMPT, offsetof(struct thread_head, preempt));
	OFFSET(FRAME_SIZE, sizeof(struct arch_frame));
	OFFSET(FRAME_PC, offsetof(struct arch_frame, pc));
	OFFSET(FRAME_REGS, offsetof(struct arch_frame, regs));
	OFFSET(FRAME_STATUS, offsetof(struct arch_frame, status));
	OFFSET(FRAME_ORIG_A0, offsetof(struct arch_frame, orig_a0));
	OFFSET(CTX_RA, offsetof(struct arch_context, ra));
	OFFSET(CTX_SP, offsetof(struct arch_context, sp));
	OFFSET(CTX_GP, offsetof(struct arch_context, gp));
	OFFSET(CTX_S, offsetof(struct arch_context, s));
	OFFSET(START_SATP, offsetof(struct cpu_start, satp));
	OFFSET(START_HEAD, offsetof(struct cpu_start, head));
	OFFSET(START_STACK, offsetof(struct cpu_start, stack));
	OFFSET(START_HWID, offsetof(struct cpu_start, hwid));
	OFFSET(START_READY, offsetof(struct cpu_start, ready));
	OFFSET(START_SIZE, sizeof(struct cpu_start));
	OFFSET(CPUS, CPU_MAX);
	OFFSET(KSTACK_BYTES, KSTACK_SIZE);
	OFFSET(KERNEL_OFFSET, KERNEL_BASE - UINT64_C(0x80000000));
	OFFSET(SPP, SSTATUS_SPP);
	OFFSET(WORK_TRACE_BIT, WORK_TRACE);
}
_Static_assert(sizeof(struct arch_frame) % 16 == 0, "stack alignment");
