/*
 * Signal frames. Here: the layout that Linux has on this machine, FPU state
 * and all, and a vDSO (vdso/). Without, a program that is to be called back
 * ends, as one does whose stack is full.
 */
#include "../../lx.h"

const char lx_platform[] = "";

size_t
lx_frame_min(void)
{
	return 0;
}

bool
lx_frame_push(struct arch_frame *f UNUSED, const struct sig_info *info UNUSED,
    const struct sig_action *act UNUSED)
{
	return false;
}

bool
lx_frame_pop(struct arch_frame *f UNUSED, struct lx_frame_back *back UNUSED)
{
	return false;
}

enum err
lx_vdso_map(struct space *s UNUSED, vaddr_t *base)
{
	*base = 0;
	return OK;
}

vaddr_t
lx_vdso_sigreturn(vaddr_t base)
{
	return base;
}
