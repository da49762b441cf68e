/*
 * Signals: native/signal.h.
 *
 * The frame of a handler lies below the interrupted stack pointer (or at the
 * top of the signal stack): struct cm_signal_frame, then the FPU state. What
 * signal_return takes back from it is user registers, the mask and the signal
 * stack; everything else of the thread stays as it is, so a forged frame can
 * do no more than the program could do by itself.
 */
#include "native.h"

#include <kernel/mm.h>
#include <uapi/native/signal.h>

_Static_assert(SIGACT_NOCLDSTOP == CM_SA_NOCLDSTOP &&
    SIGACT_NOCLDWAIT == CM_SA_NOCLDWAIT && SIGACT_ONSTACK == CM_SA_ONSTACK &&
    SIGACT_RESTART == CM_SA_RESTART && SIGACT_NODEFER == CM_SA_NODEFER &&
    SIGACT_RESETHAND == CM_SA_RESET && SIG_MAX == CM_SIGMAX, "signal flags");
_Static_assert(sizeof(struct cm_signal_frame) % 16 == 0, "frame");

#define ACTION_FLAGS (CM_SA_NOCLDSTOP | CM_SA_NOCLDWAIT | CM_SA_ONSTACK | \
	CM_SA_RESTART | CM_SA_NODEFER | CM_SA_RESET)
#define STACK_ALIGN  ((uintptr_t)16)

/* ---- frames ------------------------------------------------------------- */

static bool
on_signal_stack(const struct thread *t, uintptr_t sp)
{
	const struct sig_stack *s = &t->alt_stack;

	return s->size != 0 && sp - s->base - 1 < s->size;
}

static size_t
frame_bytes(void)
{
	return sizeof(struct cm_signal_frame) +
	    ALIGN_UP(arch_fpu_size(), (size_t)16);
}

/* Where the frame begins, 0: nowhere. */
static uintptr_t
frame_place(const struct thread *t, uintptr_t sp, unsigned flags)
{
	const struct sig_stack *s = &t->alt_stack;
	bool inside = on_signal_stack(t, sp);
	uintptr_t at;

	if ((flags & SIGACT_ONSTACK) && s->size != 0 && !inside) {
		sp = s->base + s->size;
		inside = true;
	} else {
		sp -= ARCH_RED_ZONE;
	}
	if (sp < frame_bytes() + STACK_ALIGN)
		return 0;
	at = ALIGN_DOWN(sp - frame_bytes(), STACK_ALIGN);
	/* Off the end of a signal stack lies somebody else's memory. */
	if (inside && !on_signal_stack(t, at + 1))
		return 0;
	return at;
}

static void
frame_fill(struct thread *t, const struct arch_frame *f,
    const struct sig_info *info, struct cm_signal_frame *out)
{
	const struct sig_stack *s = &t->alt_stack;
	struct cm_signal_context *c = &out->context;

	nt_info_encode(info, &out->info);
	nt_regs_save(f, c->reg);
	c->mask = signal_mask_to_save();
	c->stack.base = (void *)s->base;
	c->stack.size = s->size;
	c->stack.flags = s->size == 0 ? CM_STACK_DISABLE :
	    on_signal_stack(t, arch_frame_sp(f)) ? CM_STACK_ONSTACK : 0;
	c->fp_size = arch_fpu_size();
	arch_fpu_export(out + 1);
}

static bool
frame_push(struct thread *t, struct arch_frame *f,
    const struct sig_info *info, const struct sig_action *act)
{
	uintptr_t at = frame_place(t, arch_frame_sp(f), act->flags);
	size_t bytes = frame_bytes();
	struct cm_signal_frame *frame;
	enum err e;

	if (at == 0)
		return false;
	frame = kzalloc(bytes);
	if (frame == NULL)
		return false;
	frame_fill(t, f, info, frame);
	e = user_copy_out(at, frame, bytes);
	kfree(frame, bytes);
	if (e != OK)
		return false;
	arch_frame_set_pc(f, act->handler);
	arch_frame_set_sp(f, at);
	arch_frame_set_ra(f, act->restorer);
	arch_frame_args(f, (uintptr_t)info->number,
	    at + offsetof(struct cm_signal_frame, info),
	    at + offsetof(struct cm_signal_frame, context));
	return true;
}

/* No room for a frame: the program dies of it unless it can catch that on
 * another stack. */
