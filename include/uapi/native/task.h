/*
 * Tasks and threads.
 *
 * A task is a handle table, an address space, signal actions and at least one
 * thread. A process id (pid) names it within its container; a handle of kind
 * TASKFD names it for good, also after the id is used again. Tasks form groups
 * (job control) and groups form sessions, as in POSIX.
 */
#pragma once

#include "handle.h"

/* Auxiliary pairs (type, value) above the environment at program start. */
enum cm_aux {
	CM_AUX_NULL = 0,    /* ends the list */
	CM_AUX_PHDR = 3,    /* address of the program headers */
	CM_AUX_PHENT = 4,   /* size of one */
	CM_AUX_PHNUM = 5,   /* their number */
	CM_AUX_PAGESZ = 6,  /* page size in bytes */
	CM_AUX_ENTRY = 9,   /* the program's entry point */
	CM_AUX_UID = 11, CM_AUX_EUID = 12, CM_AUX_GID = 13, CM_AUX_EGID = 14,
	CM_AUX_HWCAP = 16,  /* CPU capabilities */
	CM_AUX_SECURE = 23, /* 1: privileges were gained by exec */
	CM_AUX_RANDOM = 25, /* address of 16 random bytes */
	CM_AUX_EXECFN = 31, /* address of the program's path name */
	CM_AUX_ABI = 0x434d, /* CM_ABI_VERSION of the kernel */
};

/* ---- ending, copying, starting ---------------------------------------- */

/* Ends the task with all its threads. status: 0-255 for the parent. */
long cm_task_exit(int status);

/*
 * Makes a copy of the task with the calling thread only; memory is copied
 * when written to. Handles, group, session, working directory, signal
 * actions and mask are inherited; pending signals and timers are not.
 *
 * Gives:  the child's pid, 0 in the child.
 * Errors: CM_EAGAIN, CM_EQUOTA too many tasks, CM_ENOMEM.
 */
long cm_task_fork(void);

/*
 * Replaces the program by the file at path: a native program, one of any
 * other system that the kernel knows, or a script ("#!"). argv and envp end
 * with NULL; envp may be NULL. CLOEXEC handles are closed, caught signals go
 * back to default, other threads end. On failure nothing has changed.
 *
 * dir:    directory for a relative path, or CM_CWD; with a handle: LOOKUP.
 * flags:  0.
 * Errors: CM_ENOENT, CM_ENOTDIR, CM_EACCESS, CM_ENOEXEC, CM_ETOOBIG,
 *         CM_ENOMEM, CM_ELOOP, CM_ENAMETOOLONG, CM_ETXTBUSY, CM_ELIBBAD.
 */
long cm_task_exec(cm_handle_t dir, const char *path, char *const argv[],
    char *const envp[], uint32_t flags);

/* One handle for a spawned task. */
struct cm_spawn_handle {
	cm_handle_t source; /* of the caller; needs DUP */
	cm_handle_t target; /* its number in the new task */
	cm_rights_t mask; /* rights kept; CM_RIGHTS_ALL keeps what there is */
	uint32_t flags; /* CM_HANDLE_* in the new task */
};

#define CM_SPAWN_INHERIT    0x01u /* all handles without CLOEXEC first */
#define CM_SPAWN_GROUP      0x02u /* join group; 0: a new one */
#define CM_SPAWN_SESSION    0x04u /* lead a new session */
#define CM_SPAWN_FOREGROUND 0x08u /* its group becomes that of terminal */
#define CM_SPAWN_MASK       0x10u /* signal_mask replaces the caller's */
#define CM_SPAWN_DEFAULTS   0x20u /* signals of default_set: default action */
#define CM_SPAWN_CWD        0x40u /* start in cwd */

struct cm_spawn {
	uint32_t flags; /* CM_SPAWN_* */
	cm_handle_t dir; /* as in task_exec */
	const char *path;
	char *const *argv;
	char *const *envp; /* NULL: the environment is empty */
	const struct cm_spawn_handle *handles;
	uint64_t handle_count;
	cm_pid_t group;
	cm_handle_t terminal;
	cm_handle_t cwd; /* a directory; needs LOOKUP */
	uint32_t reserved;
	cm_sigset_t signal_mask;
	cm_sigset_t default_set;
};

