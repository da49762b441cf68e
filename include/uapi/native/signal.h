/*
 * Signals, with the numbers and rules of POSIX.
 *
 * A handler runs as handler(signal, info, context) on a frame that lies below
 * the interrupted stack pointer (or on the signal stack), 16-byte aligned:
 *   struct cm_signal_frame at the stack pointer, then the FP state.
 * The return address is the action's restorer, which must call signal_return
 * with the stack pointer at the frame. The context may be changed by the
 * handler. signal_return takes user registers only from it; a context that
 * cannot be resumed ends the task with SIGSEGV.
 */
#pragma once

#include "call.h"

#define CM_SIGHUP    1
#define CM_SIGINT    2
#define CM_SIGQUIT   3
#define CM_SIGILL    4
#define CM_SIGTRAP   5
#define CM_SIGABRT   6
#define CM_SIGBUS    7
#define CM_SIGFPE    8
#define CM_SIGKILL   9
#define CM_SIGUSR1   10
#define CM_SIGSEGV   11
#define CM_SIGUSR2   12
#define CM_SIGPIPE   13
#define CM_SIGALRM   14
#define CM_SIGTERM   15
#define CM_SIGSTKFLT 16
#define CM_SIGCHLD   17
#define CM_SIGCONT   18
#define CM_SIGSTOP   19
#define CM_SIGTSTP   20
#define CM_SIGTTIN   21
#define CM_SIGTTOU   22
#define CM_SIGURG    23
#define CM_SIGXCPU   24
#define CM_SIGXFSZ   25
#define CM_SIGVTALRM 26
#define CM_SIGPROF   27
#define CM_SIGWINCH  28
#define CM_SIGIO     29
#define CM_SIGPWR    30
#define CM_SIGSYS    31
#define CM_SIGRTMIN  32 /* queued, delivered in order, lowest first */
#define CM_SIGMAX    64

#define CM_SIG_DEFAULT ((uintptr_t)0)
#define CM_SIG_IGNORE  ((uintptr_t)1)

#define CM_SA_NOCLDSTOP 0x01u /* no SIGCHLD when children stop */
#define CM_SA_NOCLDWAIT 0x02u /* children do not wait to be waited for */
#define CM_SA_ONSTACK   0x08u /* run on the signal stack */
#define CM_SA_RESTART   0x10u /* restart calls that it interrupts */
#define CM_SA_NODEFER   0x20u /* not blocked while it runs */
#define CM_SA_RESET     0x40u /* back to default before it runs */

struct cm_signal_action {
	uintptr_t handler; /* CM_SIG_DEFAULT, CM_SIG_IGNORE or a function */
	uintptr_t restorer; /* where the handler returns to */
	cm_sigset_t mask; /* blocked as well while it runs */
	uint32_t flags; /* CM_SA_* */
	uint32_t reserved;
};

/* Why: code of struct cm_signal_info. Positive codes come from the kernel
 * and depend on the signal. */
#define CM_SI_USER  0 /* signal_send */
#define CM_SI_QUEUE (-1) /* signal_send with a value */
#define CM_SI_TIMER (-2)
#define CM_SI_TASK  (-6) /* signal_send_thread */

struct cm_signal_info {
	int32_t signal;
	int32_t code;
	cm_pid_t pid; /* sender or child */
	uint32_t uid;
	int32_t status; /* SIGCHLD: exit status or signal */
	uint32_t reserved;
	uint64_t address; /* SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP */
	uint64_t value; /* of signal_send */
};

#define CM_STACK_ONSTACK 0x1u /* told only: in use */
#define CM_STACK_DISABLE 0x2u

struct cm_signal_stack {
	void *base; /* lowest address */
	uint64_t size; /* bytes, at least CM_STACK_MIN */
	uint32_t flags;
	uint32_t reserved;
};
#define CM_STACK_MIN 4096

/* Registers: riscv64 pc, x1-x31; aarch64 x0-x30, sp, pc, pstate; x86_64 r8-r15,
 * rdi rsi rbp rbx rdx rax rcx rsp rip rflags. */
#define CM_CONTEXT_REGS 34

struct cm_signal_context {
	uint64_t reg[CM_CONTEXT_REGS];
	cm_sigset_t mask; /* restored by signal_return */
	struct cm_signal_stack stack; /* restored by signal_return */
	uint64_t fp_size; /* bytes of FP state behind the frame */
	uint64_t reserved[4];
};

struct cm_signal_frame {
	struct cm_signal_info info;
	struct cm_signal_context context;
};

/*
 * Sends a signal to task pid (> 0), to the caller's group (0), to all it may
 * signal (-1) or to group -pid (< -1). signal 0 only checks. value goes into
 * the info; code is CM_SI_USER when value is 0, else CM_SI_QUEUE.
 *
 * Errors: CM_ENOTASK, CM_EPERM, CM_EINVAL, CM_EAGAIN queue full.
 */
long cm_signal_send(cm_pid_t pid, int signal, uint64_t value);

/* Sends a signal to one thread of task pid. Errors: as above. */
long cm_signal_send_thread(cm_pid_t pid, cm_pid_t thread, int signal);

/* Sets what a signal does (set may be NULL), tells what it did. Errors:
 * CM_EINVAL no such signal, SIGKILL, SIGSTOP, flags, no restorer. */
long cm_signal_action(int signal, const struct cm_signal_action *set,
    struct cm_signal_action *old);

enum cm_mask_how { CM_MASK_BLOCK, CM_MASK_UNBLOCK, CM_MASK_SET };

/* Changes the thread's mask by *set (may be NULL), tells what it was (may be
 * NULL). SIGKILL and SIGSTOP are never blocked. Errors: CM_EINVAL. */
long cm_signal_mask(
    enum cm_mask_how how, const cm_sigset_t *set, cm_sigset_t *old);

/* Waits with the mask *mask until a handler ran. Always CM_EINTR. */
long cm_signal_suspend(const cm_sigset_t *mask);

/* Tells which blocked signals are pending. */
long cm_signal_pending(cm_sigset_t *out);

/* Sets the thread's signal stack (may be NULL), tells what it was (may be
 * NULL). Errors: CM_EPERM in use, CM_EINVAL flags, CM_ENOMEM too small. */
long cm_signal_stack(
    const struct cm_signal_stack *set, struct cm_signal_stack *old);

/*
 * Takes one pending signal of *set, waiting up to timeout ns (0: not at all,
 * CM_FOREVER). The signals should be blocked.
 *
 * Gives:  the signal and *out (may be NULL).
 * Errors: CM_EAGAIN timeout, CM_EINTR.
 */
long cm_signal_wait(
    const cm_sigset_t *set, struct cm_signal_info *out, int64_t timeout);

/* Ends a handler: restores the frame at the stack pointer. */
long cm_signal_return(void);
