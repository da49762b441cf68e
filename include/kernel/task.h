/*
 * Tasks (processes) and threads.
 *
 * A task is a handle table, a space, signal state, a container and an ABI; a
 * thread is a kernel stack, a frame and a scheduler entity. Ids come from the
 * container's pid space and name tasks, threads, groups and sessions.
 *
 * Life of a task: created by task_fork or task_spawn with one thread -> runs
 * -> exiting (first task_exit or fatal signal; other threads are killed) ->
 * zombie (last thread gone, everything but the record released) -> reaped by
 * the parent's wait -> freed with its last reference.
 *
 * Locks: the tree lock (kernel/task/tree.c) covers parent, children, groups,
 * sessions: common changes share it and take children_lock or a group's lock,
 * rare ones hold it alone; task.lock covers the slots of one task; sig_lock
 * (spin, irq) the signal state and, together with task.lock, the list of
 * threads: hold either to read it, both to change it.
 *
 * Interrupted calls, for authors of ABI modules. A service that was cut short
 * by a signal answers ERR_RESTART, ERR_RESTART_NOHANDLER or
 * ERR_RESTART_BLOCK; the handler passes it on. The call path then keeps it in
 * thread.call_result and writes the ABI's "interrupted" into the frame; the
 * arguments stay known. On the way to user mode abi->deliver() runs:
 *   - no handler is run (all signals ignored, or stop and continue): deliver
 *     returns, call_result still stands, and the call is done again
 *     (arch_frame_restart), or ERR_RESTART_BLOCK: thread.restart() goes on
 *     with what is left;
 *   - a handler will run: before it saves the frame for it, deliver calls
 *     call_restart_fixup(t, f, act), which backs the frame up to the call
 *     for ERR_RESTART with SIGACT_RESTART, or leaves "interrupted".
 */
#pragma once

#include <kernel/container.h>
#include <kernel/obj.h>
#include <kernel/sched.h>
#include <kernel/signal.h>
#include <kernel/space.h>

struct abi;
struct fs_state;
struct mount_ns;
struct session;
struct tty;
struct file;

struct creds { /* immutable once published; replaced as a whole */
	struct ref refs;
	uint32_t uid, gid, euid, egid, suid, sgid, fsuid, fsgid;
	uint64_t cap_permitted, cap_effective, cap_inheritable; /* Linux bits */
	uint64_t cap_bounding, cap_ambient;
	unsigned securebits;
	unsigned group_count;
	uint32_t groups[]; /* sorted */
};
#define CAP_ALL ((UINT64_C(1) << 41) - 1)

enum rlimit_kind { /* Linux's generic order */
	RLIM_CPU, RLIM_FSIZE, RLIM_DATA, RLIM_STACK, RLIM_CORE, RLIM_RSS,
	RLIM_NPROC, RLIM_NOFILE, RLIM_MEMLOCK, RLIM_AS, RLIM_LOCKS,
	RLIM_SIGPENDING, RLIM_MSGQUEUE, RLIM_NICE, RLIM_RTPRIO, RLIM_RTTIME,
	RLIM_COUNT
};
struct rlimit_pair {
	uint64_t soft, hard; /* UINT64_MAX: unlimited */
};

#define TASK_NAME_MAX 16

/* A timer on the CPU time of a task or one of its threads: kernel/cputime.h. */
enum cpu_clock {
	CPU_CLOCK_ALL, /* of the user and in the kernel */
	CPU_CLOCK_USER,
};
struct cpu_timer {
	struct list link; /* [l] in task.cpu_timers; unlinked: not set */
	struct thread *thread; /* [I] referenced by the owner; NULL: the task */
	enum cpu_clock clock; /* [I] */
	ns_t when; /* [l] on the clock; 0: not set */
	/* [I] In a thread of the task, with task.lock; may set it again. */
	void (*fn)(struct cpu_timer *ct);
};

struct pid; /* an id in use: kernel/task/pid.c */
struct owner; /* a user's count of tasks: kernel/task/owner.c */

