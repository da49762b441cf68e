/* SPDX-License-Identifier: MIT */
/*
 * What the files of kernel/task share.
 *
 * An id (struct pid) is in use as long as a thread, a task, a process group
 * or a session bears it; each of them holds a reference. [P] the pid space's
 * lock, [T] the tree lock, shared or alone as tree.c says, [G] shared with
 * the group's lock, or alone.
 */
#pragma once

#include <kernel/log.h>
#include <kernel/task.h>
#include <lib/radix.h>

struct pid {
	struct ref refs;
	int number; /* [I] */
	struct pid_space *space; /* [I] */
	struct pid_block *block; /* [I] a user of it */
	_Atomic(struct thread *) thread; /* [A] who bears it, RCU */
	_Atomic(struct task *) task; /* [A] RCU */
	struct spinlock lock; /* RANK_GROUP, irq: of the group of this id */
	struct list members; /* [G] task.group_link */
	struct session *session; /* [G] of the group's members, borrowed */
	struct rcu_head rcu;
};

#define PID_MAX    (1 << 22)
#define PID_BLOCK  64u /* ids that a CPU takes at a time */
#define PID_BLOCKS (PID_MAX / PID_BLOCK)

struct pid_block {
	unsigned number; /* [I] its first id is 64 times that */
	atomic_uint users; /* [A] from 0 and to 0 under [P] */
	_Atomic(uint64_t) used; /* [A] a bit for each id */
	struct rcu_head rcu;
	_Atomic(struct pid *) ids[PID_BLOCK]; /* [A] RCU */
};

struct pid_space {
	struct spinlock lock; /* RANK_PID, irq */
	struct radix blocks; /* [P], read by RCU */
	unsigned next; /* [P] the block that is taken next */
	unsigned lowest; /* [P] the first id that may be given out */
	struct pid_cpu {
		struct pid_block *block; /* [C] a user of it; NULL: none */
		unsigned at; /* [C] its next id */
		char apart[48]; /* no two CPUs in a line */
	} cpus[CPU_MAX]; /* [C] that CPU's, preemption off */
};

/* want 0: the next free one. ERR_EXISTS, ERR_AGAIN (none free), ERR_NOMEM. */
enum err pid_alloc(struct pid_space *ps, int want, struct pid **out);
struct pid *pid_ref(struct pid *p);
void pid_unref(struct pid *p); /* NULL is fine */
/* Under rcu_read_lock; NULL: not in use. */
struct pid *pid_find(struct pid_space *ps, int number);
/* The first id >= *number in use; under rcu_read_lock. */
struct pid *pid_next(struct pid_space *ps, int *number);
void pid_init(void);

/* The lock of the tree, both sides with irqs off: tree.c. */
unsigned long tree_share(void);
void tree_unshare(unsigned long flags);
unsigned long tree_lock_alone(void);
void tree_unlock_alone(unsigned long flags);

struct session { /* freed a grace period after its last user left */
	struct ref refs;
	struct pid *id; /* [I] own reference */
	struct tty *tty; /* [T] own reference; NULL: none */
	_Atomic(struct task *) leader; /* [T] borrowed; NULL: gone */
	struct rcu_head rcu;
};

struct session *session_create(struct pid *id);
struct session *session_ref(struct session *s);
void session_unref(struct session *s); /* NULL is fine */
/* A new task joins its parent's group and session; tree lock held, one way or
 * the other. */
void group_join(struct task *t, struct pid *group, struct session *s);
/* Leaves them; tree lock held alone, or shared by t at its end. Gives the
 * references to drop afterwards. */
void group_leave(struct task *t, struct pid **group, struct session **s);
/* True: tasks of session s that the running task makes may be in group (NULL:
 * false). Tree lock held alone. */
bool group_is_open(const struct pid *group, const struct session *s);
/* The running task is about to end: its session's terminal goes, groups
 * that lose their last link get HUP and CONT. */
void group_exit(struct task *t);

