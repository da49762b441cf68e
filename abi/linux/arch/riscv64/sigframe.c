/*
 * Signal frames of riscv64.
 *
 * Layout on the user stack, from the stack pointer up, 16-byte aligned:
 * siginfo (128 bytes), ucontext: flags, link, stack_t, the signal mask in an
 * area of 128 bytes, then the machine context: pc and x1..x31, and the
 * floating-point area of 528 bytes, whose last 12 bytes are a reserved word
 * and the header of the first extension record. The vector record follows
 * the frame when the thread uses it; a header of zeroes ends the list.
 *
 * Source: Linux 6.6 arch/riscv/include/uapi/asm/{ucontext,sigcontext,
 * ptrace}.h.
 */
#include "../../lx.h"

#include <kernel/mm.h>

struct riscv_context {
	uint64_t regs[32]; /* pc, x1 .. x31 */
	uint8_t fpu[528] ALIGNED(16);
};
LX_SIZE(struct riscv_context, 784);

struct riscv_ucontext {
	uint64_t flags, link;
	struct lx_stack stack;
	uint64_t mask;
	uint8_t unused[120];
	struct riscv_context context;
};
LX_SIZE(struct riscv_ucontext, 960);

struct riscv_frame {
	struct lx_siginfo info;
	struct riscv_ucontext uc;
};
LX_SIZE(struct riscv_frame, 1088);

/* Of the floating-point area: what the reserved word's offset is, and where
 * the extension header lies. */
#define FPU_RESERVED 516
#define FPU_HEADER   520

const char lx_platform[] = "";

size_t
lx_frame_min(void)
{
	size_t extra = arch_fpu_size();

	return ALIGN_UP(sizeof(struct riscv_frame) +
	    (extra > 528 ? extra - 528 : 0), (size_t)16);
}

/* Where the frame goes; 0: it does not fit on the alternate stack. */
static uintptr_t
frame_place(struct thread *t, const struct arch_frame *f,
    const struct sig_action *act)
{
	uintptr_t sp = arch_frame_sp(f);
	uintptr_t top = lx_signal_stack(t, sp, act);
	uintptr_t place;

	if (top < lx_frame_min() + 16)
		return 0;
	place = ALIGN_DOWN(top - lx_frame_min(), (uintptr_t)16);
	/* Walking off the bottom of the alternate stack must not go on in
	 * whatever lies below. */
	if (lx_on_alt_stack(t, sp) && !lx_on_alt_stack(t, place))
		return 0;
	return place;
}

static enum err
frame_fill(struct thread *t, struct arch_frame *f,
    const struct sig_info *info, struct riscv_frame *out)
{
	lx_siginfo_encode(info, &out->info);
	lx_alt_stack_save(t, arch_frame_sp(f), &out->uc.stack);
	out->uc.mask = signal_mask_to_save();
	out->uc.context.regs[0] = f->pc;
	memcpy(&out->uc.context.regs[1], f->regs, sizeof(f->regs));
	if (arch_fpu_size() > sizeof(out->uc.context.fpu))
		return ERR_NOTSUP;
	arch_fpu_export(out->uc.context.fpu);
	memset(&out->uc.context.fpu[FPU_RESERVED], 0, 12);
	return OK;
}

bool
lx_frame_push(struct thread *t, struct arch_frame *f,
    const struct sig_info *info, const struct sig_action *act)
{
	uintptr_t place = frame_place(t, f, act);
	struct riscv_frame *frame;
	enum err e;

	if (place == 0)
		return false;
	frame = kzalloc(sizeof(*frame));
	if (frame == NULL)
		return false;
	e = frame_fill(t, f, info, frame);
	if (e == OK)
		e = user_copy_out(place, frame, sizeof(*frame));
	kfree(frame, sizeof(*frame));
	if (e != OK)
		return false;
	if (t->alt_stack.flags & (unsigned)LX_SS_AUTODISARM)
		t->alt_stack = (struct sig_stack){ 0 };
	arch_frame_set_pc(f, act->handler);
	arch_frame_set_sp(f, place);
	arch_frame_set_ra(f, lx_vdso_sigreturn(t->task->space->vdso));
	arch_frame_args(f, (uintptr_t)info->number, place,
	    place + offsetof(struct riscv_frame, uc));
	return true;
}

/* Everything is checked before the first register changes. */
static bool
frame_adopt(struct thread *t, struct arch_frame *f,
    const struct riscv_frame *frame, sigset_bits *mask)
{
	static const uint8_t zero[12];
	const struct riscv_context *c = &frame->uc.context;

	if (memcmp(&c->fpu[FPU_RESERVED], zero, sizeof(zero)) != 0)
		return false;
	if (arch_fpu_import(c->fpu, sizeof(c->fpu)) != OK)
		return false;
	/* Only pc and x1..x31: the rest of f is the kernel's own. */
	f->pc = c->regs[0] & ~UINT64_C(1);
	memcpy(f->regs, &c->regs[1], sizeof(f->regs));
	*mask = frame->uc.mask;
	lx_alt_stack_restore(t, &frame->uc.stack);
	return true;
}

bool
lx_frame_pop(struct thread *t, struct arch_frame *f, sigset_bits *mask)
{
	uintptr_t place = arch_frame_sp(f);
	struct riscv_frame *frame;
	bool good;

	if (!IS_ALIGNED(place, (uintptr_t)16))
		return false;
	frame = kmalloc(sizeof(*frame));
	if (frame == NULL)
		return false;
	good = user_copy_in(frame, place, sizeof(*frame)) == OK &&
	    frame_adopt(t, f, frame, mask);
	kfree(frame, sizeof(*frame));
	return good;
}
