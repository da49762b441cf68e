/*
 * Signal frames of aarch64.
 *
 * Layout on the user stack, from the stack pointer up, 16-byte aligned:
 * siginfo (128 bytes), ucontext: flags, link, stack_t, the signal mask in an
 * area of 128 bytes, then the machine context: fault address, x0..x30, sp, pc,
 * pstate, and 4096 bytes for records, each with a magic number and its size.
 * We write the FP/SIMD record, the cause of a fault, and the one of zeroes that
 * ends the list. Behind all that lies a frame record (x29, x30), so that a
 * backtrace goes on into the interrupted code.
 *
 * Source: Linux 6.6 arch/arm64/include/uapi/asm/{ucontext,sigcontext}.h,
 * arch/arm64/kernel/signal.c for what sigreturn accepts.
 */
#include "../../lx.h"

#include <kernel/mm.h>

struct arm_record {
	uint32_t magic, size; /* zeroes: the last one */
};

#define FPSIMD_MAGIC 0x46508001u
#define ESR_MAGIC    0x45535201u

struct arm_fpsimd {
	struct arm_record head;
	uint8_t state[520]; /* fpsr, fpcr, v0..v31 */
};
LX_SIZE(struct arm_fpsimd, 528);

struct arm_esr {
	struct arm_record head;
	uint64_t esr;
};

struct arm_registers {
	uint64_t fault_address;
	uint64_t all[34]; /* x0 .. x30, sp, pc, pstate: as in a frame */
	uint64_t pad; /* the records are aligned to 16 bytes */
};
LX_SIZE(struct arm_registers, 288);
_Static_assert(offsetof(struct arch_frame, regs) == 0 &&
    offsetof(struct arch_frame, sp) == 31 * sizeof(uint64_t) &&
    offsetof(struct arch_frame, pstate) == 33 * sizeof(uint64_t), "alike");

/* As we write it. */
struct arm_context {
	struct arm_registers regs;
	struct arm_fpsimd fpsimd;
	struct arm_esr esr; /* or the last record */
	struct arm_record last;
};

/* What we write and read of the frame; as much as 4 KiB of records follow. */
struct arm_frame {
	struct lx_frame_head head;
	uint8_t reserved[128]; /* stays the user's own */
	struct arm_context context;
};

#define CONTEXT_OFFSET offsetof(struct arm_frame, context)
#define RECORDS_OFFSET (CONTEXT_OFFSET + sizeof(struct arm_registers))
#define RECORDS_BYTES  4096
#define FRAME_BYTES    (RECORDS_OFFSET + RECORDS_BYTES)
#define LINK_BYTES     16 /* the frame record */

_Static_assert(FRAME_BYTES == 4688, "Linux's struct rt_sigframe");

/* What makes pstate no user state: interrupt masks, 32-bit, mode. */
#define PSTATE_BAD 0x3dfu

const char lx_platform[] = "aarch64";

size_t
lx_frame_min(void)
{
	return FRAME_BYTES + LINK_BYTES + 16; /* and the alignment */
}

/* A memory access made the signal: its address and cause are told. */
static bool
is_memory_fault(const struct sig_info *info)
{
	return (info->number == SIG_SEGV || info->number == SIG_BUS) &&
	    info->code > 0;
}

/* Every byte, so that it is done in place. */
static void
fill_context(struct arm_context *c, const struct arch_frame *f,
    const struct sig_info *info)
{
	bool memory = is_memory_fault(info);

	c->regs.fault_address = memory ? info->addr : 0;
	memcpy(c->regs.all, f, sizeof(c->regs.all));
	c->regs.pad = 0;
	c->fpsimd.head = (struct arm_record){ FPSIMD_MAGIC, sizeof(c->fpsimd) };
	arch_fpu_export(c->fpsimd.state);
	c->esr.head = memory ?
	    (struct arm_record){ ESR_MAGIC, sizeof(c->esr) } :
	    (struct arm_record){ 0, 0 };
	c->esr.esr = memory ? f->esr : 0;
	c->last = (struct arm_record){ 0, 0 };
}

static NOINLINE enum err
copy_context(const struct arch_frame *f, const struct sig_info *info,
    uintptr_t place)
{
	struct arm_context c;

	fill_context(&c, f, info);
	return user_copy_out(place + CONTEXT_OFFSET, &c, sizeof(c));
}

