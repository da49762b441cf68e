/*
 * Signal frames of the host port: what a signal handler of a program that a
 * test plays gets. The frame holds the registers and the mask, so that
 * sigreturn can be called with anything. There is no vDSO: nothing of a host
 * program is executed.
 */
#include "../../lx.h"

struct host_frame {
	struct lx_frame_head head;
	struct arch_frame regs;
};

const char lx_platform[] = "";

size_t
lx_frame_min(void)
{
	return sizeof(struct host_frame) + LX_FRAME_ALIGN;
}

bool
lx_frame_push(struct arch_frame *f, const struct sig_info *info,
    const struct sig_action *act)
{
	struct host_frame frame = { .regs = *f };
	uintptr_t place = lx_frame_place(f, act, sizeof(frame), 0);

	lx_frame_head_fill(&frame.head, f, info);
	if (place == 0 || user_copy_out(place, &frame, sizeof(frame)) != OK)
		return false;
	arch_frame_set_pc(f, act->handler);
	arch_frame_set_sp(f, place);
	arch_frame_args(f, (uintptr_t)info->number, place, 0);
	return true;
}

bool
lx_frame_pop(struct arch_frame *f, struct lx_frame_back *back)
{
	struct host_frame frame;

	if (user_copy_in(&frame, arch_frame_sp(f), sizeof(frame)) != OK)
		return false;
	*f = frame.regs;
	*back = frame.head.uc.back;
	return true;
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
