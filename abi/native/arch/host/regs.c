/*
 * User registers of the host port in struct cm_signal_context: pc, sp, tls,
 * ra, the call number, then the arguments.
 */
#include "../../native.h"

#include <uapi/native/signal.h>

_Static_assert(CM_CONTEXT_REGS >= 11, "registers");

void
nt_regs_save(const struct arch_frame *f, uint64_t *reg)
{
	memset(reg, 0, CM_CONTEXT_REGS * sizeof(reg[0]));
	reg[0] = f->pc;
	reg[1] = f->sp;
	reg[2] = f->tls;
	reg[3] = f->ra;
	reg[4] = f->nr;
	memcpy(&reg[5], f->args, sizeof(f->args));
}

void
nt_regs_load(struct arch_frame *f, const uint64_t *reg)
{
	f->pc = reg[0];
	f->sp = reg[1];
	f->tls = reg[2];
	f->ra = reg[3];
	f->nr = reg[4];
	memcpy(f->args, &reg[5], sizeof(f->args));
}
