/*
 * Signals: sending, masks, actions, waiting for them.
 * Source: man-pages 6.05 sigaction(2), sigprocmask(2), kill(2), tgkill(2),
 * rt_sigqueueinfo(2), sigtimedwait(2).
 */
#include "call.h"

enum err
lx_sigset_in(uintptr_t user, size_t size, sigset_bits *out)
{
	if (size != sizeof(*out))
		return ERR_INVAL;
	return user_copy_in(out, user, sizeof(*out));
}

enum err
lx_wait_mask(uintptr_t user, size_t size)
{
	sigset_bits mask;
	enum err e;

	if (user == 0)
		return OK;
	e = lx_sigset_in(user, size, &mask);
	if (e == OK)
		signal_mask_for_wait(mask & ~SIG_UNBLOCKABLE);
	return e;
}

/* ---- siginfo ---------------------------------------------------------- */

static bool
is_fault_signal(int number)
{
	return number == SIG_SEGV || number == SIG_BUS || number == SIG_ILL ||
	    number == SIG_FPE || number == SIG_TRAP;
}

void
lx_siginfo_encode(const struct sig_info *in, struct lx_siginfo *out)
{
	memset(out, 0, sizeof(*out));
	out->signo = in->number;
	out->error = in->error;
	out->code = in->code;
	if (in->code == SIGC_TIMER) {
		out->timer.id = in->timer_id;
		out->timer.overrun = in->overrun;
		out->timer.value = in->value;
	} else if (in->code > 0 && is_fault_signal(in->number) &&
	    in->code != SIGC_KERNEL) {
		out->fault.addr = in->addr;
	} else if (in->code > 0 && in->number == SIG_CHLD &&
	    in->code != SIGC_KERNEL) {
		out->child.pid = in->pid;
		out->child.uid = in->uid;
		out->child.status = in->status;
		out->child.utime = (int64_t)(in->utime / 10000000);
		out->child.stime = (int64_t)(in->stime / 10000000);
	} else if (in->code > 0 && in->number == SIG_IO &&
	    in->code != SIGC_KERNEL) {
		out->poll.band = in->band;
		out->poll.fd = in->fd;
	} else {
		out->rt.pid = in->pid;
		out->rt.uid = in->uid;
		out->rt.value = in->value;
	}
}

void
lx_signalfd_encode(const struct sig_info *in, struct lx_signalfd_info *out)
{
	*out = (struct lx_signalfd_info){
		.signo = (uint32_t)in->number,
		.error = in->error,
		.code = in->code,
		.pid = (uint32_t)in->pid,
		.uid = in->uid,
		.fd = in->fd,
		.timer_id = (uint32_t)in->timer_id,
		.band = (uint32_t)in->band,
		.overrun = (uint32_t)in->overrun,
		.status = in->status,
		.int_value = (int32_t)in->value,
		.ptr = in->value,
		.utime = in->utime / 10000000,
		.stime = in->stime / 10000000,
		.addr = in->addr,
	};
}

/* For rt_sigqueueinfo, whose codes are negative: the queue form. */
void
lx_siginfo_decode(const struct lx_siginfo *in, struct sig_info *out)
{
	*out = (struct sig_info){
		.number = in->signo,
		.code = in->code,
		.error = in->error,
		.pid = in->rt.pid,
		.uid = in->rt.uid,
		.value = in->rt.value,
	};
}

/* ---- sending ---------------------------------------------------------- */

static struct sig_info
sender(struct thread *t, int number, int code)
{
	struct sig_info info = {
		.number = number, .code = code, .pid = t->task->pid,
	};

	rcu_read_lock();
	info.uid = atomic_load_explicit(
	    &t->task->creds, memory_order_consume)->uid;
	rcu_read_unlock();
	return info;
}

enum err
lx_broken_pipe(struct thread *t)
{
	struct sig_info info = sender(t, SIG_PIPE, SIGC_USER);

	/* The thread is ours and lives: it can be told. */
	err_ignore(signal_send_thread(t, &info));
	return ERR_PIPE;
}

static enum err
send_task(int pid, const struct sig_info *info)
{
	struct task *target;
	enum err e = task_find(pid, &target);

	if (e != OK)
		return e;
	e = signal_may(target, info->number) ? signal_send(target, info) :
	    ERR_PERM;
	task_unref(target);
	return e;
}

enum err
lx_kill(struct thread *t, const struct sysargs *a, long *ret)
{
	int pid = (int)a->v[0], number = (int)a->v[1];
	struct sig_info info = sender(t, number, SIGC_USER);

	*ret = 0;
	if (number < 0 || number > SIG_MAX)
		return ERR_INVAL;
	if (pid > 0)
		return send_task(pid, &info);
	if (pid == -1)
		return signal_all(&info);
	if (pid == INT32_MIN)
		return ERR_NOTASK;
	return signal_group(pid == 0 ? t->task->pgid : -pid, &info);
}