/* A thread of task, NEW, refs 2: one for its life, one for the caller. */
enum err thread_create(struct task *task, struct pid *id, struct thread **out);
/* It never ran: as if it had ended. */
void thread_discard(struct thread *t);
/* t bears id no more. */
void thread_give_id(struct thread *t, struct pid *id);
/* Joins its task's list; ERR_AGAIN when the task is ending. */
enum err thread_join_task(struct thread *t);
/* The first code of a thread that goes to user mode. */
void thread_user_entry(void *arg);
void thread_init(void);

enum err task_create(struct container *c, int want_pid, struct task **out);
/* Releases what a task owns beside its record; NULL members are fine. */
void task_release(struct task *t);
/* It never ran. */
void task_discard(struct task *t);
/* The task ends with status; false: it ends with another. sig_lock held. */
bool task_set_status(struct task *t, int status);
/* Sets the status and kills all other threads; the first status counts. */
void task_begin_exit(struct task *t, int status);
/* Child becomes one of parent's; tree lock held, one way or the other. */
void task_link_child(struct task *parent, struct task *child);
/* Child ended, stopped or goes on: wait looks at it first. Needs: the tree
 * lock alone, or shared and the parent's children_lock. */
void task_child_reports(struct task *child);
/* Takes a zombie out of the tree, under the same locks. Then task_forget. */
void task_unlink_child(struct task *child);
bool task_has_children(struct task *t);
void task_forget(struct task *child);

/* Signals, inside. */
struct sig_actions *sig_actions_create(void); /* NULL: memory */
struct sig_actions *sig_actions_clone(struct task *t); /* NULL: memory */
void sig_actions_unref(struct sig_actions *a);
void sig_pending_init(struct sig_pending *p);
void sig_pending_flush(struct sig_pending *p);
/* Sets work bits of a thread and brings it to look at them. */
void thread_poke(struct thread *t, unsigned work);

/* owner.c: how many tasks and threads a user has; NULL is root, not counted. */
void owner_init(void);
/* Counts n > 0 more; the record stays while they are counted. ERR_NOMEM. */
enum err owner_get(
    const struct container *c, uint32_t uid, long n, struct owner **out);
/* The same for a record that the caller, or who it stands for, is counted in.
 * Gives the sum. */
long owner_add(struct owner *o, long n);
void owner_sub(struct owner *o, long n);
long owner_count(const struct owner *o);
uint32_t owner_uid(const struct owner *o);

/* limits.c: counts one more task or thread of t's user, which t makes.
 * ERR_AGAIN: RLIMIT_NPROC. Needs: t->lock. */
enum err task_charge_owner(struct task *t);
/* t's user has, without own ones, more than t's limit. Needs: t->lock. */
bool task_others_are_over(const struct task *t, long own);
/* creds.c: a new task gets from's credentials and is counted. ERR_AGAIN. */
enum err creds_inherit(struct task *from, struct task *to);
/* The state of t changed; tells its parent. */
void notify_parent(struct task *t, int child_code, int status);
/* The same with the tree lock held alone. */
void notify_parent_alone(struct task *t, int child_code, int status);
/* signal_send for senders that hold the tree lock alone: a task that goes on
 * tells its parent, which needs that lock. */
enum err signal_send_in_tree(struct task *t, const struct sig_info *info);
/* signal_send for those that share it. True: t goes on, and the caller is to
 * notify_parent(t, CLD_CONTINUED, SIG_CONT) after tree_unshare(). */
bool signal_send_sharing(struct task *t, const struct sig_info *info);
void signal_init(void);
bool signal_default_ignored(int number);
bool signal_is_stop(int number);
/* sig_lock held. */
bool sig_take_pending(struct sig_pending *p, sigset_bits set,
    struct sig_info *out);
#define SIG_STOPS (SIG_BIT(SIG_STOP) | SIG_BIT(SIG_TSTP) | \
    SIG_BIT(SIG_TTIN) | SIG_BIT(SIG_TTOU))

#define CLD_EXITED    1
#define CLD_KILLED    2
#define CLD_DUMPED    3
#define CLD_STOPPED   5
#define CLD_CONTINUED 6
