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

#define FPU_BYTES 528

struct riscv_context {
	uint64_t regs[32]; /* pc, x1 .. x31 */
	uint8_t fpu[FPU_BYTES] ALIGNED(16);
};
LX_SIZE(struct riscv_context, 784);
_Static_assert(offsetof(struct arch_frame, pc) == 0 &&
    offsetof(struct arch_frame, regs) == 8, "begins like the context's regs");

/* The frame is written and read in these two pieces; what lies between them
 * is reserved and stays the user's own. */
struct riscv_head {
	struct lx_siginfo info;
	struct { /* the ucontext begins here */
		uint64_t flags, link;
		struct lx_stack stack;
		uint64_t mask;
	} uc;
};
LX_SIZE(struct riscv_head, 176);

#define CONTEXT_OFFSET 304 /* ucontext's 176 behind the siginfo's 128 */
#define FRAME_BYTES    (CONTEXT_OFFSET + sizeof(struct riscv_context))

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
	return FRAME_BYTES +
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

/* The record's contents and the header that ends the list, behind the frame;
 * its own header goes into the floating-point area. */
static enum err
push_vector(uint8_t fpu[FPU_BYTES], uintptr_t place, size_t vector)
{
	struct riscv_record rec = { VECTOR_MAGIC, record_size(vector) };
	size_t len = extra_bytes(vector);
	struct riscv_vector *v = kzalloc(len);
	enum err e;

	if (v == NULL)
		return ERR_NOMEM;
	memcpy(&fpu[FPU_HEADER], &rec, sizeof(rec));
	arch_vector_export(v->control, v + 1);
	v->regs = place + FRAME_BYTES + sizeof(*v);
	e = user_copy_out(place + FRAME_BYTES, v, len);
	kfree(v, len);
	return e;
}

static enum err
push_head(struct thread *t, const struct arch_frame *f,
    const struct sig_info *info, uintptr_t place)
{
	/* The first line sets the one part, the second the other. */
	__attribute__((uninitialized)) struct riscv_head h;

	lx_siginfo_encode(info, &h.info);
	memset(&h.uc, 0, sizeof(h.uc));
	h.uc.mask = signal_mask_to_save();
	lx_alt_stack_save(t, arch_frame_sp(f), &h.uc.stack);
	return user_copy_out(place, &h, sizeof(h));
}

static NOINLINE enum err
push_context(const struct arch_frame *f, uintptr_t place, size_t vector)
{
	/* Filled to the last byte below. */
	__attribute__((uninitialized)) uint8_t fpu[FPU_BYTES] ALIGNED(16);
	uintptr_t context = place + CONTEXT_OFFSET;
	size_t used = arch_fpu_size();
	enum err e = OK;

	arch_fpu_export(fpu);
	memset(fpu + used, 0, sizeof(fpu) - used);
	if (vector != 0)
		e = push_vector(fpu, place, vector);
	if (e == OK)
		e = user_copy_out(context, f, sizeof(uint64_t[32]));
	return e == OK ? user_copy_out(context +
	    offsetof(struct riscv_context, fpu), fpu, sizeof(fpu)) : e;
}

bool
lx_frame_push(struct thread *t, struct arch_frame *f,
    const struct sig_info *info, const struct sig_action *act)
{
	size_t vector = arch_vector_size();
	uintptr_t place = frame_place(
	    t, f, act, FRAME_BYTES + extra_bytes(vector));

	if (place == 0 || push_head(t, f, info, place) != OK ||
	    push_context(f, place, vector) != OK)
		return false;
	if (t->alt_stack.flags & (unsigned)LX_SS_AUTODISARM)
		t->alt_stack = (struct sig_stack){ 0 };
	arch_frame_set_pc(f, act->handler);
	arch_frame_set_sp(f, place);
	arch_frame_set_ra(f, lx_vdso_sigreturn(t->task->space->vdso));
	arch_frame_args(f, (uintptr_t)info->number, place,
	    place + offsetof(struct riscv_head, uc));
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
	if (user_copy_in(v, place + FRAME_BYTES, len) == OK) {
		memcpy(&last, (uint8_t *)(v + 1) + vector, sizeof(last));
		good = last.magic == 0 && last.size == 0 &&
		    arch_vector_import(v->control, v + 1) == OK;
	}
	kfree(v, len);
	return good;
}

/* Everything is checked before the first general register changes. */
static NOINLINE bool
adopt_context(struct arch_frame *f, uintptr_t place)
{
	__attribute__((uninitialized)) struct riscv_context c;
	struct riscv_record rec;
	uint32_t reserved;

	if (user_copy_in(&c, place + CONTEXT_OFFSET, sizeof(c)) != OK)
		return false;
	memcpy(&reserved, &c.fpu[FPU_RESERVED], sizeof(reserved));
	memcpy(&rec, &c.fpu[FPU_HEADER], sizeof(rec));
	if (reserved != 0)
		return false;
	if (rec.magic == VECTOR_MAGIC) {
		if (!adopt_vector(place, rec.size))
			return false;
	} else if (rec.magic != 0 || rec.size != 0) {
		return false;
	}
	if (arch_fpu_import(c.fpu, sizeof(c.fpu)) != OK)
		return false;
	/* Only pc and x1..x31: the rest of f is the kernel's own. */
	f->pc = c.regs[0] & ~UINT64_C(1);
	memcpy(f->regs, &c.regs[1], sizeof(f->regs));
	return true;
}

bool
lx_frame_pop(struct thread *t, struct arch_frame *f, sigset_bits *mask)
{
	uintptr_t place = arch_frame_sp(f);
	__attribute__((uninitialized)) struct riscv_head h; /* fetched */

	if (!IS_ALIGNED(place, (uintptr_t)16))
		return false;
	if (user_copy_in(&h.uc, place + offsetof(struct riscv_head, uc),
	    sizeof(h.uc)) != OK || !adopt_context(f, place))
		return false;
	*mask = h.uc.mask;
	lx_alt_stack_restore(t, &h.uc.stack);
	return true;
}
