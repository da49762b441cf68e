/*
 * User registers of aarch64 in struct cm_signal_context: x0 to x30, sp, pc,
 * pstate.
 */
#include "../../native.h"

#include <uapi/native/signal.h>

_Static_assert(CM_CONTEXT_REGS >= 34, "registers");

void
nt_regs_save(const struct arch_frame *f, uint64_t *reg)
{
	memcpy(reg, f->regs, sizeof(f->regs));
	reg[31] = f->sp;
	reg[32] = f->pc;
	reg[33] = f->pstate;
}

void
nt_regs_load(struct arch_frame *f, const uint64_t *reg)
{
	memcpy(f->regs, reg, sizeof(f->regs));
	f->sp = reg[31];
	f->pc = reg[32];
	f->pstate = reg[33] & PSTATE_USER;
}