struct task {
	struct obj obj; /* OBJ_TASK */
	int pid; /* [I] also the first thread's id */
	struct container *container; /* [I] referenced */
	const struct abi *abi; /* [l] changed by exec while single-threaded */
	void *abi_data; /* [l] owned by the ABI, its exit() frees it */
	struct mutex lock; /* RANK_TASK */
	struct handle_table *handles; /* [l] and sig_lock: hold either to read,
	    both to change it; own reference */
	struct space *space; /* [l] own reference; NULL: kernel */
	struct fs_state *fs; /* [l] cwd, root, umask; may be shared */
	struct mount_ns *ns; /* [l] own reference */
	_Atomic(struct creds *) creds; /* [A] RCU; writers hold lock */
	struct owner *owner; /* [l] where it is counted, for its real user */
	bool too_many; /* [l] they were over RLIMIT_NPROC when it joined them */
	struct rlimit_pair rlimits[RLIM_COUNT]; /* [l] */
	char name[TASK_NAME_MAX]; /* [l] NUL-terminated */
	/* threads */
	struct list threads; /* [l] struct thread.task_link */
	atomic_uint thread_count; /* [A] live threads */
	_Atomic(struct thread *) leader; /* [S] to write, RCU: the thread that
	    bears pid, referenced; see task_leader_get() */
	/* tree: [T] the tree lock, [C] and the parent's children_lock */
	struct task *parent; /* [T] referenced; also read by RCU */
	struct spinlock children_lock; /* RANK_CHILDREN, irq */
	struct list children; /* [C] those with something to report first */
	bool reports; /* [C] it stands among these: kernel/task/wait.c */
	struct list sibling; /* [C] */
	struct list group_link; /* [T] and the group's lock */
	struct session *session; /* [T] referenced; also read by RCU */
	int pgid; /* [T] */
	struct pid *id; /* [I] own reference; pid's record */
	struct pid *group; /* [T] own reference; pgid's record */
	/* signals: sig_lock */
	struct spinlock sig_lock; /* RANK_SIGNAL, irq */
	struct sig_actions *actions; /* [S] */
	struct sig_pending pending; /* [S] shared */
	struct waitq sig_waitq; /* signalfd, sigtimedwait */
	atomic_uint stop_signal; /* [S] to write; what stopped it; 0: running */
	bool stop_report, cont_report; /* [S] for wait */
	struct waitq cont_waitq; /* stopped threads sleep here */
	/* end of life */
	atomic_bool exiting; /* [A] */
	atomic_bool zombie; /* [C] to write */
	int exit_status; /* [l] wait encoding: code << 8 | signal */
	int exit_signal; /* [T] to the parent; 0: none */
	struct waitq child_waitq; /* wait() sleeps here */
	struct waitq exit_waitq; /* pidfd, vfork parent, join */
	/* accounting */
	ns_t start_time; /* [I] */
	atomic_ullong utime, stime; /* [A] ns of dead threads */
	atomic_ullong child_utime, child_stime; /* [A] of reaped children */
	atomic_ulong faults_minor, faults_major; /* [A] */
	atomic_ulong child_minor, child_major; /* [A] of reaped children */
	/* POSIX odds and ends */
	struct ktimer real_timer; /* ITIMER_REAL */
	ns_t real_interval, real_deadline; /* [S] */
	struct list cpu_timers; /* [l] struct cpu_timer.link */
	struct cpu_itimer {
		struct cpu_timer timer;
		ns_t interval; /* [l] */
	} cpu_itimers[2]; /* by enum cpu_clock: ITIMER_PROF, ITIMER_VIRTUAL */
	atomic_bool cpu_watched; /* [l] to write; kernel/cputime.h */
	bool child_subreaper, no_new_privs, dumpable, did_exec; /* [l] */
	int parent_death_signal; /* [l] */
	bool vforked; /* [S] parent waits for exec or exit */
	unsigned personality; /* [l] */
	struct rbroot posix_timers; /* [l] the ABI's, by number */
	unsigned posix_timer_count; /* [l] */
	struct rcu_head rcu;
};

#if CARMINE_CHECK
struct held_lock { /* kernel/sync/lockcheck.c */
	const void *lock;
	const char *name;
	enum lock_rank rank;
	unsigned depth; /* of interrupts when it was taken */
};
#define HELD_LOCKS struct held_lock held[24]; unsigned held_count;
#else
#define HELD_LOCKS
#endif

