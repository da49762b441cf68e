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

struct riscv_frame {
	struct lx_frame_head head;
	uint8_t reserved[128]; /* stays the user's own */
	struct riscv_context context;
};
LX_SIZE(struct riscv_frame, 1088);

#define CONTEXT_OFFSET offsetof(struct riscv_frame, context)
#define FRAME_BYTES    sizeof(struct riscv_frame)

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
	    extra_bytes(riscv_vector_size_max());
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
	riscv_vector_export(v->control, v + 1);
	v->regs = place + FRAME_BYTES + sizeof(*v);
	e = user_copy_out(place + FRAME_BYTES, v, len);
	kfree(v, len);
	return e;
}

/* Every byte, for a thread without vectors. */
static void
fill_context(struct riscv_context *c, const struct arch_frame *f)
{
	size_t used = arch_fpu_size();

	memcpy(c->regs, f, sizeof(c->regs));
	arch_fpu_export(c->fpu);
	memset(c->fpu + used, 0, sizeof(c->fpu) - used);
}

static NOINLINE enum err
copy_context(const struct arch_frame *f, uintptr_t place, size_t vector)
{
	struct riscv_context c;
	enum err e = OK;

	fill_context(&c, f);
	if (vector != 0)
		e = push_vector(c.fpu, place, vector);
	return e == OK ? user_copy_out(
	    place + CONTEXT_OFFSET, &c, sizeof(c)) : e;
}

/* Made in place, or, over a page's end and with vectors, in two pieces. */
static bool
push_frame(const struct arch_frame *f, const struct sig_info *info,
    uintptr_t place, size_t vector)
{
	struct riscv_frame *there = vector != 0 ? NULL :
	    user_view(place, sizeof(*there), PROT_WRITE);

	if (there == NULL)
		return lx_frame_head_out(place, f, info) == OK &&
		    copy_context(f, place, vector) == OK;
	lx_frame_head_fill(&there->head, f, info);
	fill_context(&there->context, f);
	user_release();
	return true;
}

bool
lx_frame_push(struct arch_frame *f, const struct sig_info *info,
    const struct sig_action *act)
{
	size_t vector = riscv_vector_size();
	uintptr_t place = lx_frame_place(
	    f, act, FRAME_BYTES + extra_bytes(vector), 0);

	if (place == 0 || !push_frame(f, info, place, vector))
		return false;
	arch_frame_set_pc(f, act->handler);
	arch_frame_set_sp(f, place);
	arch_frame_set_ra(f, lx_vdso_sigreturn(task_current()->space->vdso));
	arch_frame_args(f, (uintptr_t)info->number, place,
	    place + offsetof(struct lx_frame_head, uc));
	return true;
}

/* The vector record behind a frame at place, all or nothing. */
static bool
adopt_vector(uintptr_t place, uint32_t size)
{
	size_t vector = riscv_vector_size_max();
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
		    riscv_vector_import(v->control, v + 1) == OK;
	}
	kfree(v, len);
	return good;
}

/* No record in the floating-point area, and the reserved word as it must be:
 * the last 12 of its bytes are zeroes. */
static bool
is_plain(const struct riscv_context *c)
{
	uint32_t reserved;
	uint64_t header;

	memcpy(&reserved, &c->fpu[FPU_RESERVED], sizeof(reserved));
	memcpy(&header, &c->fpu[FPU_HEADER], sizeof(header));
	return reserved == 0 && header == 0;
}

/* False: nothing has changed. */
static bool
adopt_registers(struct arch_frame *f, const struct riscv_context *c)
{
	if (arch_fpu_import(c->fpu, sizeof(c->fpu)) != OK)
		return false;
	/* Only pc and x1..x31: the rest of f is the kernel's own. */
	memcpy(f, c->regs, sizeof(c->regs));
	f->pc &= ~UINT64_C(1);
	return true;
}

/* What cannot be read in place, or has a record, or is malformed. */
static NOINLINE bool
adopt_copy(struct arch_frame *f, uintptr_t place, struct lx_frame_back *back)
{
	__attribute__((uninitialized)) struct riscv_context c; /* fetched */
	struct riscv_record rec;
	uint32_t reserved;

	if (user_copy_in(back, place + offsetof(struct lx_frame_head, uc.back),
	    sizeof(*back)) != OK ||
	    user_copy_in(&c, place + CONTEXT_OFFSET, sizeof(c)) != OK)
		return false;
	memcpy(&reserved, &c.fpu[FPU_RESERVED], sizeof(reserved));
	memcpy(&rec, &c.fpu[FPU_HEADER], sizeof(rec));
	if (!is_plain(&c) && (reserved != 0 || rec.magic != VECTOR_MAGIC ||
	    !adopt_vector(place, rec.size)))
		return false;
	return adopt_registers(f, &c);
}

/* Everything is checked before the first general register changes. */
static bool
adopt_frame(struct arch_frame *f, uintptr_t place, struct lx_frame_back *back)
{
	const struct riscv_frame *there = user_view(
	    place, sizeof(*there), PROT_READ);
	bool good;

	if (UNLIKELY(there == NULL))
		return adopt_copy(f, place, back);
	*back = there->head.uc.back;
	good = is_plain(&there->context) &&
	    adopt_registers(f, &there->context);
	user_release();
	return LIKELY(good) || adopt_copy(f, place, back);
}

bool
lx_frame_pop(struct arch_frame *f, struct lx_frame_back *back)
{
	uintptr_t place = arch_frame_sp(f);

	return IS_ALIGNED(place, (uintptr_t)LX_FRAME_ALIGN) &&
	    adopt_frame(f, place, back);
}