static void
frame_failed(int number)
{
	const struct sig_info info = {
		.number = SIG_SEGV,
		.code = SIGC_KERNEL,
	};
	const struct sig_action dfl = { .handler = SIG_HANDLER_DEFAULT };

	if (number == SIG_SEGV)
		err_ignore(signal_action(SIG_SEGV, &dfl, NULL));
	signal_fault(&info);
}

void
nt_deliver(struct thread *t, struct arch_frame *f)
{
	struct sig_action act;
	struct sig_info info;

	while (signal_next(&info, &act)) {
		call_restart_fixup(t, f, &act);
		if (frame_push(t, f, &info, &act))
			signal_frame_done(info.number, &act);
		else
			frame_failed(info.number);
	}
}

void
nt_fault(struct thread *, struct arch_frame *, const struct sig_info *info)
{
	signal_fault(info);
}

static enum err
stack_adopt(struct thread *t, const struct cm_signal_stack *s)
{
	if (s->flags & ~(CM_STACK_DISABLE | CM_STACK_ONSTACK))
		return ERR_INVAL;
	if (s->flags & CM_STACK_DISABLE) {
		t->alt_stack = (struct sig_stack){ 0 };
		return OK;
	}
	if (s->size < CM_STACK_MIN ||
	    (uintptr_t)s->base + s->size < (uintptr_t)s->base)
		return ERR_NOMEM;
	t->alt_stack = (struct sig_stack){
		.base = (uintptr_t)s->base,
		.size = s->size,
	};
	return OK;
}

/* Everything is checked before the first register changes. */
static bool
frame_pop(struct thread *t, struct arch_frame *f)
{
	uintptr_t at = arch_frame_sp(f);
	size_t bytes = frame_bytes();
	struct cm_signal_frame *frame;
	bool good = false;

	if (!IS_ALIGNED(at, STACK_ALIGN))
		return false;
	frame = kmalloc(bytes);
	if (frame == NULL)
		return false;
	if (user_copy_in(frame, at, bytes) != OK ||
	    frame->context.fp_size != arch_fpu_size() ||
	    stack_adopt(t, &frame->context.stack) != OK ||
	    arch_fpu_import(frame + 1, arch_fpu_size()) != OK)
		goto out;
	nt_regs_load(f, frame->context.reg);
	signal_mask_set(frame->context.mask & ~SIG_UNBLOCKABLE);
	good = true;
out:
	kfree(frame, bytes);
	return good;
}

enum err
nt_signal_return(struct thread *t, const struct sysargs *, long *)
{
	const struct sig_info bad = {
		.number = SIG_SEGV,
		.code = SIGC_KERNEL,
	};

	if (!frame_pop(t, thread_frame(t)))
		signal_fault(&bad);
	return ERR_JUSTRETURN;
}

/* ---- sending ------------------------------------------------------------ */

static struct sig_info
info_from_here(int number, uint64_t value)
{
	struct creds *c = creds_get(task_current());
	struct sig_info info = {
		.number = number,
		.code = value == 0 ? SIGC_USER : SIGC_QUEUE,
		.pid = task_current()->pid,
		.uid = c->uid,
		.value = value,
	};

	creds_put(c);
	return info;
}

enum err
nt_signal_send(struct thread *t, const struct sysargs *a, long *)
{
	int pid = (int)a->v[0], number = (int)a->v[1];
	struct sig_info info;
	struct task *target = NULL;
	enum err e;

	if (number < 0 || number > SIG_MAX || pid == INT32_MIN)
		return ERR_INVAL;
	info = info_from_here(number, a->v[2]);
	if (pid == -1)
		return signal_all(&info);
	if (pid <= 0)
		return signal_group(pid == 0 ? t->task->pgid : -pid, &info);
	e = task_find(pid, &target);
	if (e != OK)
		return e;
	e = signal_may(target, number) ? signal_send(target, &info) :
	    ERR_PERM;
	task_unref(target);
	return e;
}

enum err
nt_signal_send_thread(struct thread *, const struct sysargs *a, long *)
{
	int number = (int)a->v[2];
	struct sig_info info;
	struct thread *target = NULL;
	enum err e;

	if (number < 0 || number > SIG_MAX)
		return ERR_INVAL;
	info = info_from_here(number, 0);
	info.code = SIGC_TKILL;
	e = thread_find((int)a->v[1], &target);
	if (e != OK)
		return e;
	if (target->task->pid != (int)a->v[0])
		e = ERR_NOTASK;
	else if (!signal_may(target->task, number))
		e = ERR_PERM;
	else
		e = signal_send_thread(target, &info);
	obj_unref(&target->obj);
	return e;
}

