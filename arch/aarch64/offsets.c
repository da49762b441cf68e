/* Constants that assembly needs, picked out of the compiler's output. */
#include <kernel/arch.h>
#include <kernel/mm.h>

#include "arm64.h"

#define OFFSET(name, value) \
	__asm__ volatile("\n.ascii \"@ASM " #name " %0\"" : : "i"(value))

void offsets(void);

void
offsets(void)
{
	OFFSET(HEAD_WORK, offsetof(struct thread_head, work));
	OFFSET(FRAME_SIZE, sizeof(struct arch_frame));
	OFFSET(FRAME_REGS, offsetof(struct arch_frame, regs));
	OFFSET(FRAME_PC, offsetof(struct arch_frame, pc));
	OFFSET(FRAME_ORIG_X0, offsetof(struct arch_frame, orig_x0));
	OFFSET(FRAME_TLS, offsetof(struct arch_frame, tls));
	OFFSET(FRAME_ESR, offsetof(struct arch_frame, esr));
	OFFSET(CTX_X19, offsetof(struct arch_context, x19_x28));
	OFFSET(CTX_FP, offsetof(struct arch_context, fp));
	OFFSET(CTX_SP, offsetof(struct arch_context, sp));
	OFFSET(START_ROOT, offsetof(struct cpu_start, root));
	OFFSET(START_HEAD, offsetof(struct cpu_start, head));
	OFFSET(START_STACK, offsetof(struct cpu_start, stack));
	OFFSET(KSTACK_BYTES, KSTACK_SIZE);
	OFFSET(KSTACK_SHIFT, __builtin_ctz(KSTACK_SIZE));
	OFFSET(WORK_TRACE_BIT, WORK_TRACE);
}
_Static_assert(sizeof(struct arch_frame) % 16 == 0, "stack alignment");
