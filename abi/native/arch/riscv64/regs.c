/*
 * User registers of riscv64 in struct cm_signal_context: pc, x1 to x31.
 */
#include "../../native.h"

#include <uapi/native/signal.h>

_Static_assert(CM_CONTEXT_REGS >= 32, "registers");

void
nt_regs_save(const struct arch_frame *f, uint64_t *reg)
{
	reg[0] = f->pc;
	memcpy(&reg[1], f->regs, sizeof(f->regs));
}

void
nt_regs_load(struct arch_frame *f, const uint64_t *reg)
{
	f->pc = reg[0] & ~UINT64_C(1);
	memcpy(f->regs, &reg[1], sizeof(f->regs));
}