/* ---- actions, masks, waiting -------------------------------------------- */

enum err
nt_signal_action(struct thread *, const struct sysargs *a, long *)
{
	struct cm_signal_action in, out;
	struct sig_action set = { 0 }, old = { 0 };
	enum err e = OK;

	if (a->v[1] != 0)
		e = user_copy_in(&in, a->v[1], sizeof(in));
	if (e != OK)
		return e;
	if (a->v[1] != 0) {
		if ((in.flags & ~ACTION_FLAGS) || in.reserved != 0 ||
		    (in.handler > SIG_HANDLER_IGNORE && in.restorer == 0))
			return ERR_INVAL;
		set = (struct sig_action){
			.handler = in.handler,
			.restorer = in.restorer,
			.mask = in.mask & ~SIG_UNBLOCKABLE,
			.flags = in.flags | SIGACT_SIGINFO | SIGACT_RESTORER,
		};
	}
	e = signal_action((int)a->v[0], a->v[1] != 0 ? &set : NULL, &old);
	if (e != OK)
		return e;
	out = (struct cm_signal_action){
		.handler = old.handler,
		.restorer = old.restorer,
		.mask = old.mask,
		.flags = old.flags & ACTION_FLAGS,
	};
	return nt_out(a->v[2], &out, sizeof(out));
}

enum err
nt_signal_mask(struct thread *, const struct sysargs *a, long *)
{
	sigset_bits now = signal_mask(), set = 0;
	enum err e = OK;

	if (a->v[1] != 0)
		e = user_copy_in(&set, a->v[1], sizeof(set));
	if (e == OK && a->v[1] != 0) {
		switch (a->v[0]) {
		case CM_MASK_BLOCK:
			set = now | set;
			break;
		case CM_MASK_UNBLOCK:
			set = now & ~set;
			break;
		case CM_MASK_SET:
			break;
		default:
			return ERR_INVAL;
		}
	}
	if (e == OK)
		e = nt_out(a->v[2], &now, sizeof(now));
	if (e == OK && a->v[1] != 0)
		signal_mask_set(set & ~SIG_UNBLOCKABLE);
	return e;
}

enum err
nt_signal_suspend(struct thread *, const struct sysargs *a, long *)
{
	struct waitq nobody;
	sigset_bits mask;
	enum err e = user_copy_in(&mask, a->v[0], sizeof(mask));

	if (e != OK)
		return e;
	signal_mask_for_wait(mask & ~SIG_UNBLOCKABLE);
	waitq_init(&nobody);
	e = wait_until(&nobody, false, WAIT_SIGNALS);
	return e == ERR_RESTART ? ERR_RESTART_NOHANDLER : e;
}

enum err
nt_signal_pending(struct thread *t, const struct sysargs *a, long *)
{
	sigset_bits set = signal_pending_set(t) & signal_mask();

	return user_copy_out(a->v[0], &set, sizeof(set));
}

enum err
nt_signal_stack(struct thread *t, const struct sysargs *a, long *)
{
	const struct sig_stack *s = &t->alt_stack;
	bool inside = on_signal_stack(t, arch_frame_sp(thread_frame(t)));
	struct cm_signal_stack set, old = {
		.base = (void *)s->base,
		.size = s->size,
		.flags = s->size == 0 ? CM_STACK_DISABLE :
		    inside ? CM_STACK_ONSTACK : 0,
	};
	enum err e = OK;

	if (a->v[0] != 0)
		e = user_copy_in(&set, a->v[0], sizeof(set));
	if (e == OK && a->v[0] != 0)
		e = inside ? ERR_PERM : stack_adopt(t, &set);
	return e == OK ? nt_out(a->v[1], &old, sizeof(old)) : e;
}

enum err
nt_signal_wait(struct thread *, const struct sysargs *a, long *ret)
{
	struct cm_signal_info out;
	struct sig_info info = { 0 };
	sigset_bits set;
	enum err e = user_copy_in(&set, a->v[0], sizeof(set));

	if (e != OK)
		return e;
	e = signal_take(set & ~SIG_UNBLOCKABLE, &info,
	    nt_deadline((int64_t)a->v[2]));
	if (e != OK)
		return e;
	*ret = info.number;
	nt_info_encode(&info, &out);
	return nt_out(a->v[1], &out, sizeof(out));
}
