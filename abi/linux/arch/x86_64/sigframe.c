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
 * The frame is made where it lies, and so is the FPU's state: XSAVE minds no
 * other thread that writes there. XRSTOR does, so the way back is one copy to
 * the thread's own area, which is looked at there.
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

/* Of the FPU's state, which is aligned to LX_FRAME_ALIGN, in the whole; the
 * handler's stack pointer has to be 8 off a multiple of 16. */
#define FPU_OFFSET (ALIGN_UP(sizeof(struct x86_sigframe), 16) + 8)

struct fpu_words {
	uint32_t magic1, extended_size;
	uint64_t features;
	uint32_t state_size, pad[7];
};
LX_SIZE(struct fpu_words, 48);

static inline struct fpu_words *
fpu_words(uint8_t *state)
{
	return (struct fpu_words *)(void *)(state + WORDS_OFFSET);
}

const char lx_platform[] = "x86_64";

/* The state and, with XSAVE, the mark behind it. */
static size_t
fpu_bytes(void)
{
	return arch_fpu_size() + (x86_fpu_features() != 0 ? 4 : 0);
}

static size_t
frame_bytes(void)
{
	return FPU_OFFSET + fpu_bytes();
}

size_t
lx_frame_min(void)
{
	return frame_bytes() + LX_FRAME_ALIGN;
}

/* ---- to the handler ---------------------------------------------------- */

/* The state at buf, and the mark behind it. */
static void
fpu_fill(uint8_t *buf)
{
	struct fpu_words *words = fpu_words(buf);
	size_t size = arch_fpu_size();
	uint64_t features = x86_fpu_features();

	x86_fpu_save(buf);
	if (UNLIKELY(features == 0))
		return;
	words->magic1 = XSTATE_MAGIC1;
	words->extended_size = (uint32_t)size + 4;
	words->features = features;
	words->state_size = (uint32_t)size;
	memset(words->pad, 0, sizeof(words->pad));
	*(uint32_t *)(void *)(buf + size) = XSTATE_MAGIC2;
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
frame_fill(struct x86_sigframe *w, const struct arch_frame *f,
    const struct sig_info *info, const struct sig_action *act, uintptr_t place)
{
	bool memory = info->number == SIG_SEGV || info->number == SIG_BUS;

	w->restorer = act->restorer;
	lx_siginfo_encode(info, &w->info);
	w->uc.flags = UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS |
	    (x86_fpu_features() != 0 ? UC_FP_XSTATE : 0);
	w->uc.link = 0;
	w->uc.mask = w->uc.context.old_mask = signal_mask_to_save();
	lx_alt_stack_save(thread_current(), f->rsp, &w->uc.stack);
	context_fill(f, &w->uc.context);
	w->uc.context.cr2 = memory ? info->addr : 0;
	w->uc.context.fpu = place + FPU_OFFSET;
}

static NOINLINE enum err
copy_frame(const struct arch_frame *f, const struct sig_info *info,
    const struct sig_action *act, uintptr_t place)
{
	__attribute__((uninitialized)) struct x86_sigframe frame; /* filled */

	frame_fill(&frame, f, info, act, place);
	return user_copy_out(place, &frame, sizeof(frame));
}

static NOINLINE enum err
copy_fpu(uintptr_t place)
{
	size_t size = fpu_bytes();
	uint8_t *buf = kzalloc(size + LX_FRAME_ALIGN), *aligned;
	enum err e;

	if (buf == NULL)
		return ERR_NOMEM;
	aligned = (uint8_t *)ALIGN_UP((uintptr_t)buf, LX_FRAME_ALIGN);
	fpu_fill(aligned);
	e = user_copy_out(place, aligned, size);
	kfree(buf, size + LX_FRAME_ALIGN);
	return e;
}

/* Made in place, or, over a page's end, in two pieces. */
static bool
push_frame(const struct arch_frame *f, const struct sig_info *info,
    const struct sig_action *act, uintptr_t place)
{
	uint8_t *there = user_view(place, frame_bytes(), PROT_WRITE);

	if (UNLIKELY(there == NULL))
		return copy_fpu(place + FPU_OFFSET) == OK &&
		    copy_frame(f, info, act, place) == OK;
	frame_fill((struct x86_sigframe *)(void *)there, f, info, act, place);
	fpu_fill(there + FPU_OFFSET);
	user_release();
	return true;
}

bool
lx_frame_push(struct arch_frame *f, const struct sig_info *info,
    const struct sig_action *act)
{
	uintptr_t place = lx_frame_place(f, act, fpu_bytes(), FPU_OFFSET);

	if (UNLIKELY(place == 0 || act->restorer == 0) ||
	    !push_frame(f, info, act, place))
		return false;
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
 * part otherwise. buf: fpu_bytes(), which others may write meanwhile; whichever
 * size they make of it holds. */
static size_t
state_size(uint8_t *buf)
{
	const struct fpu_words *words = fpu_words(buf);
	size_t size = arch_fpu_size();

	return x86_fpu_features() != 0 && words->magic1 == XSTATE_MAGIC1 &&
	    words->state_size == size && words->extended_size == size + 4 &&
	    *(uint32_t *)(void *)(buf + size) == XSTATE_MAGIC2 ?
	    size : LEGACY_BYTES;
}

/* A state that does not lie in one page behind its frame. Address 0: the
 * initial one. */
static NOINLINE enum err
adopt_fpu(uintptr_t place)
{
	uint8_t *buf = kzalloc(fpu_bytes());
	enum err e = OK;

	if (buf == NULL)
		return ERR_NOMEM;
	if (place == 0)
		arch_fpu_initial(buf);
	else
		e = user_copy_in(buf, place, LEGACY_BYTES);
	/* Of an old program's it may be all that there is. */
	if (e == OK && place != 0)
		err_ignore(user_copy_in(buf + LEGACY_BYTES,
		    place + LEGACY_BYTES, fpu_bytes() - LEGACY_BYTES));
	if (e == OK)
		e = arch_fpu_import(
		    buf, place == 0 ? arch_fpu_size() : state_size(buf));
	kfree(buf, fpu_bytes());
	return e;
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

static void
adopt_rest(struct arch_frame *f, const struct x86_sigframe *w,
    struct lx_frame_back *back)
{
	adopt_context(f, &w->uc.context);
	back->stack = w->uc.stack;
	back->mask = w->uc.mask;
}

static NOINLINE bool
adopt_copy(struct arch_frame *f, uintptr_t place, struct lx_frame_back *back)
{
	__attribute__((uninitialized)) struct x86_sigframe frame; /* fetched */

	if (user_copy_in(&frame, place, offsetof(struct x86_sigframe, info)) !=
	    OK || adopt_fpu(frame.uc.context.fpu) != OK)
		return false;
	adopt_rest(f, &frame, back);
	return true;
}

bool
lx_frame_pop(struct arch_frame *f, struct lx_frame_back *back)
{
	/* The handler's return has taken the restorer off. */
	uintptr_t place = f->rsp - 8;
	struct x86_sigframe *w;
	uint8_t *fpu;
	bool good = false;

	w = user_view(place, frame_bytes(), PROT_READ);
	if (UNLIKELY(w == NULL))
		return adopt_copy(f, place, back);
	if (LIKELY(w->uc.context.fpu == place + FPU_OFFSET)) {
		fpu = (uint8_t *)w + FPU_OFFSET;
		good = arch_fpu_import(fpu, state_size(fpu)) == OK;
	}
	if (LIKELY(good))
		adopt_rest(f, w, back);
	user_release();
	return LIKELY(good) || adopt_copy(f, place, back);
}