/*
 * Starts a program in a new task that has exactly the handles listed (after
 * those of CM_SPAWN_INHERIT), without copying the caller. Attributes take
 * effect before the program's first instruction. When anything fails there
 * is no new task.
 *
 * Gives:  the child's pid.
 * Errors: as task_exec and task_fork; CM_ERIGHTS a handle without DUP;
 *         CM_EINVAL flags, too many handles; CM_EPERM group or session.
 */
long cm_task_spawn(const struct cm_spawn *s);

/* ---- waiting ----------------------------------------------------------- */

#define CM_WAIT_NOHANG    0x1u /* answer 0 at once when nothing happened */
#define CM_WAIT_STOPPED   0x2u /* report stopped children */
#define CM_WAIT_CONTINUED 0x4u /* report continued children */
#define CM_WAIT_KEEP      0x8u /* leave it to be waited for again */

enum cm_exit_how {
	CM_EXITED = 1, /* value: status */
	CM_KILLED,     /* value: signal */
	CM_STOPPED,    /* value: signal */
	CM_CONTINUED,
};

struct cm_exit {
	cm_pid_t pid;
	uint32_t uid; /* real user of the child */
	uint32_t how; /* enum cm_exit_how */
	int32_t value;
	uint64_t user_ns, system_ns; /* CPU time, 0 while it lives */
};

/*
 * Waits until a child ended, or as flags say.
 *
 * who:    > 0 that child, -1 any, 0 any of the caller's group, < -1 any of
 *         group -who.
 * Gives:  its pid and *out (may be NULL); 0 with NOHANG.
 * Errors: CM_ENOCHILD, CM_EINTR, CM_EINVAL.
 */
long cm_task_wait(cm_pid_t who, uint32_t flags, struct cm_exit *out);

/* ---- tasks by handle ---------------------------------------------------- */

/*
 * Makes a handle for the task with this pid; with WAIT, it can be waited for
 * (native/waitset.h): CM_WAIT_READ when the task has ended.
 *
 * rights: any of READ WAIT SIGNAL MANAGE TRANSFER DUP; SIGNAL and MANAGE
 *         only for tasks that the caller may signal.
 * Errors: CM_ENOTASK, CM_EPERM, CM_EINVAL.
 */
long cm_task_open(cm_pid_t pid, cm_rights_t rights);

/* Sends a signal (native/signal.h). Rights: SIGNAL. Errors: CM_ENOTASK it
 * has ended, CM_EINVAL. */
long cm_task_kill(cm_handle_t task, int signal);

struct cm_task_info {
	cm_pid_t pid, parent, group, session;
	uint32_t uid, gid; /* effective */
	uint32_t threads;
	uint32_t state; /* 'R' 'S' 'T' 'Z' */
	uint64_t user_ns, system_ns, start_ns; /* start: since boot */
	uint64_t mapped_bytes, resident_bytes;
	char name[16];
	char abi[16];
};

/* Tells about a task. Rights: READ. Errors: CM_ENOTASK it is gone. */
long cm_task_info(cm_handle_t task, struct cm_task_info *out);

/* ---- ids, groups, sessions ---------------------------------------------- */

enum cm_id {
	CM_ID_TASK, CM_ID_PARENT, CM_ID_GROUP, CM_ID_SESSION,
	CM_ID_THREAD, /* of the calling thread; pid must be 0 */
};

/* Tells an id of the task pid, 0 the caller. Errors: CM_ENOTASK, CM_EINVAL. */
long cm_task_id(enum cm_id which, cm_pid_t pid);

/* Moves pid (0: the caller) to group (0: one with its own pid). Errors:
 * CM_ENOTASK, CM_EPERM other session or no such group, CM_EACCESS the child
 * has called exec, CM_EINVAL. */
long cm_task_set_group(cm_pid_t pid, cm_pid_t group);

/* Makes the caller lead a new session and group without terminal. Gives: the
 * session's id. Errors: CM_EPERM it leads a group already. */
long cm_task_new_session(void);

#define CM_GROUPS_MAX 32

struct cm_identity {
	uint32_t uid, euid, suid;
	uint32_t gid, egid, sgid;
	uint32_t group_count;
	uint32_t groups[CM_GROUPS_MAX]; /* supplementary */
	uint32_t reserved;
};