struct thread {
	struct thread_head head; /* first: arch_current() */
	struct arch_context ctx;
	struct obj obj; /* OBJ_THREAD */
	struct task *task; /* referenced; a leader that ended borrows it, see
	    kernel/task/thread.c */
	bool borrows_task; /* [S] to write */
	int tid; /* [s] exec may change it: kernel/task/exec.c */
	_Atomic(enum thread_state) state; /* [A] see sched.h */
	struct sched_entity se;
	struct list task_link; /* [P] */
	/* waits */
	enum wait_mode wait_mode; /* [s] */
	/* signals */
	sigset_bits sig_mask; /* [S] written by itself only */
	sigset_bits sig_saved_mask; /* [s] valid with WORK_RESTORE */
	struct sig_pending pending; /* [S] */
	struct sig_stack alt_stack; /* [s] */
	/*
	 * Restart of interrupted calls. When a call answers ERR_RESTART*, the
	 * trap glue leaves that in call_result and the interrupted answer in
	 * the frame. An ABI's deliver(), before it builds the first handler
	 * frame, looks at call_result: RESTART with SIGACT_RESTART is backed
	 * up by arch_frame_restart(); all else keeps the interrupted answer;
	 * either way it sets call_result to OK. When no handler ran, trap_work
	 * backs up (RESTART, RESTART_NOHANDLER) or calls restart (BLOCK).
	 */
	bool in_call; /* [s] the frame is a system call's */
	enum err call_result; /* [s] */
	enum err (*restart)(struct thread *t, long *ret); /* [s] */
	uintptr_t restart_args[6]; /* [s] */
	/* thread-library odds and ends */
	uintptr_t clear_tid; /* [s] user address, 0: none */
	uintptr_t robust_list; /* [s] */
	size_t robust_len; /* [s] */
	uintptr_t rseq; /* [s] */
	uint32_t rseq_len, rseq_sig; /* [s] */
	char name[TASK_NAME_MAX]; /* [s] */
	unsigned long calls; /* [s] system calls made */
	void (*kernel_fn)(void *); /* [I] kernel threads */
	void *kernel_arg; /* [I] */
	struct pid *id; /* [s] own reference; NULL: kernel thread */
	uintptr_t set_tid; /* [s] user address to get the tid at start */
	/* its own parameters while it inherits: kernel/task/futex_pi.c */
	bool boosted;
	enum sched_class own_class;
	uint8_t own_priority;
	struct rcu_head rcu;
	HELD_LOCKS
};

static inline struct thread *
thread_current(void)
{
	return (struct thread *)arch_current();
}

/* The CPU whose queue t belongs to. Without that queue's lock only a hint. */
static inline unsigned
thread_cpu(const struct thread *t)
{
	return atomic_load_explicit(&t->se.cpu, memory_order_relaxed);
}

static inline struct task *
task_current(void)
{
	return thread_current()->task;
}

/* The user frame at the top of the kernel stack. */
static inline struct arch_frame *
thread_frame(struct thread *t)
{
	return (struct arch_frame *)(t->head.kstack_top) - 1;
}

static inline struct task *
task_ref(struct task *t)
{
	obj_ref(&t->obj);
	return t;
}

static inline void
task_unref(struct task *t)
{
	if (t != NULL)
		obj_unref(&t->obj);
}

void task_init(void);
/* Puts handles in place of t's table, whose reference is the caller's then.
 * Needs: t->lock, or that nobody knows t yet. */
void task_set_handles(struct task *t, struct handle_table *handles);
/* The kernel's own task: pid 0, no space, no handles. */
extern struct task kernel_task;
/* The boot CPU's and other CPUs' first threads; kernel/sched. */
void thread_idle_init(struct thread *t, unsigned cpu);

/* What lies above: the file system's and the terminals' part of a task.
 * kernel/init has the record. NULL arguments are fine. */
