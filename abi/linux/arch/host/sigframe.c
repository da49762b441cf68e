/*
 * Signal frames of the host port: what a signal handler of a program that a
 * test plays gets. The frame holds the registers and the mask, so that
 * sigreturn can be called with anything. There is no vDSO: nothing of a host
 * program is executed.
 */
#include "../../lx.h"

struct host_frame {
	struct lx_siginfo info;
	uint64_t mask;
	struct arch_frame regs;
};

#define FRAME_BYTES ALIGN_UP(sizeof(struct host_frame), (size_t)16)

const char lx_platform[] = "";

size_t
lx_frame_min(void)
{
	return FRAME_BYTES;
}

bool
lx_frame_push(struct thread *t, struct arch_frame *f,
    const struct sig_info *info, const struct sig_action *act)
{
	uintptr_t top = lx_signal_stack(t, arch_frame_sp(f), act);
	struct host_frame frame = { .mask = signal_mask_to_save(), .regs = *f };
	uintptr_t place;

	if (top < FRAME_BYTES + 16)
		return false;
	place = ALIGN_DOWN(top - FRAME_BYTES, (uintptr_t)16);
	lx_siginfo_encode(info, &frame.info);
	if (user_copy_out(place, &frame, sizeof(frame)) != OK)
		return false;
	arch_frame_set_pc(f, act->handler);
	arch_frame_set_sp(f, place);
	arch_frame_args(f, (uintptr_t)info->number, place, 0);
	return true;
}

bool
lx_frame_pop(struct thread *t UNUSED, struct arch_frame *f, sigset_bits *mask)
{
	struct host_frame frame;

	if (user_copy_in(&frame, arch_frame_sp(f), sizeof(frame)) != OK)
		return false;
	*f = frame.regs;
	*mask = frame.mask;
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
