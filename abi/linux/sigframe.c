/*
 * What the signal frames of all machines have in common: where they go, how
 * most begin, and the alternate stack, which they tell of and bring back. The
 * rest is each machine's own (arch/<isa>/sigframe.c).
 * Source: man-pages 6.05 sigaltstack(2), sigreturn(2).
 */
#include "call.h"

/* ---- the alternate stack ---------------------------------------------- */

/* False for no stack, whose size is 0. */
static inline bool
is_within(const struct sig_stack *s, uintptr_t sp)
{
	return sp - s->base - 1 < s->size;
}

/* On the alternate stack now, with this stack pointer? */
static inline bool
on_alt_stack(const struct thread *t, uintptr_t sp)
{
	const struct sig_stack *s = &t->alt_stack;

	return is_within(s, sp) && !(s->flags & (unsigned)LX_SS_AUTODISARM);
}

void
lx_alt_stack_save(struct thread *t, uintptr_t sp, struct lx_stack *out)
{
	*out = (struct lx_stack){
		.sp = t->alt_stack.base,
		.size = t->alt_stack.size,
		.flags = (int32_t)(t->alt_stack.flags &
		    (unsigned)LX_SS_AUTODISARM),
	};
	if (t->alt_stack.size == 0)
		out->flags |= LX_SS_DISABLE;
	else if (on_alt_stack(t, sp))
		out->flags |= LX_SS_ONSTACK;
}

static enum err
alt_stack_set(struct thread *t, uintptr_t sp, const struct lx_stack *in)
{
	int mode = in->flags & ~LX_SS_AUTODISARM;

	if (on_alt_stack(t, sp))
		return ERR_PERM;
	if (mode != 0 && mode != LX_SS_ONSTACK && mode != LX_SS_DISABLE)
		return ERR_INVAL;
	if (mode == LX_SS_DISABLE) {
		t->alt_stack = (struct sig_stack){ 0 };
		return OK;
	}
	if (in->size < LX_MINSIGSTKSZ)
		return ERR_NOMEM;
	t->alt_stack = (struct sig_stack){
		.base = in->sp,
		.size = in->size,
		.flags = (unsigned)in->flags & (unsigned)LX_SS_AUTODISARM,
	};
	return OK;
}

enum err
lx_sigaltstack(struct thread *t, const struct sysargs *a, long *ret)
{
	uintptr_t sp = arch_frame_sp(thread_frame(t));
	struct lx_stack old, set;
	enum err e;

	*ret = 0;
	lx_alt_stack_save(t, sp, &old);
	if (a->v[0] != 0) {
		e = user_copy_in(&set, a->v[0], sizeof(set));
		if (e == OK)
			e = alt_stack_set(t, sp, &set);
		if (e != OK)
			return e;
	}
	return a->v[1] != 0 ? user_copy_out(a->v[1], &old, sizeof(old)) : OK;
}

/* ---- frames ------------------------------------------------------------ */

uintptr_t
lx_frame_place(const struct arch_frame *f, const struct sig_action *act,
    size_t above, size_t below)
{
	const struct thread *t = thread_current();
	const struct sig_stack *s = &t->alt_stack;
	uintptr_t sp = arch_frame_sp(f), top = sp - ARCH_RED_ZONE, place;
	bool inside = on_alt_stack(t, sp);

	if (UNLIKELY((act->flags & SIGACT_ONSTACK) && s->size != 0 &&
	    !inside)) {
		top = s->base + s->size;
		inside = true;
	}
	place = ALIGN_DOWN(top - above, (uintptr_t)LX_FRAME_ALIGN) - below;
	/* Walking off the bottom of the alternate stack must not go on in
	 * whatever lies below. */
	return UNLIKELY(inside) && !is_within(s, place) ? 0 : place;
}

void
lx_frame_head_fill(struct lx_frame_head *h, const struct arch_frame *f,
    const struct sig_info *info)
{
	lx_siginfo_encode(info, &h->info);
	h->uc.flags = 0;
	h->uc.link = 0;
	h->uc.back.mask = signal_mask_to_save();
	lx_alt_stack_save(
	    thread_current(), arch_frame_sp(f), &h->uc.back.stack);
}

NOINLINE enum err
lx_frame_head_out(uintptr_t place, const struct arch_frame *f,
    const struct sig_info *info)
{
	struct lx_frame_head h;

	lx_frame_head_fill(&h, f, info);
	return user_copy_out(place, &h, sizeof(h));
}

enum err
lx_rt_sigreturn(struct thread *t, const struct sysargs *a, long *ret)
{
	struct sig_info bad = { .number = SIG_SEGV, .code = SIGC_KERNEL };
	struct arch_frame *f = thread_frame(t);
	__attribute__((uninitialized)) struct lx_frame_back back; /* set */

	(void)a;
	*ret = 0;
	if (UNLIKELY(!lx_frame_pop(f, &back))) {
		signal_fault(&bad);
		return ERR_FAULT;
	}
	/* The frame may be forged: a stack that does not hold is left as it
	 * is. */
	err_ignore(alt_stack_set(t, arch_frame_sp(f), &back.stack));
	signal_mask_set(back.mask & ~SIG_UNBLOCKABLE);
	return ERR_JUSTRETURN;
}