/* tgid 0: any (tkill). */
static enum err
send_thread(int tgid, int tid, const struct sig_info *info)
{
	struct thread *target;
	enum err e;

	if (tid <= 0 || info->number < 0 || info->number > SIG_MAX)
		return ERR_INVAL;
	e = thread_find(tid, &target);
	if (e != OK)
		return e;
	if (tgid != 0 && target->task->pid != tgid)
		e = ERR_NOTASK;
	else if (!signal_may(target->task, info->number))
		e = ERR_PERM;
	else
		e = signal_send_thread(target, info);
	lx_thread_put(target);
	return e;
}

enum err
lx_tkill(struct thread *t, const struct sysargs *a, long *ret)
{
	struct sig_info info = sender(t, (int)a->v[1], SIGC_TKILL);

	*ret = 0;
	return send_thread(0, (int)a->v[0], &info);
}

enum err
lx_tgkill(struct thread *t, const struct sysargs *a, long *ret)
{
	struct sig_info info = sender(t, (int)a->v[2], SIGC_TKILL);

	*ret = 0;
	if ((int)a->v[0] <= 0)
		return ERR_INVAL;
	return send_thread((int)a->v[0], (int)a->v[1], &info);
}

/* Others may not be told that the kernel or kill() sent it. */
static enum err
queued_in(struct thread *t, uintptr_t user, int number, int pid,
    struct sig_info *out)
{
	struct lx_siginfo si;
	enum err e = user_copy_in(&si, user, sizeof(si));

	if (e != OK)
		return e;
	si.signo = number;
	if ((si.code >= 0 || si.code == SIGC_TKILL) && pid != t->task->pid)
		return ERR_PERM;
	lx_siginfo_decode(&si, out);
	return OK;
}

enum err
lx_rt_sigqueueinfo(struct thread *t, const struct sysargs *a, long *ret)
{
	int number = (int)a->v[1];
	struct sig_info info;
	enum err e = queued_in(t, a->v[2], number, (int)a->v[0], &info);

	*ret = 0;
	if (e != OK)
		return e;
	if (number < 0 || number > SIG_MAX)
		return ERR_INVAL;
	return send_task((int)a->v[0], &info);
}

enum err
lx_rt_tgsigqueueinfo(struct thread *t, const struct sysargs *a, long *ret)
{
	struct sig_info info;
	enum err e;

	*ret = 0;
	if ((int)a->v[0] <= 0 || (int)a->v[1] <= 0)
		return ERR_INVAL;
	e = queued_in(t, a->v[3], (int)a->v[2], (int)a->v[0], &info);
	return e == OK ? send_thread((int)a->v[0], (int)a->v[1], &info) : e;
}

/* ---- masks ------------------------------------------------------------ */

enum err
lx_rt_sigprocmask(struct thread *t, const struct sysargs *a, long *ret)
{
	sigset_bits old = signal_mask(), set;
	enum err e;

	(void)t;
	*ret = 0;
	if (a->v[3] != sizeof(set))
		return ERR_INVAL;
	if (a->v[1] != 0) {
		e = user_copy_in(&set, a->v[1], sizeof(set));
		if (e != OK)
			return e;
		switch ((int)a->v[0]) {
		case 0:
			set = old | set;
			break;
		case 1:
			set = old & ~set;
			break;
		case 2:
			break;
		default:
			return ERR_INVAL;
		}
		signal_mask_set(set & ~SIG_UNBLOCKABLE);
	}
	return a->v[2] != 0 ? user_copy_out(a->v[2], &old, sizeof(old)) : OK;
}

enum err
lx_rt_sigpending(struct thread *t, const struct sysargs *a, long *ret)
{
	sigset_bits set = signal_pending_set(t) & signal_mask();

	*ret = 0;
	if (a->v[1] > sizeof(set))
		return ERR_INVAL;
	return user_copy_out(a->v[0], &set, a->v[1]);
}

enum err
lx_rt_sigsuspend(struct thread *t, const struct sysargs *a, long *ret)
{
	sigset_bits mask;
	struct waitq q;
	enum err e = lx_sigset_in(a->v[0], a->v[1], &mask);

	(void)t;
	(void)ret;
	if (e != OK)
		return e;
	signal_mask_for_wait(mask & ~SIG_UNBLOCKABLE);
	waitq_init(&q);
	e = wait_until(&q, false, WAIT_SIGNALS);
	return lx_no_restart(e);
}