struct task_hooks {
	struct fs_state *(*fs_clone)(struct fs_state *f); /* NULL: memory */
	struct fs_state *(*fs_ref)(struct fs_state *f);
	void (*fs_unref)(struct fs_state *f);
	struct mount_ns *(*ns_ref)(struct mount_ns *ns);
	void (*ns_unref)(struct mount_ns *ns);
	enum err (*ns_clone)(struct mount_ns *ns, struct fs_state *fs,
	    struct mount_ns **out);
	struct tty *(*tty_ref)(struct tty *t);
	void (*tty_unref)(struct tty *t);
	void (*tty_session_gone)(struct tty *t, int sid);
	int (*tty_foreground)(struct tty *t);
};
extern const struct task_hooks task_hooks;
/* A kernel thread in the kernel's own task. */
enum err thread_kernel(const char *name, void (*fn)(void *), void *arg);

struct fork_request {
	unsigned flags; /* FORK_* */
	int exit_signal;
	uintptr_t stack; /* 0: the parent's */
	uintptr_t tls; /* with FORK_TLS */
	uintptr_t parent_tid, child_tid; /* user addresses */
	int set_pid; /* 0: next free */
	bool hold; /* do not start; the caller calls sched_start */
};
#define FORK_SPACE     0x0001u /* share the space */
#define FORK_HANDLES   0x0002u
#define FORK_FS        0x0004u
#define FORK_ACTIONS   0x0008u
#define FORK_THREAD    0x0010u /* a thread of this task */
#define FORK_VFORK     0x0020u /* wait for exec or exit */
#define FORK_TLS       0x0040u
#define FORK_PARENT_TID 0x0080u
#define FORK_CHILD_TID  0x0100u
#define FORK_CLEAR_TID  0x0200u
#define FORK_PARENT     0x0400u /* sibling instead of child */
#define FORK_NEW_NS     0x0800u
#define FORK_PIDFD      0x1000u

/* Copies or shares the running task. Gives *out referenced (the thread); the
 * child's frame is a copy with result 0. Waits with FORK_VFORK. */
enum err task_fork(const struct fork_request *req, struct thread **out);
/* A fresh task for a program the caller then loads with exec_load_into; its
 * handle table is empty. Not started. */
enum err task_spawn(struct task *parent, struct thread **out);
/* The first task of the root container, with the first file system view;
 * takes fs and ns. Not started. */
enum err task_spawn_first(
    struct fs_state *fs, struct mount_ns *ns, struct thread **out);
/* What else a spawned task may get before it starts; kernel/task/spawn.c. */
struct spawn_setup {
	bool set_group; /* join group; 0: a new one of its own */
	bool new_session; /* lead a new session instead */
	int group;
	sigset_bits mask; /* of its first thread */
	sigset_bits defaults; /* not inherited as ignored */
};
/* The task keeps what the running one ignores, its mask and scheduling
 * unless s says otherwise. ERR_PERM: the group; ERR_NOMEM. */
enum err task_spawn_setup(struct thread *th, const struct spawn_setup *s);
/* Gives a task that was never started back; takes th. */
void task_spawn_abandon(struct thread *th);
/* exec stands, or the task ends: a vfork parent goes on. */
void task_vfork_done(struct task *t);
/* See the top of this file. */
void call_restart_fixup(struct thread *t, struct arch_frame *f,
    const struct sig_action *act);
/* Ends the running task: status is the wait encoding. */
NORETURN void task_exit(int status);
/* Ends only the running thread (the task with the last one). */
NORETURN void thread_exit(int status);
/* Kills the other threads and waits until they are gone (exec). ERR_INTR: the
 * caller is being killed, for instance by another thread's exec. */
enum err task_single_thread(void);

/* The thread that bears the task's id, referenced; it may have ended. NULL: the
 * task never had one. Afterwards another may be that (exec). */
struct thread *task_leader_get(struct task *t);
/* The running thread, which is the only one of its task, bears the task's id
 * from now on (exec). */
void task_lead(void);
/* Looks up in the caller's container; *out referenced. ERR_NOTASK. */
enum err task_find(int pid, struct task **out);
enum err thread_find(int tid, struct thread **out);
/* The next task with pid >= from (for /proc); ERR_NOENT past the end. */
enum err task_next(struct container *c, int from, struct task **out);
/* True while pid is the task that started then. Under rcu_read_lock. */
bool task_is(struct container *c, int pid, ns_t started);

