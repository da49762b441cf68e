/*
 * Signal frames of x86_64.
 *
 * Layout, from the handler's stack pointer up: the address to return to (the
 * action's restorer), the ucontext (flags, link, stack_t, machine context,
 * signal mask), the siginfo; above it, 64-byte aligned, the FPU's state as
 * XSAVE writes it, with its size in the words that the hardware leaves free
 * and a mark behind it. The 128 bytes below the interrupted stack pointer are
 * the program's own (the red zone).
 *
 * Source: Linux 6.6 arch/x86/include/uapi/asm/{ucontext,sigcontext}.h; System
 * V ABI for AMD64, 3.2.2.
 */
#include "../../lx.h"

#include <kernel/mm.h>

#define XSTATE_MAGIC1 0x46505853u
#define XSTATE_MAGIC2 0x46505845u
#define LEGACY_BYTES  512u
#define WORDS_OFFSET  464u /* of the free words in the legacy part */

#define UC_FP_XSTATE         1u
#define UC_SIGCONTEXT_SS     2u
#define UC_STRICT_RESTORE_SS 4u

/* Flags that a frame may change; the rest are the kernel's. */
#define FLAGS_RESTORED UINT64_C(0x50dd5)
#define FLAGS_CLEARED  UINT64_C(0x10500) /* for a handler: RF, DF, TF */
#define TRAPS          32u

struct x86_context {
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
	uint64_t rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, rflags;
	uint16_t cs, gs, fs, ss;
	uint64_t error, trap, old_mask, cr2;
	uint64_t fpu; /* user address */
	uint64_t reserved[8];
};
LX_SIZE(struct x86_context, 256);

struct x86_sigframe {
	uint64_t restorer;
	struct {
		uint64_t flags, link;
		struct lx_stack stack;
		struct x86_context context;
		uint64_t mask;
	} uc;
	struct lx_siginfo info;
};
LX_SIZE(struct x86_sigframe, 440);

struct fpu_words {
	uint32_t magic1, extended_size;
	uint64_t features;
	uint32_t state_size, pad[7];
};
LX_SIZE(struct fpu_words, 48);

const char lx_platform[] = "x86_64";

/* The state and, with XSAVE, the mark behind it. */
static size_t
fpu_bytes(void)
{
	return arch_fpu_size() + (x86_fpu_features() != 0 ? 4 : 0);
}

size_t
lx_frame_min(void)
{
	return sizeof(struct x86_sigframe) + fpu_bytes() + 64 + 16;
}

/* ---- to the handler ---------------------------------------------------- */

/* Where the FPU's state goes; the frame lies below. 0: not onto this stack. */
static uintptr_t
fpu_place(struct thread *t, const struct arch_frame *f,
    const struct sig_action *act)
{
	uintptr_t sp = arch_frame_sp(f);
	uintptr_t top = lx_signal_stack(t, sp, act);
	uintptr_t need = lx_frame_min() + ARCH_RED_ZONE;

	if (top < need)
		return 0;
	if (top == sp)
		top -= ARCH_RED_ZONE;
	/* Walking off the bottom of the alternate stack must not go on in
	 * whatever lies below. */
	if (lx_on_alt_stack(t, sp) &&
	    !lx_on_alt_stack(t, top - lx_frame_min()))
		return 0;
	return ALIGN_DOWN(top - fpu_bytes(), (uintptr_t)64);
}

/* The state at buf, but for the mark behind it. */
static void
fpu_fill(uint8_t *buf)
{
	size_t size = arch_fpu_size();
	struct fpu_words words = {
		.magic1 = XSTATE_MAGIC1,
		.extended_size = (uint32_t)size + 4,
		.features = x86_fpu_features(),
		.state_size = (uint32_t)size,
	};

	x86_fpu_save(buf);
	if (words.features != 0)
		memcpy(buf + WORDS_OFFSET, &words, sizeof(words));
}

static NOINLINE enum err
copy_fpu(uintptr_t place)
{
	size_t size = arch_fpu_size();
	uint8_t *buf = x86_fpu_buffer();
	enum err e;

	if (buf == NULL)
		return ERR_NOMEM;
	fpu_fill(buf);
	e = user_copy_out(place, buf, size);
	if (e == OK && x86_fpu_features() != 0)
		e = user_store32(place + size, XSTATE_MAGIC2);
	x86_fpu_buffer_free(buf);
	return e;
}

/* Made in place, or, over a page's end, in a buffer. */
static enum err
push_fpu(uintptr_t place)
{
	const uint32_t mark = XSTATE_MAGIC2;
	unsigned long flags;
	uint8_t *there = user_view(place, fpu_bytes(), PROT_WRITE, &flags);

	if (UNLIKELY(there == NULL))
		return copy_fpu(place);
	fpu_fill(there);
	if (x86_fpu_features() != 0)
		memcpy(there + arch_fpu_size(), &mark, sizeof(mark));
	user_view_end(flags);
	return OK;
}

/* Every byte, here and in frame_fill(): field by field, so that it is done in
 * place. */
