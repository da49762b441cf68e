/*
 * Signals: the kernel's neutral part.
 *
 * Numbers are 1..64, where 1..31 have the usual Unix meaning with Linux's
 * generic numbers and 32..64 queue. A task has actions and a shared pending
 * set, a thread a mask and its own pending set. The ABI's deliver() builds
 * the frame. xv6 uses only KILL; native and Redox number alike.
 */
#pragma once

#include <kernel/sync.h>

struct task;
struct thread;

enum {
	SIG_HUP = 1, SIG_INT, SIG_QUIT, SIG_ILL, SIG_TRAP, SIG_ABRT, SIG_BUS,
	SIG_FPE, SIG_KILL, SIG_USR1, SIG_SEGV, SIG_USR2, SIG_PIPE, SIG_ALRM,
	SIG_TERM, SIG_STKFLT, SIG_CHLD, SIG_CONT, SIG_STOP, SIG_TSTP,
	SIG_TTIN, SIG_TTOU, SIG_URG, SIG_XCPU, SIG_XFSZ, SIG_VTALRM,
	SIG_PROF, SIG_WINCH, SIG_IO, SIG_PWR, SIG_SYS, SIG_RT_MIN,
	SIG_MAX = 64
};

typedef uint64_t sigset_bits; /* bit n-1 is signal n */
#define SIG_BIT(n) (UINT64_C(1) << ((n) - 1))
#define SIG_UNBLOCKABLE (SIG_BIT(SIG_KILL) | SIG_BIT(SIG_STOP))

#define SIG_HANDLER_DEFAULT 0u
#define SIG_HANDLER_IGNORE  1u

struct sig_action {
	uintptr_t handler; /* user address, or SIG_HANDLER_* */
	uintptr_t restorer; /* user address or 0 */
	sigset_bits mask;
	unsigned flags; /* SIGACT_* */
};
#define SIGACT_NOCLDSTOP 0x01u
#define SIGACT_NOCLDWAIT 0x02u
#define SIGACT_SIGINFO   0x04u
#define SIGACT_ONSTACK   0x08u
#define SIGACT_RESTART   0x10u
#define SIGACT_NODEFER   0x20u
#define SIGACT_RESETHAND 0x40u
#define SIGACT_RESTORER  0x80u

/* Where a signal came from; the values are Linux's si_code. */
enum sig_code {
	SIGC_USER = 0, SIGC_KERNEL = 0x80, SIGC_QUEUE = -1, SIGC_TIMER = -2,
	SIGC_MESGQ = -3, SIGC_ASYNCIO = -4, SIGC_SIGIO = -5, SIGC_TKILL = -6,
};
struct sig_info {
	int number;
	int code; /* enum sig_code, or a fault or child code */
	int error;
	int pid; /* sender or child, in the receiver's container */
	unsigned uid;
	int status; /* child's */
	uintptr_t addr; /* faults */
	uint64_t value; /* sigqueue, timers */
	int timer_id, overrun;
	int band, fd; /* SIGIO */
	ns_t utime, stime; /* SIGCHLD */
};

struct sig_queued {
	struct list link;
	struct sig_info info;
};
struct sig_pending {
	_Atomic sigset_bits set; /* [S] to write */
	struct list queue; /* [S] struct sig_queued */
};

/* Shared actions: CLONE_SIGHAND threads of one task. [S] = sig_lock of task.
 * A thread that shares them with nobody changes them without the lock, so
 * other tasks' threads read one word of them, with the functions below. */
struct sig_actions {
	struct ref refs;
	struct sig_action act[SIG_MAX + 1]; /* [S] [0] unused */
};

static inline uintptr_t
sig_handler(const struct sig_actions *a, int number)
{
	return __atomic_load_n(&a->act[number].handler, __ATOMIC_RELAXED);
}

/* [S], or the action is the caller's alone. */
static inline void
sig_action_set(struct sig_action *act, const struct sig_action *to)
{
	act->restorer = to->restorer;
	act->mask = to->mask & ~SIG_UNBLOCKABLE;
	__atomic_store_n(&act->flags, to->flags, __ATOMIC_RELAXED);
	__atomic_store_n(&act->handler, to->handler, __ATOMIC_RELAXED);
}

static inline unsigned
sig_flags(const struct sig_actions *a, int number)
{
	return __atomic_load_n(&a->act[number].flags, __ATOMIC_RELAXED);
}

struct sig_stack {
	uintptr_t base;
	size_t size;
	unsigned flags; /* as given: SS_DISABLE 2, SS_AUTODISARM */
};

/* Sends to a task (any thread that takes it) or to one thread. Permission is
 * checked by signal_may. Number 0 only checks that it lives. Any context. */
enum err signal_send(struct task *t, const struct sig_info *info);
enum err signal_send_thread(struct thread *th, const struct sig_info *info);
/* The kernel's own: code SIGC_KERNEL. */
void signal_kernel(struct task *t, int number);
/* A synchronous fault of the running thread: cannot be blocked or ignored. */
void signal_fault(const struct sig_info *info);
/* All members of a process group; OK when at least one was sent. */
enum err signal_group(int pgid, const struct sig_info *info);
/* The kernel's own signal to group pgid of container c. Any context, also an
 * interrupt: a terminal's keys. */
struct container;
void signal_group_in(struct container *c, int pgid, int number);
/* kill(-1): everything visible but pid 1 and the caller. */
enum err signal_all(const struct sig_info *info);
bool signal_may(struct task *target, int number);

/* True: the thread should leave its wait (wait modes use it). */
bool signal_pending(struct thread *t);
bool signal_fatal_pending(struct thread *t);
/*
 * Takes the next signal the running thread must act on; default actions
 * (ignore, stop, continue, terminate) are performed here. True: *info and
 * *act describe a handler to run: the ABI builds its frame, then calls
 * signal_frame_done. Called from trap_work through abi->deliver.
 */
bool signal_next(struct sig_info *info, struct sig_action *act);
/* deliver() is done: puts a wait's mask back if no frame took it, and looks
 * whether more work came. From trap_work. */
void signal_work_done(struct thread *t);
/* After the frame stands: blocks act's mask and the signal. */
void signal_frame_done(int number, const struct sig_action *act);
/* The mask to save in the frame (the one from before sigsuspend, if any). */
sigset_bits signal_mask_to_save(void);
void signal_mask_set(sigset_bits mask); /* running thread */
sigset_bits signal_mask(void);
/* Sets the mask for the length of a wait (ppoll, sigsuspend); it is put back
 * on the way to user mode after delivery. */
void signal_mask_for_wait(sigset_bits mask);
enum err signal_action(
    int number, const struct sig_action *set, struct sig_action *old);
/* The action of number, to which the running thread, the only one of its task,
 * may give a handler by sig_action_set(). NULL: go by signal_action(). */
struct sig_action *signal_own_action(int number);
/* sigtimedwait and signalfd: takes one of set; ERR_AGAIN at the deadline. */
enum err signal_take(sigset_bits set, struct sig_info *out, ns_t deadline);
/* A pending one of set for this task or thread, removed; no wait. */
bool signal_dequeue(struct thread *t, sigset_bits set, struct sig_info *out);
sigset_bits signal_pending_set(struct thread *t);
/* trap_work, after deliver: puts back a wait's mask, clears WORK_* bits that
 * have nothing left to do, stops or exits the thread when it must. */
void signal_work_done(struct thread *t);
struct waitq *signal_waitq(struct task *t); /* woken per new signal */
/* exec: handlers to default, alternate stack gone, pending kept. */
enum err signal_exec(struct task *t);
