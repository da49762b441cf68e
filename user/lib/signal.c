/*
 * Signals. siginfo_t has the bytes of struct cm_signal_info, so that the
 * kernel calls handlers of both kinds directly.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"

_Static_assert(sizeof(siginfo_t) == sizeof(struct cm_signal_info), "layout");
_Static_assert(offsetof(siginfo_t, si_addr) ==
    offsetof(struct cm_signal_info, address), "layout");

#define SIGNAL_FLAGS (SA_NOCLDSTOP | SA_NOCLDWAIT | SA_ONSTACK | \
	SA_RESTART | SA_NODEFER | SA_RESETHAND)

int
sigaction(int number, const struct sigaction *set, struct sigaction *old)
{
	struct cm_signal_action a = { 0 }, o = { 0 };
	long r;

	if (set != NULL)
		a = (struct cm_signal_action){
			.handler = (uintptr_t)set->sa_handler,
			.restorer = (uintptr_t)__cm_restorer,
			.mask = set->sa_mask,
			.flags = (uint32_t)set->sa_flags & SIGNAL_FLAGS,
		};
	r = cm_signal_action(number, set != NULL ? &a : NULL, &o);
	if (r >= 0 && old != NULL) {
		old->sa_handler = (_sig_func_ptr)o.handler;
		old->sa_mask = o.mask;
		old->sa_flags = (int)o.flags | SA_SIGINFO;
	}
	return (int)__cm_result(r);
}

_sig_func_ptr
signal(int number, _sig_func_ptr handler)
{
	struct sigaction a = { .sa_handler = handler,
		.sa_flags = SA_RESTART };
	struct sigaction old;

	if (sigaction(number, &a, &old) < 0)
		return SIG_ERR;
	return old.sa_handler;
}

int
siginterrupt(int number, int on)
{
	struct sigaction a = { 0 };

	if (sigaction(number, NULL, &a) < 0)
		return -1;
	if (on)
		a.sa_flags &= ~SA_RESTART;
	else
		a.sa_flags |= SA_RESTART;
	return sigaction(number, &a, NULL);
}

int
kill(pid_t pid, int number)
{
	return (int)__cm_result(cm_signal_send(pid, number, 0));
}

int
killpg(pid_t group, int number)
{
	if (group < 0) {
		errno = EINVAL;
		return -1;
	}
	return kill(-group, number);
}

int
raise(int number)
{
	return (int)__cm_result(cm_signal_send_thread(
	    getpid(), (cm_pid_t)cm_task_id(CM_ID_THREAD, 0), number));
}

int
sigqueue(pid_t pid, int number, const union sigval value)
{
	return (int)__cm_result(
	    cm_signal_send(pid, number, (uint64_t)(uintptr_t)value.sival_ptr));
}

int
pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{
	long r = cm_signal_mask((enum cm_mask_how)how, set, old);

	return r < 0 ? __cm_errno(-r) : 0;
}

int
sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
	return (int)__cm_result(
	    cm_signal_mask((enum cm_mask_how)how, set, old));
}

int
sigsuspend(const sigset_t *mask)
{
	return (int)__cm_result(cm_signal_suspend(mask));
}

int
pause(void)
{
	sigset_t mask;

	sigprocmask(SIG_BLOCK, NULL, &mask);
	return sigsuspend(&mask);
}

int
sigpending(sigset_t *set)
{
	return (int)__cm_result(cm_signal_pending(set));
}

int
sigtimedwait(const sigset_t *set, siginfo_t *info, const struct timespec *t)
{
	return (int)__cm_result(cm_signal_wait(set,
	    (struct cm_signal_info *)info,
	    t != NULL ? __cm_ns(t) : CM_FOREVER));
}

int
sigwaitinfo(const sigset_t *set, siginfo_t *info)
{
	return sigtimedwait(set, info, NULL);
}

int
sigwait(const sigset_t *set, int *number)
{
	long r;

	do
		r = cm_signal_wait(set, NULL, CM_FOREVER);
	while (r == -CM_EINTR);
	if (r < 0)
		return __cm_errno(-r);
	*number = (int)r;
	return 0;
}

int
sigaltstack(const stack_t *restrict set, stack_t *restrict old)
{
	struct cm_signal_stack s, o;
	long r;

	if (set != NULL)
		s = (struct cm_signal_stack){ .base = set->ss_sp,
			.size = set->ss_size,
			.flags = (uint32_t)set->ss_flags };
	r = cm_signal_stack(set != NULL ? &s : NULL, &o);
	if (r >= 0 && old != NULL)
		*old = (stack_t){ .ss_sp = o.base, .ss_size = o.size,
			.ss_flags = (int)o.flags };
	return (int)__cm_result(r);
}

static int
set_bit(sigset_t *set, int number, bool on)
{
	if (number < 1 || number >= NSIG) {
		errno = EINVAL;
		return -1;
	}
	if (on)
		*set |= 1ul << (number - 1);
	else
		*set &= ~(1ul << (number - 1));
	return 0;
}

int
sigaddset(sigset_t *set, const int number)
{
	return set_bit(set, number, true);
}

int
sigdelset(sigset_t *set, const int number)
{
	return set_bit(set, number, false);
}

int
sigismember(const sigset_t *set, int number)
{
	if (number < 1 || number >= NSIG) {
		errno = EINVAL;
		return -1;
	}
	return (*set >> (number - 1) & 1) != 0;
}

int
sigemptyset(sigset_t *set)
{
	*set = 0;
	return 0;
}

int
sigfillset(sigset_t *set)
{
	*set = ~0ul;
	return 0;
}

void
__sigjmp_save(sigjmp_buf env, int save)
{
	env->__saved = save;
	if (save)
		cm_signal_mask(CM_MASK_BLOCK, NULL, &env->__mask);
}

void
siglongjmp(sigjmp_buf env, int value)
{
	if (env->__saved)
		cm_signal_mask(CM_MASK_SET, &env->__mask, NULL);
	longjmp(env->__regs, value);
}