#define CM_IDENTITY_UID    0x01u
#define CM_IDENTITY_EUID   0x02u
#define CM_IDENTITY_SUID   0x04u
#define CM_IDENTITY_GID    0x08u
#define CM_IDENTITY_EGID   0x10u
#define CM_IDENTITY_SGID   0x20u
#define CM_IDENTITY_GROUPS 0x40u

/* Tells user and groups of the caller. */
long cm_task_get_identity(struct cm_identity *out);
/* Sets the members selected by mask (CM_IDENTITY_*). Without privilege only
 * to one of the three ids held. Errors: CM_EPERM, CM_EINVAL. */
long cm_task_set_identity(const struct cm_identity *id, uint32_t mask);

/* ---- limits, priority, use ---------------------------------------------- */

enum cm_limit_kind {
	CM_LIMIT_CPU, /* seconds */
	CM_LIMIT_FILE_SIZE, CM_LIMIT_DATA, CM_LIMIT_STACK, CM_LIMIT_CORE,
	CM_LIMIT_RESIDENT, CM_LIMIT_TASKS, CM_LIMIT_HANDLES,
	CM_LIMIT_LOCKED, CM_LIMIT_SPACE, /* bytes */
};
#define CM_UNLIMITED UINT64_MAX

struct cm_limit {
	uint64_t soft, hard;
};

/* Sets a limit to *set (may be NULL) and tells what it was (*old may be
 * NULL). Errors: CM_EINVAL soft > hard, CM_EPERM hard raised. */
long cm_task_limit(enum cm_limit_kind kind, const struct cm_limit *set,
    struct cm_limit *old);

enum cm_sched_class {
	CM_SCHED_FAIR, CM_SCHED_FIFO, CM_SCHED_ROUND_ROBIN, CM_SCHED_IDLE,
};

struct cm_priority {
	uint32_t sched_class;
	int32_t nice; /* fair: -20 (most) to 19 */
	uint32_t priority; /* real time: 1 to 99 (most) */
	uint32_t reserved;
};

/* Sets the scheduling of task or thread pid (0: the caller) to *set (may be
 * NULL), tells what it was. Errors: CM_ENOTASK, CM_EPERM, CM_EINVAL. */
long cm_task_priority(cm_pid_t pid, const struct cm_priority *set,
    struct cm_priority *old);

struct cm_usage {
	uint64_t user_ns, system_ns;
	uint64_t resident_bytes; /* now; 0 for ended children */
	uint64_t minor_faults, major_faults;
	uint64_t voluntary_switches, involuntary_switches;
};

/* Tells use of the task (who 0), of its ended children (-1), of the thread
 * (1). Errors: CM_EINVAL. */
long cm_task_usage(int who, struct cm_usage *out);

/* Sets the calling thread's name: 15 bytes are kept. */
long cm_task_set_name(const char *name);

/* ---- threads ------------------------------------------------------------ */

struct cm_thread {
	void (*entry)(void *arg); /* must not return: thread_exit */
	void *arg;
	void *stack_top; /* 16-byte aligned, exclusive end */
	void *tls; /* value of the thread register */
	uint32_t *id; /* NULL, or gets the thread's id before it runs */
	uint32_t *done; /* NULL, or set to 0 at its end and woken (futex) */
	uint64_t reserved[2];
};

/* Starts a thread of the task with the caller's signal mask. Gives: its id.
 * Errors: CM_EINVAL, CM_EAGAIN, CM_EQUOTA, CM_ENOMEM. */
long cm_thread_create(const struct cm_thread *t);

/* Ends the calling thread, and the task when it is the last one, with
 * status. */
long cm_thread_exit(int status);

/* Lets another runnable thread go first. */
long cm_thread_yield(void);

/* Sets the thread register (tp, TPIDR_EL0, FS base). */
long cm_thread_tls(void *value);

/* Sets the CPUs (one bit each) that thread id (0: the caller) may run on to
 * *set (may be NULL), tells what they were. Errors: CM_ENOTASK, CM_EPERM,
 * CM_EINVAL no such CPU. */
long cm_thread_affinity(cm_pid_t id, const uint64_t *set, uint64_t *old);
