/* User registers of this port in struct cm_signal_context, in the order of the
 * frame. */
#include "../../native.h"

#include <uapi/native/signal.h>

_Static_assert(
    sizeof(struct arch_frame) <= CM_CONTEXT_REGS * sizeof(uint64_t), "size");

void
nt_regs_save(const struct arch_frame *f, uint64_t *reg)
{
	memset(reg, 0, CM_CONTEXT_REGS * sizeof(reg[0]));
	memcpy(reg, f, sizeof(*f));
}

/* Here: what a program must not choose, such as the mode, stays. */
void
nt_regs_load(struct arch_frame *f, const uint64_t *reg)
{
	memcpy(f, reg, sizeof(*f));
}
