/*
 * User registers of x86_64 in struct cm_signal_context: r8-r15, rdi rsi rbp
 * rbx rdx rax rcx rsp rip rflags.
 */
#include "../../native.h"

#include <uapi/native/signal.h>

_Static_assert(CM_CONTEXT_REGS >= 18, "registers");

/* Flags that a program may change. */
#define FLAGS_RESTORED UINT64_C(0x50dd5)

void
nt_regs_save(const struct arch_frame *f, uint64_t *reg)
{
	const uint64_t all[18] = {
		f->args[FRAME_R8], f->args[FRAME_R9], f->args[FRAME_R10],
		f->r11, f->r12, f->r13, f->r14, f->r15,
		f->args[FRAME_RDI], f->args[FRAME_RSI], f->rbp, f->rbx,
		f->args[FRAME_RDX], f->rax, f->rcx, f->rsp, f->rip, f->rflags,
	};

	memset(reg, 0, CM_CONTEXT_REGS * sizeof(reg[0]));
	memcpy(reg, all, sizeof(all));
}

void
nt_regs_load(struct arch_frame *f, const uint64_t *reg)
{
	f->args[FRAME_R8] = reg[0];
	f->args[FRAME_R9] = reg[1];
	f->args[FRAME_R10] = reg[2];
	f->r11 = reg[3];
	f->r12 = reg[4];
	f->r13 = reg[5];
	f->r14 = reg[6];
	f->r15 = reg[7];
	f->args[FRAME_RDI] = reg[8];
	f->args[FRAME_RSI] = reg[9];
	f->rbp = reg[10];
	f->rbx = reg[11];
	f->args[FRAME_RDX] = reg[12];
	f->rax = reg[13];
	f->rcx = reg[14];
	f->rsp = reg[15];
	f->rip = reg[16];
	f->rflags = (f->rflags & ~FLAGS_RESTORED) |
	    (reg[17] & FLAGS_RESTORED);
}
