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
 * the header of the first extension record lies: just before the frame's end,
 * so that the record's contents follow the frame. */
#define FPU_RESERVED 516
#define FPU_HEADER   520
#define VECTOR_MAGIC 0x53465457u

struct riscv_record {
	uint32_t magic, size; /* zeroes: the last one */
};

struct riscv_vector {
	uint64_t control[5]; /* vstart vl vtype vcsr vlenb */
	uint64_t regs; /* user address: behind this struct */
};
LX_SIZE(struct riscv_vector, 48);

const char lx_platform[] = "";

/* What follows the frame: the vector record's contents and the last header. */
static size_t
extra_bytes(size_t vector)
{
	return vector == 0 ? 0 : ALIGN_UP(sizeof(struct riscv_vector) +
	    vector + sizeof(struct riscv_record), (size_t)16);
}

static uint32_t
record_size(size_t vector)
{
	return (uint32_t)(sizeof(struct riscv_record) +
	    sizeof(struct riscv_vector) + vector);
}

size_t
lx_frame_min(void)
{
	return sizeof(struct riscv_frame) +
	    extra_bytes(arch_vector_size_max());
}

/* Where a frame of len bytes goes; 0: not onto the alternate stack. */
static uintptr_t
frame_place(struct thread *t, const struct arch_frame *f,
    const struct sig_action *act, size_t len)
{
	uintptr_t sp = arch_frame_sp(f);
	uintptr_t top = lx_signal_stack(t, sp, act);
	uintptr_t place;

	if (top < len + 16)
		return 0;
	place = ALIGN_DOWN(top - len, (uintptr_t)16);
	/* Walking off the bottom of the alternate stack must not go on in
	 * whatever lies below. */
	if (lx_on_alt_stack(t, sp) && !lx_on_alt_stack(t, place))
		return 0;
	return place;
}

static void
fill_vector(uint8_t *frame, uintptr_t place, size_t vector)
{
	struct riscv_record rec = { VECTOR_MAGIC, record_size(vector) };
	struct riscv_vector v;
	uint8_t *end = frame + sizeof(struct riscv_frame);

	memcpy(end - sizeof(rec), &rec, sizeof(rec));
	arch_vector_export(v.control, end + sizeof(v));
	v.regs = place + sizeof(struct riscv_frame) + sizeof(v);
	memcpy(end, &v, sizeof(v));
}

static void
fill_frame(struct thread *t, struct arch_frame *f,
    const struct sig_info *info, struct riscv_frame *out)
{
	_Static_assert(sizeof(out->uc.context.fpu) == 528, "Linux's FP area");
	lx_siginfo_encode(info, &out->info);
	lx_alt_stack_save(t, arch_frame_sp(f), &out->uc.stack);
	out->uc.mask = signal_mask_to_save();
	out->uc.context.regs[0] = f->pc;
	memcpy(&out->uc.context.regs[1], f->regs, sizeof(f->regs));
	arch_fpu_export(out->uc.context.fpu);
}

bool
lx_frame_push(struct thread *t, struct arch_frame *f,
    const struct sig_info *info, const struct sig_action *act)
{
	size_t vector = arch_vector_size();
	size_t len = sizeof(struct riscv_frame) + extra_bytes(vector);
	uintptr_t place = frame_place(t, f, act, len);
	struct riscv_frame *frame;
	enum err e;

	if (place == 0)
		return false;
	frame = kzalloc(len);
	if (frame == NULL)
		return false;
	fill_frame(t, f, info, frame);
	if (vector != 0)
		fill_vector((uint8_t *)frame, place, vector);
	e = user_copy_out(place, frame, len);
	kfree(frame, len);
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

/* The vector record behind a frame at place, all or nothing. */
static bool
adopt_vector(uintptr_t place, uint32_t size)
{
	size_t vector = arch_vector_size_max();
	size_t len = sizeof(struct riscv_vector) + vector +
	    sizeof(struct riscv_record);
	struct riscv_record last;
	struct riscv_vector *v;
	bool good = false;

	if (vector == 0 || size != record_size(vector))
		return false;
	v = kmalloc(len);
	if (v == NULL)
		return false;
	if (user_copy_in(v, place + sizeof(struct riscv_frame), len) == OK) {
		memcpy(&last, (uint8_t *)(v + 1) + vector, sizeof(last));
		good = last.magic == 0 && last.size == 0 &&
		    arch_vector_import(v->control, v + 1) == OK;
	}
	kfree(v, len);
	return good;
}

/* Everything is checked before the first general register changes. */
static bool
adopt_frame(struct thread *t, struct arch_frame *f, uintptr_t place,
    const struct riscv_frame *frame, sigset_bits *mask)
{
	const struct riscv_context *c = &frame->uc.context;
	struct riscv_record rec;
	uint32_t reserved;

	memcpy(&reserved, &c->fpu[FPU_RESERVED], sizeof(reserved));
	memcpy(&rec, &c->fpu[FPU_HEADER], sizeof(rec));
	if (reserved != 0)
		return false;
	if (rec.magic == VECTOR_MAGIC) {
		if (!adopt_vector(place, rec.size))
			return false;
	} else if (rec.magic != 0 || rec.size != 0) {
		return false;
	}
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
	    adopt_frame(t, f, place, frame, mask);
	kfree(frame, sizeof(*frame));
	return good;
}