struct wait_request {
	int pid; /* > 0 that one, 0 own group, -1 any, < -1 that group */
	unsigned flags; /* WAITF_* */
};
#define WAITF_NOHANG   0x1u
#define WAITF_EXITED   0x2u
#define WAITF_STOPPED  0x4u
#define WAITF_CONTINUED 0x8u
#define WAITF_NOWAIT   0x10u /* leave it waitable */
#define WAITF_CLONE    0x20u /* only children without SIGCHLD */
#define WAITF_ALL      0x40u
struct wait_result {
	int pid; /* 0: nothing yet (NOHANG) */
	int status; /* wait encoding; stopped: sig << 8 | 0x7f; cont: 0xffff */
	unsigned uid;
	ns_t utime, stime;
};
/* ERR_NOCHILD, ERR_RESTART. */
enum err task_wait(const struct wait_request *req, struct wait_result *out);

/* Groups, sessions (kernel/task/group.c). */
enum err task_setpgid(int pid, int pgid);
enum err task_setsid(int *out);
int task_sid(struct task *t);
struct tty *task_tty(struct task *t); /* controlling terminal, referenced */
/* Session leader takes or gives up a terminal. */
enum err session_set_tty(struct tty *tty, bool steal);
void session_drop_tty(void);
/* Another session takes tty: the one that sid leads in c loses it. */
void session_take_tty_away(struct container *c, int sid, struct tty *tty);
/* True: pgid exists in the caller's session. */
bool session_has_group(int pgid);
bool task_group_orphaned(struct task *t);

/* Credentials. The pointer is good under rcu_read_lock; creds_get counts. */
struct creds *creds_get(struct task *t);
void creds_put(struct creds *c);
struct creds *creds_alloc(unsigned groups);
/* A copy of the running task's to change, then to pass on; NULL: memory. */
struct creds *creds_copy(unsigned groups);
/* Takes c, also on failure. ERR_NOMEM: only where the real user changes. */
enum err creds_replace(struct task *t, struct creds *c);
/* What exec asks first. ERR_AGAIN: the running task became one of a user that
 * had more than RLIMIT_NPROC allows, and still has. */
enum err task_check_nproc(void);
bool capable(unsigned cap); /* running task */
#define CAP_CHOWN 0
#define CAP_DAC_OVERRIDE 1
#define CAP_DAC_READ_SEARCH 2
#define CAP_FOWNER 3
#define CAP_FSETID 4
#define CAP_KILL 5
#define CAP_SETGID 6
#define CAP_SETUID 7
#define CAP_SETPCAP 8
#define CAP_NET_BIND 10
#define CAP_NET_ADMIN 12
#define CAP_IPC_LOCK 14
#define CAP_SYS_CHROOT 18
#define CAP_SYS_PTRACE 19
#define CAP_SYS_ADMIN 21
#define CAP_SYS_BOOT 22
#define CAP_SYS_NICE 23
#define CAP_SYS_RESOURCE 24
#define CAP_SYS_TIME 25
#define CAP_SYS_TTY_CONFIG 26
#define CAP_MKNOD 27
/* Tells a limit of t and then, unless want is NULL, checks and sets it and
 * tells those who enforce it. old may be NULL. ERR_INVAL soft above hard,
 * ERR_PERM. */
enum err task_rlimit(struct task *t, enum rlimit_kind kind,
    const struct rlimit_pair *want, struct rlimit_pair *old);
/* 0: none in the container. */
int task_parent_pid(const struct task *t);
void task_times(struct task *t, ns_t *utime, ns_t *stime);
/* The same. Needs: t->lock. */
void task_times_locked(struct task *t, ns_t *utime, ns_t *stime);
/* The sum of both, without telling them apart. */
ns_t task_runtime(struct task *t);

/* Pid 1: like task_spawn without a parent; takes fs and ns. Boot only. */
struct fs_state;
enum err task_spawn_first(
    struct fs_state *fs, struct mount_ns *ns, struct thread **out);
/* exec has switched the running task: sets did_exec and the name, wakes a
 * vfork parent, resets what POSIX says exec resets in threads. */
void task_exec_done(struct task *t, const char *name);