enum err
lx_rt_sigtimedwait(struct thread *t, const struct sysargs *a, long *ret)
{
	struct lx_siginfo si;
	struct sig_info info;
	sigset_bits set;
	ns_t deadline;
	enum err e = lx_sigset_in(a->v[0], a->v[3], &set);

	(void)t;
	if (e == OK)
		e = lx_timeout_in(a->v[2], &deadline);
	if (e == OK)
		e = signal_take(set & ~SIG_UNBLOCKABLE, &info, deadline);
	if (e == ERR_RESTART || e == ERR_RESTART_NOHANDLER)
		return ERR_INTR;
	if (e != OK)
		return e == ERR_TIMEDOUT ? ERR_AGAIN : e;
	*ret = info.number;
	if (a->v[1] == 0)
		return OK;
	lx_siginfo_encode(&info, &si);
	return user_copy_out(a->v[1], &si, sizeof(si));
}

/* ---- actions ---------------------------------------------------------- */

/* The bits of both are in the same order, in groups a shift apart. */
#define SA_LOW   (LX_SA_NOCLDSTOP | LX_SA_NOCLDWAIT | LX_SA_SIGINFO)
#define SA_MID   (LX_SA_ONSTACK | LX_SA_RESTART)
#define SA_HIGH  (LX_SA_NODEFER | LX_SA_RESETHAND)
#define MID_BY   24
#define HIGH_BY  25
_Static_assert(LX_SA_NOCLDSTOP == SIGACT_NOCLDSTOP &&
    LX_SA_NOCLDWAIT == SIGACT_NOCLDWAIT && LX_SA_SIGINFO == SIGACT_SIGINFO &&
    LX_SA_ONSTACK >> MID_BY == SIGACT_ONSTACK &&
    LX_SA_RESTART >> MID_BY == SIGACT_RESTART &&
    LX_SA_NODEFER >> HIGH_BY == SIGACT_NODEFER &&
    LX_SA_RESETHAND >> HIGH_BY == SIGACT_RESETHAND, "action flags");

static ALWAYS_INLINE void
action_decode(const struct lx_sigaction *u, struct sig_action *act)
{
	*act = (struct sig_action){
		.handler = u->handler,
		.mask = u->mask,
		.flags = (unsigned)((u->flags & SA_LOW) |
		    (u->flags & SA_MID) >> MID_BY |
		    (u->flags & SA_HIGH) >> HIGH_BY),
	};
	lx_restorer_in(u, act);
}

static NOINLINE enum err
action_copy_in(uintptr_t user, struct sig_action *act)
{
	struct lx_sigaction u;
	enum err e = user_copy_in(&u, user, sizeof(u));

	if (e == OK)
		action_decode(&u, act);
	return e;
}

/* Where it lies: nothing of it is checked, so that it may change meanwhile. */
static ALWAYS_INLINE enum err
action_in(uintptr_t user, struct sig_action *act)
{
	const struct lx_sigaction *there = user_view(
	    user, sizeof(*there), PROT_READ);

	if (UNLIKELY(there == NULL))
		return action_copy_in(user, act);
	action_decode(there, act);
	user_release();
	return OK;
}

static NOINLINE enum err
action_out(const struct sig_action *act, uintptr_t user)
{
	struct lx_sigaction u = {
		.handler = act->handler,
		.mask = act->mask,
		.flags = (act->flags & SA_LOW) |
		    ((uint64_t)act->flags << MID_BY & SA_MID) |
		    ((uint64_t)act->flags << HIGH_BY & SA_HIGH),
	};

	lx_restorer_out(act, &u);
	return user_copy_out(user, &u, sizeof(u));
}

static NOINLINE enum err
action_any(const struct sysargs *a)
{
	/* Each is set before it is looked at. */
	__attribute__((uninitialized)) struct sig_action set, old;
	enum err e = OK;

	if (a->v[1] != 0)
		e = action_in(a->v[1], &set);
	if (e == OK)
		e = signal_action((int)a->v[0], a->v[1] != 0 ? &set : NULL,
		    a->v[2] != 0 ? &old : NULL);
	if (e != OK || a->v[2] == 0)
		return e;
	return action_out(&old, a->v[2]);
}

/* What most calls are; false: nothing was done. NO_CANARY: nothing here can
 * overflow. */
static ALWAYS_INLINE NO_CANARY bool
handler_set(const struct sysargs *a)
{
	struct sig_action *own = signal_own_action((int)a->v[0]), set;
	const struct lx_sigaction *there;

	if (UNLIKELY(own == NULL))
		return false;
	there = user_view(a->v[1], sizeof(*there), PROT_READ);
	if (UNLIKELY(there == NULL))
		return false;
	action_decode(there, &set);
	user_release();
	/* What is pending is dropped where it is ignored from now on. */
	if (set.handler <= SIG_HANDLER_IGNORE)
		return false;
	sig_action_set(own, &set);
	return true;
}

NO_CANARY enum err
lx_rt_sigaction(struct thread *t, const struct sysargs *a, long *ret)
{
	(void)t;
	*ret = 0;
	if (a->v[3] != sizeof(sigset_bits))
		return ERR_INVAL;
	if (a->v[1] != 0 && a->v[2] == 0 && handler_set(a))
		return OK;
	return action_any(a);
}