static void
context_fill(const struct arch_frame *f, struct x86_context *c)
{
	bool trap = f->vector != 0 && f->vector < TRAPS;

	c->r8 = f->args[FRAME_R8];
	c->r9 = f->args[FRAME_R9];
	c->r10 = f->args[FRAME_R10];
	c->r11 = f->r11;
	c->r12 = f->r12;
	c->r13 = f->r13;
	c->r14 = f->r14;
	c->r15 = f->r15;
	c->rdi = f->args[FRAME_RDI];
	c->rsi = f->args[FRAME_RSI];
	c->rbp = f->rbp;
	c->rbx = f->rbx;
	c->rdx = f->args[FRAME_RDX];
	c->rax = f->rax;
	c->rcx = f->rcx;
	c->rsp = f->rsp;
	c->rip = f->rip;
	c->rflags = f->rflags;
	c->cs = (uint16_t)f->cs;
	c->gs = c->fs = 0;
	c->ss = (uint16_t)f->ss;
	c->error = trap ? f->call : 0;
	c->trap = trap ? f->vector : 0;
	memset(c->reserved, 0, sizeof(c->reserved));
}

static void
frame_fill(struct x86_sigframe *w, struct thread *t,
    const struct arch_frame *f, const struct sig_info *info)
{
	bool memory = info->number == SIG_SEGV || info->number == SIG_BUS;

	lx_siginfo_encode(info, &w->info);
	w->uc.flags = UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS |
	    (x86_fpu_features() != 0 ? UC_FP_XSTATE : 0);
	w->uc.link = 0;
	w->uc.mask = signal_mask_to_save();
	lx_alt_stack_save(t, f->rsp, &w->uc.stack);
	context_fill(f, &w->uc.context);
	w->uc.context.old_mask = w->uc.mask;
	w->uc.context.cr2 = memory ? info->addr : 0;
}

bool
lx_frame_push(struct thread *t, struct arch_frame *f,
    const struct sig_info *info, const struct sig_action *act)
{
	uintptr_t fpu = fpu_place(t, f, act), place;
	__attribute__((uninitialized)) struct x86_sigframe frame; /* filled */

	place = ALIGN_DOWN(fpu - sizeof(frame), (uintptr_t)16) - 8;
	if (fpu == 0 || act->restorer == 0 || push_fpu(fpu) != OK)
		return false;
	frame_fill(&frame, t, f, info);
	frame.restorer = act->restorer;
	frame.uc.context.fpu = fpu;
	if (user_copy_out(place, &frame, sizeof(frame)) != OK)
		return false;
	if (t->alt_stack.flags & (unsigned)LX_SS_AUTODISARM)
		t->alt_stack = (struct sig_stack){ 0 };
	f->rip = act->handler;
	f->rsp = place;
	f->rflags &= ~FLAGS_CLEARED;
	f->rax = 0;
	arch_frame_args(f, (uintptr_t)info->number,
	    place + offsetof(struct x86_sigframe, info),
	    place + offsetof(struct x86_sigframe, uc));
	return true;
}

/* ---- and back ---------------------------------------------------------- */

/* How much of the state is there: all of it when both marks are, the legacy
 * part otherwise. */
static size_t
state_size(uintptr_t place, const uint8_t *legacy)
{
	size_t size = arch_fpu_size();
	struct fpu_words words;
	uint32_t mark;

	memcpy(&words, legacy + WORDS_OFFSET, sizeof(words));
	if (x86_fpu_features() == 0 || words.magic1 != XSTATE_MAGIC1 ||
	    words.state_size != size || words.extended_size != size + 4 ||
	    user_load32(place + size, &mark) != OK || mark != XSTATE_MAGIC2)
		return LEGACY_BYTES;
	return size;
}

/* Address 0: the initial state. */
static bool
adopt_fpu(uintptr_t place)
{
	size_t size = arch_fpu_size();
	uint8_t *buf = x86_fpu_buffer();
	enum err e = OK;

	if (buf == NULL)
		return false;
	if (place == 0) {
		arch_fpu_initial(buf);
	} else {
		e = user_copy_in(buf, place, LEGACY_BYTES);
		if (e == OK)
			size = state_size(place, buf);
		if (e == OK && size > LEGACY_BYTES)
			e = user_copy_in(buf + LEGACY_BYTES,
			    place + LEGACY_BYTES, size - LEGACY_BYTES);
	}
	if (e == OK)
		e = x86_fpu_load(buf, size);
	x86_fpu_buffer_free(buf);
	return e == OK;
}

static void
adopt_context(struct arch_frame *f, const struct x86_context *c)
{
	f->args[FRAME_RDI] = c->rdi;
	f->args[FRAME_RSI] = c->rsi;
	f->args[FRAME_RDX] = c->rdx;
	f->args[FRAME_R10] = c->r10;
	f->args[FRAME_R8] = c->r8;
	f->args[FRAME_R9] = c->r9;
	f->r11 = c->r11;
	f->r12 = c->r12;
	f->r13 = c->r13;
	f->r14 = c->r14;
	f->r15 = c->r15;
	f->rbp = c->rbp;
	f->rbx = c->rbx;
	f->rax = c->rax;
	f->rcx = c->rcx;
	f->rsp = c->rsp;
	f->rip = c->rip;
	f->rflags = (f->rflags & ~FLAGS_RESTORED) |
	    (c->rflags & FLAGS_RESTORED);
	f->call = UINT64_MAX;
}

bool
lx_frame_pop(struct thread *t, struct arch_frame *f, sigset_bits *mask)
{
	/* The handler's return has taken the restorer off. */
	uintptr_t place = f->rsp - 8;
	__attribute__((uninitialized)) struct x86_sigframe frame; /* fetched */

	if (user_copy_in(&frame, place, offsetof(struct x86_sigframe, info)) !=
	    OK || !adopt_fpu(frame.uc.context.fpu))
		return false;
	adopt_context(f, &frame.uc.context);
	*mask = frame.uc.mask;
	lx_alt_stack_restore(t, &frame.uc.stack);
	return true;
}