/* Made in place, or, over a page's end, in two pieces. */
static bool
push_frame(const struct arch_frame *f, const struct sig_info *info,
    uintptr_t place)
{
	struct arm_frame *there =
	    user_view(place, sizeof(*there), PROT_WRITE);

	if (UNLIKELY(there == NULL))
		return lx_frame_head_out(place, f, info) == OK &&
		    copy_context(f, info, place) == OK;
	lx_frame_head_fill(&there->head, f, info);
	fill_context(&there->context, f, info);
	user_release();
	return true;
}

bool
lx_frame_push(struct arch_frame *f, const struct sig_info *info,
    const struct sig_action *act)
{
	uintptr_t place = lx_frame_place(f, act, LINK_BYTES, FRAME_BYTES);
	uint64_t link[2] = { f->regs[FRAME_FP], f->regs[FRAME_LR] };

	_Static_assert(sizeof(link) == LINK_BYTES, "a frame record");
	if (place == 0 || !push_frame(f, info, place) ||
	    user_copy_out(place + FRAME_BYTES, link, sizeof(link)) != OK)
		return false;
	arch_frame_set_pc(f, act->handler);
	arch_frame_set_sp(f, place);
	arch_frame_set_ra(f, act->restorer != 0 ? act->restorer :
	    lx_vdso_sigreturn(task_current()->space->vdso));
	arch_frame_args(f, (uintptr_t)info->number, place,
	    place + offsetof(struct lx_frame_head, uc));
	f->regs[FRAME_FP] = place + FRAME_BYTES;
	return true;
}

/* ---- the way back ------------------------------------------------------- */

/* Finds the FP/SIMD record; *at is its user address. False: there is none, or
 * the list is malformed. */
static bool
find_fpsimd(uintptr_t place, uintptr_t *at)
{
	uintptr_t p = place + RECORDS_OFFSET, end = p + RECORDS_BYTES;
	struct arm_record r;

	*at = 0;
	for (; p + sizeof(r) <= end; p += r.size) {
		if (user_copy_in(&r, p, sizeof(r)) != OK)
			return false;
		if (r.magic == 0)
			return r.size == 0 && *at != 0;
		if (r.size < sizeof(r) || r.size % 16 != 0 || r.size > end - p)
			return false;
		if (r.magic == FPSIMD_MAGIC) {
			if (*at != 0 || r.size != sizeof(struct arm_fpsimd))
				return false;
			*at = p;
		} else if (r.magic != ESR_MAGIC) {
			return false;
		}
	}
	return false;
}

/* False: nothing has changed. Where others write meanwhile, it is enough that
 * pstate is masked in the end; the unit takes any words. */
static bool
adopt_registers(struct arch_frame *f, const struct arm_registers *regs,
    const struct arm_fpsimd *fpsimd)
{
	if ((regs->all[33] & PSTATE_BAD) != 0 ||
	    arch_fpu_import(fpsimd->state, sizeof(fpsimd->state)) != OK)
		return false;
	memcpy(f, regs->all, sizeof(regs->all));
	f->pstate &= PSTATE_USER;
	return true;
}

/* What cannot be read in place, or has its records in another order than we
 * write them, or is malformed. */
static NOINLINE bool
adopt_copy(struct arch_frame *f, uintptr_t place, struct lx_frame_back *back)
{
	struct arm_registers regs;
	struct arm_fpsimd fp;
	uintptr_t at;

	return user_copy_in(back, place +
	    offsetof(struct lx_frame_head, uc.back), sizeof(*back)) == OK &&
	    user_copy_in(&regs, place + CONTEXT_OFFSET, sizeof(regs)) == OK &&
	    find_fpsimd(place, &at) &&
	    user_copy_in(&fp, at, sizeof(fp)) == OK &&
	    adopt_registers(f, &regs, &fp);
}

/* The records as we write them, but for the cause of a fault. */
static bool
is_plain(const struct arm_context *c)
{
	return c->fpsimd.head.magic == FPSIMD_MAGIC &&
	    c->fpsimd.head.size == sizeof(c->fpsimd) &&
	    c->esr.head.magic == 0 && c->esr.head.size == 0;
}

/* Everything is checked before the first general register changes. */
bool
lx_frame_pop(struct arch_frame *f, struct lx_frame_back *back)
{
	uintptr_t place = arch_frame_sp(f);
	const struct arm_frame *there;
	bool good;

	if (!IS_ALIGNED(place, (uintptr_t)LX_FRAME_ALIGN))
		return false;
	there = user_view(place, sizeof(*there), PROT_READ);
	if (UNLIKELY(there == NULL))
		return adopt_copy(f, place, back);
	*back = there->head.uc.back;
	good = is_plain(&there->context) && adopt_registers(
	    f, &there->context.regs, &there->context.fpsimd);
	user_release();
	return LIKELY(good) || adopt_copy(f, place, back);
}
