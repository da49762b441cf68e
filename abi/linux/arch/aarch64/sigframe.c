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

/* The frame is written and read in these two pieces; what lies between them
 * is reserved and stays the user's own. */
struct arm_head {
	struct lx_siginfo info;
	struct { /* the ucontext begins here */
		uint64_t flags, link;
		struct lx_stack stack;
		uint64_t mask;
	} uc;
};
LX_SIZE(struct arm_head, 176);

struct arm_registers {
	uint64_t fault_address;
	uint64_t x[31];
	uint64_t sp, pc, pstate;
	uint64_t pad; /* the records are aligned to 16 bytes */
};
LX_SIZE(struct arm_registers, 288);

/* As we write it. */
struct arm_context {
	struct arm_registers regs;
	struct arm_fpsimd fpsimd;
	struct arm_esr esr; /* or the last record */
	struct arm_record last;
};

#define CONTEXT_OFFSET 304 /* ucontext's 176 behind the siginfo's 128 */
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

/* Where a frame goes; 0: not onto the alternate stack. */
static uintptr_t
frame_place(struct thread *t, const struct arch_frame *f,
    const struct sig_action *act)
{
	uintptr_t sp = arch_frame_sp(f);
	uintptr_t top = lx_signal_stack(t, sp, act);
	uintptr_t place;

	if (top < FRAME_BYTES + LINK_BYTES + 16)
		return 0;
	place = ALIGN_DOWN(top - LINK_BYTES, (uintptr_t)16) - FRAME_BYTES;
	/* Walking off the bottom of the alternate stack must not go on in
	 * whatever lies below. */
	if (lx_on_alt_stack(t, sp) && !lx_on_alt_stack(t, place))
		return 0;
	return place;
}

static enum err
push_head(struct thread *t, const struct arch_frame *f,
    const struct sig_info *info, uintptr_t place)
{
	struct arm_head h;

	lx_siginfo_encode(info, &h.info);
	h.uc.flags = h.uc.link = 0;
	h.uc.mask = signal_mask_to_save();
	lx_alt_stack_save(t, arch_frame_sp(f), &h.uc.stack);
	return user_copy_out(place, &h, sizeof(h));
}

/* A memory access made the signal: its address and cause are told. */
static bool
is_memory_fault(const struct sig_info *info)
{
	return (info->number == SIG_SEGV || info->number == SIG_BUS) &&
	    info->code > 0;
}

static NOINLINE enum err
push_context(const struct arch_frame *f, const struct sig_info *info,
    uintptr_t place)
{
	struct arm_context c = {
		.regs = { .sp = f->sp, .pc = f->pc, .pstate = f->pstate },
		.fpsimd.head = { FPSIMD_MAGIC, sizeof(c.fpsimd) },
	};

	memcpy(c.regs.x, f->regs, sizeof(f->regs));
	arch_fpu_export(c.fpsimd.state);
	if (is_memory_fault(info)) {
		c.regs.fault_address = info->addr;
		c.esr.head = (struct arm_record){
			ESR_MAGIC, sizeof(c.esr) };
		c.esr.esr = f->esr;
	}
	return user_copy_out(place + CONTEXT_OFFSET, &c, sizeof(c));
}

bool
lx_frame_push(struct thread *t, struct arch_frame *f,
    const struct sig_info *info, const struct sig_action *act)
{
	uintptr_t place = frame_place(t, f, act);
	uint64_t link[2] = { f->regs[FRAME_FP], f->regs[FRAME_LR] };

	_Static_assert(sizeof(link) == LINK_BYTES, "a frame record");
	if (place == 0 || push_head(t, f, info, place) != OK ||
	    push_context(f, info, place) != OK ||
	    user_copy_out(place + FRAME_BYTES, link, sizeof(link)) != OK)
		return false;
	if (t->alt_stack.flags & (unsigned)LX_SS_AUTODISARM)
		t->alt_stack = (struct sig_stack){ 0 };
	arch_frame_set_pc(f, act->handler);
	arch_frame_set_sp(f, place);
	arch_frame_set_ra(f, act->restorer != 0 ? act->restorer :
	    lx_vdso_sigreturn(t->task->space->vdso));
	arch_frame_args(f, (uintptr_t)info->number, place,
	    place + offsetof(struct arm_head, uc));
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

/* Everything is checked before the first general register changes. */
static NOINLINE bool
adopt_context(struct arch_frame *f, uintptr_t place)
{
	struct arm_registers regs;
	struct arm_fpsimd fp;
	uintptr_t at;

	if (user_copy_in(&regs, place + CONTEXT_OFFSET, sizeof(regs)) != OK ||
	    (regs.pstate & PSTATE_BAD) != 0 || !find_fpsimd(place, &at) ||
	    user_copy_in(&fp, at, sizeof(fp)) != OK ||
	    arch_fpu_import(fp.state, sizeof(fp.state)) != OK)
		return false;
	memcpy(f->regs, regs.x, sizeof(f->regs));
	f->sp = regs.sp;
	f->pc = regs.pc;
	f->pstate = regs.pstate & PSTATE_USER;
	return true;
}

bool
lx_frame_pop(struct thread *t, struct arch_frame *f, sigset_bits *mask)
{
	uintptr_t place = arch_frame_sp(f);
	struct arm_head h;

	if (!IS_ALIGNED(place, (uintptr_t)16))
		return false;
	if (user_copy_in(&h.uc, place + offsetof(struct arm_head, uc),
	    sizeof(h.uc)) != OK || !adopt_context(f, place))
		return false;
	*mask = h.uc.mask;
	lx_alt_stack_restore(t, &h.uc.stack);
	return true;
}
