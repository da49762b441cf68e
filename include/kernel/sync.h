/*
 * Locks, wait queues, sequence counters, RCU.
 *
 * Spinlocks turn preemption off; the _irq forms also turn interrupts off and
 * are for data that interrupt handlers touch. Mutexes and rwlocks sleep.
 * Every lock has a rank (docs/locking.md); a thread takes locks in rising
 * rank, two of one rank by rising address. BUILD=check and debug verify that
 * and that nothing sleeps while it spins.
 *
 * RCU: readers turn preemption off; writers unlink, then rcu_call() or
 * rcu_sync(). An idle or user-mode CPU costs nothing: a grace period asks
 * only CPUs that run, by IPI (kernel/sync/rcu.c).
 */
#pragma once

#include <kernel/cpu.h>
#include <lib/list.h>
#include <lib/order.h>

enum lock_rank {
	RANK_NONE,
	RANK_CONTAINER = 10,
	RANK_TASK = 20,
	RANK_NAMESPACE = 30,
	RANK_OFFSET = 33, /* file.lock: around reads and writes by offset */
	RANK_RENAME = 35, /* one per file system: renames of directories */
	RANK_VNODE = 38,
	RANK_NEST = 39, /* which wait set is in which */
	RANK_WAITSET = 40, /* outside of what polls take; outer before inner */
	RANK_FILE = 45,
	RANK_TTY = 46,
	RANK_PIPE = 47,
	RANK_SOCKET = 48,
	RANK_SPACE = 50,
	RANK_MEMOBJ = 55,
	RANK_PORT = 60,
	RANK_EVENT = 65,
	RANK_HANDLES = 70,
	RANK_OWNER = 72, /* spin; counts of tasks by user */
	RANK_DENTRY = 73, /* spin; name cache */
	RANK_FUTEX = 74,  /* spin; hash bucket */
	RANK_TASK_TREE = 75, /* spin, irq; shared or alone: tree of tasks */
	RANK_CHILDREN = 76, /* spin, irq; children of one task */
	RANK_GROUP = 77, /* spin, irq; members of one process group */
	RANK_SIGNAL = 78, /* spin, irq; signal state of a task */
	RANK_PID = 79, /* spin, irq; ids of a container */
	RANK_WAITQ = 80,  /* spin, irq */
	RANK_TIMER_FILE = 81, /* spin, irq; queue and state of a timer file */
	RANK_SENDABLE = 81, /* spin, irq; a socket's pollers; after WAITQ */
	RANK_TIMER = 82,  /* spin, irq */
	RANK_MSI = 83, /* spin, irq; numbers of messages; around the chip's */
	RANK_TTY_LINE = 84, /* spin, irq; line discipline, output ring */
	RANK_DRIVER = 85, /* spin, irq */
	RANK_READY = 86, /* spin, irq; a wait set's queue; inner before outer */
	RANK_RUNQUEUE = 90,
	RANK_KMAP = 93,
	RANK_SLAB = 94,
	RANK_PAGE = 96,
	RANK_LOG = 98,
	RANK_CONSOLE = 99,
};

/* ---- spinlocks -------------------------------------------------------- */

struct LOCKABLE("spinlock") spinlock {
	atomic_uint held; /* [A] 0 or 1 */
#if CARMINE_CHECK
	enum lock_rank rank; /* [I] */
	const char *name; /* [I] */
	_Atomic(struct thread_head *) holder; /* [A] */
	atomic_uint irq_use; /* [A] LOCK_USE_*: found to be used how */
#endif
};

#if CARMINE_CHECK
#define SPIN_INIT(r, n) { .rank = (r), .name = (n) }
#else
#define SPIN_INIT(r, n) { 0 }
#endif

void spin_init(struct spinlock *l, enum lock_rank rank, const char *name);
bool spin_trylock(struct spinlock *l) TRY_ACQUIRES(true, *l);
bool spin_is_locked(const struct spinlock *l);

/*
 * The lock without preemption control and without the checker, for callers
 * that have interrupts off and for locks that a context switch hands over.
 *
 * Order: the acquiring exchange pairs with the release store of the unlock, so
 * what the last holder wrote is seen.
 */
static inline void
spin_lock_raw(struct spinlock *l) NO_LOCK_ANALYSIS
{
	while (UNLIKELY(atomic_exchange_explicit(
	    &l->held, 1, memory_order_acquire) != 0)) {
		/* Others may share the line while nobody can take it. */
		while (atomic_load_explicit(&l->held, memory_order_relaxed))
			arch_pause();
	}
}

static inline void
spin_unlock_raw(struct spinlock *l) NO_LOCK_ANALYSIS
{
	atomic_store_explicit(&l->held, 0, memory_order_release);
}

#if CARMINE_CHECK
void spin_lock(struct spinlock *l) ACQUIRES(*l);
void spin_unlock(struct spinlock *l) RELEASES(*l);
/* Returns the irq state for spin_unlock_irq. */
unsigned long spin_lock_irq(struct spinlock *l) ACQUIRES(*l);
void spin_unlock_irq(struct spinlock *l, unsigned long flags) RELEASES(*l);
#else
static inline void spin_lock(struct spinlock *l) ACQUIRES(*l);
static inline void spin_unlock(struct spinlock *l) RELEASES(*l);
static inline unsigned long spin_lock_irq(struct spinlock *l) ACQUIRES(*l);
static inline void spin_unlock_irq(struct spinlock *l, unsigned long flags)
    RELEASES(*l);

static inline NO_LOCK_ANALYSIS void
spin_lock(struct spinlock *l)
{
	preempt_disable();
	spin_lock_raw(l);
}

static inline NO_LOCK_ANALYSIS void
spin_unlock(struct spinlock *l)
{
	spin_unlock_raw(l);
	preempt_enable();
}

/* Returns the irq state for spin_unlock_irq. */
static inline NO_LOCK_ANALYSIS unsigned long
spin_lock_irq(struct spinlock *l)
{
	unsigned long flags = arch_irq_save();

	preempt_disable();
	spin_lock_raw(l);
	return flags;
}

static inline NO_LOCK_ANALYSIS void
spin_unlock_irq(struct spinlock *l, unsigned long flags)
{
	spin_unlock_raw(l);
	arch_irq_restore(flags);
	preempt_enable();
}
#endif

/* ---- the lock checker (BUILD=check) ------------------------------------ */

#if CARMINE_CHECK
#define LOCK_RANK(l) ((l)->rank)
#define LOCK_NAME(l) ((l)->name)
#define LOCK_SET_RANK(l, r, n) ((l)->rank = (r), (l)->name = (n))
#define SPIN_SET_HOLDER(l, t)  ((l)->holder = (t))
/* A lock is about to be taken: rank order; spinning locks also irq use. */
void lockcheck_take(
    const void *lock, enum lock_rank rank, const char *name, bool trying);
void lockcheck_drop(const void *lock);
void lockcheck_may_sleep(const char *where);
/* As if a mutex of that rank were taken here, where one is taken at times. */
void lockcheck_may_take(enum lock_rank rank, const char *what);
/* Locks the running thread holds; tests expect 0. */
unsigned lockcheck_held(void);
/* Panics if the running thread would leave the kernel with a lock held or
 * with preemption off. where: what it was asked for, a number with it. */
void lockcheck_leave(const char *where, unsigned long number);
#else
#define LOCK_RANK(l) RANK_NONE
#define LOCK_NAME(l) NULL
#define LOCK_SET_RANK(l, r, n) ((void)0)
#define SPIN_SET_HOLDER(l, t)  ((void)0)
static inline void
lockcheck_take(const void *lock UNUSED, enum lock_rank rank UNUSED,
    const char *name UNUSED, bool trying UNUSED)
{
}

static inline void
lockcheck_drop(const void *lock UNUSED)
{
}

static inline void
lockcheck_may_sleep(const char *where UNUSED)
{
}

static inline void
lockcheck_may_take(enum lock_rank rank UNUSED, const char *what UNUSED)
{
}

static inline unsigned
lockcheck_held(void)
{
	return 0;
}

static inline void
lockcheck_leave(const char *where UNUSED, unsigned long number UNUSED)
{
}
#endif

/* ---- wait queues: the one way to sleep -------------------------------- */

struct thread;
struct wait_entry;

/* Runs with the queue's lock held and irqs off. key: the events that came
 * (POLL_*), 0 when the waker has none. True: counts as a woken waiter. */
typedef bool wake_fn(struct wait_entry *w, unsigned key);

/* All zero is a valid unqueued entry. */
struct wait_entry {
	struct list link; /* [q] the queue's lock; next NULL: not queued */
	wake_fn *wake; /* [I] */
	struct thread *thread; /* [I] for wait_wake_thread */
	void *arg; /* [I] for callbacks; for wait_wake_thread NULL or the
	    entry the thread sleeps with (one sleeper, several queues) */
	atomic_uint woken; /* [A] 1: a wake came since wait_begin */
	bool exclusive; /* [I] wake_one stops after one of these */
};

struct waitq {
	struct spinlock lock; /* RANK_WAITQ, irq */
	struct list entries; /* [l] */
};

void waitq_init(struct waitq *q);
#define WAITQ_INIT(name) \
	{ .lock = SPIN_INIT(RANK_WAITQ, #name), \
	    .entries = LIST_INIT((name).entries) }

/* True when nobody waits; a waker that has just made the condition true with
 * a full barrier may skip the wake. */
static inline bool
waitq_idle(const struct waitq *q)
{
	atomic_thread_fence(memory_order_seq_cst);
	return list_empty(&q->entries);
}

/* In a key: the waker is about to sleep; the woken thread need neither go to
 * another CPU nor take this one from it. */
#define WAKE_SYNC 0x80000000u

void waitq_wake_waiting(struct waitq *q, unsigned key, unsigned n);

/* Wakes non-exclusive waiters and the first n exclusive ones, whose wake
 * function agrees. Any context. */
static inline void
waitq_wake_some(struct waitq *q, unsigned key, unsigned n)
{
	if (!waitq_idle(q))
		waitq_wake_waiting(q, key, n);
}

/* Every waiter. */
static inline void
waitq_wake(struct waitq *q, unsigned key)
{
	waitq_wake_some(q, key, ~0u);
}

/* The same by a caller that holds q->lock, whose data it also covers. */
void waitq_wake_locked(struct waitq *q, unsigned key, unsigned n)
    REQUIRES(q->lock);
void waitq_add(struct waitq *q, struct wait_entry *w);
void waitq_remove(struct waitq *q, struct wait_entry *w); /* idempotent */

/* The wake function of sleeping threads. */
bool wait_wake_thread(struct wait_entry *w, unsigned key);

enum wait_mode {
	WAIT_DEEP,     /* only the condition or the deadline ends it */
	WAIT_KILLABLE, /* also a fatal signal: ERR_INTR */
	WAIT_SIGNALS,  /* also any signal to be delivered: ERR_RESTART */
};

/* The steps under wait_until; use the macro. wait_begin marks the thread as
 * about to sleep, so that a wake between the test and wait_sleep is kept. */
void wait_begin(struct waitq *q, struct wait_entry *w, enum wait_mode mode);
/* Sleeps until woken; OK, ERR_TIMEDOUT at the deadline (absolute ns), or the
 * mode's error. */
enum err wait_sleep(struct wait_entry *w, enum wait_mode mode, ns_t deadline);
/* The same for a sleeper with a flag of its own: the waker sets it, then
 * calls sched_wake(). */
enum err wait_flag(atomic_uint *flag, enum wait_mode mode, ns_t deadline);
void wait_end(struct waitq *q, struct wait_entry *w);

/*
 * Sleeps until cond holds. Gives err: OK, ERR_TIMEDOUT, or the mode's error.
 * cond is evaluated without lock; relock forms below drop and take a mutex.
 * Lost wake-ups cannot happen: the entry is queued before cond is tested, and
 * a wake after that makes wait_sleep return at once.
 */
#define wait_until_deadline(q, cond, mode, deadline) ({ \
	enum err we_ = OK; \
	struct wait_entry w_ = { 0 }; \
	if (!(cond)) { \
		for (;;) { \
			wait_begin((q), &w_, (mode)); \
			if (cond) { \
				we_ = OK; \
				break; \
			} \
			if (we_ != OK) \
				break; \
			we_ = wait_sleep(&w_, (mode), (deadline)); \
		} \
		wait_end((q), &w_); \
	} \
	we_; \
})
#define wait_until(q, cond, mode) \
	wait_until_deadline(q, cond, mode, NS_NEVER)

/* The same with a mutex held around cond and dropped while asleep. */
#define wait_until_locked(q, mutex, cond, mode, deadline) ({ \
	enum err we_ = OK; \
	struct wait_entry w_ = { 0 }; \
	if (!(cond)) { \
		for (;;) { \
			wait_begin((q), &w_, (mode)); \
			if (cond) { \
				we_ = OK; \
				break; \
			} \
			if (we_ != OK) \
				break; \
			mutex_unlock(mutex); \
			we_ = wait_sleep(&w_, (mode), (deadline)); \
			mutex_lock(mutex); \
		} \
		wait_end((q), &w_); \
	} \
	we_; \
})

/* ---- mutex ------------------------------------------------------------ */

/* state: 0 free, else the owner's thread_head, bit 0 set when others wait. */
struct LOCKABLE("mutex") mutex {
	atomic_uintptr_t state; /* [A] */
	struct waitq waiters;
#if CARMINE_CHECK
	enum lock_rank rank;
	const char *name;
#endif
};

void mutex_init(struct mutex *m, enum lock_rank rank, const char *name);
#if CARMINE_CHECK
#define MUTEX_INIT(var, r) \
	{ .waiters = WAITQ_INIT((var).waiters), .rank = (r), .name = #var }
#else
#define MUTEX_INIT(var, r) { .waiters = WAITQ_INIT((var).waiters) }
#endif
bool mutex_trylock(struct mutex *m) TRY_ACQUIRES(true, *m);
enum err mutex_lock_killable(struct mutex *m);
/* The ways that have to wait or to wake. */
void mutex_lock_slow(struct mutex *m);
void mutex_unlock_slow(struct mutex *m);
#if CARMINE_CHECK
void mutex_lock(struct mutex *m) ACQUIRES(*m);
void mutex_unlock(struct mutex *m) RELEASES(*m);
#else
static inline void mutex_lock(struct mutex *m) ACQUIRES(*m);
static inline void mutex_unlock(struct mutex *m) RELEASES(*m);

static inline NO_LOCK_ANALYSIS void
mutex_lock(struct mutex *m)
{
	uintptr_t free = 0;

	if (UNLIKELY(!atomic_compare_exchange_strong_explicit(&m->state, &free,
	    (uintptr_t)arch_current(), memory_order_acquire,
	    memory_order_relaxed)))
		mutex_lock_slow(m);
}

static inline NO_LOCK_ANALYSIS void
mutex_unlock(struct mutex *m)
{
	uintptr_t mine = (uintptr_t)arch_current();

	if (UNLIKELY(!atomic_compare_exchange_strong_explicit(&m->state, &mine,
	    0, memory_order_release, memory_order_relaxed)))
		mutex_unlock_slow(m);
}
#endif
bool mutex_is_held(const struct mutex *m); /* by this thread */

/* ---- sleeping readers-writer lock, writers preferred ------------------- */

struct LOCKABLE("rwlock") rwlock {
	atomic_long state; /* [A] readers, or -1 for a writer */
	atomic_uint writers; /* [A] that wait; readers let them pass */
	_Atomic(struct thread_head *) writer; /* [l] to write: who holds it */
	struct waitq waiters;
#if CARMINE_CHECK
	enum lock_rank rank;
	const char *name;
#endif
};

void rwlock_init(struct rwlock *l, enum lock_rank rank, const char *name);
void rw_read_lock(struct rwlock *l) ACQUIRES_SHARED(*l);
void rw_read_unlock(struct rwlock *l) RELEASES_SHARED(*l);
void rw_write_lock(struct rwlock *l) ACQUIRES(*l);
void rw_write_unlock(struct rwlock *l) RELEASES(*l);
bool rw_is_write_held(const struct rwlock *l);

/* ---- sequence counter: writers hold some lock ------------------------- */

struct seqcount {
	atomic_uint seq; /* [A] odd while a writer works */
};

static inline unsigned
seq_read_begin(const struct seqcount *s)
{
	unsigned v;

	while ((v = atomic_load_explicit(&s->seq, memory_order_acquire)) & 1)
		arch_pause();
	return v;
}

static inline bool
seq_read_retry(const struct seqcount *s, unsigned start)
{
	atomic_thread_fence(memory_order_acquire);
	return atomic_load_explicit(&s->seq, memory_order_relaxed) != start;
}

static inline void
seq_write_begin(struct seqcount *s)
{
	atomic_store_explicit(&s->seq,
	    atomic_load_explicit(&s->seq, memory_order_relaxed) + 1,
	    memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
}

static inline void
seq_write_end(struct seqcount *s)
{
	atomic_store_explicit(&s->seq,
	    atomic_load_explicit(&s->seq, memory_order_relaxed) + 1,
	    memory_order_release);
}

/* ---- RCU -------------------------------------------------------------- */

struct rcu_head {
	struct rcu_head *next;
	void (*fn)(struct rcu_head *);
};

static inline void
rcu_read_lock(void)
{
	preempt_disable();
}

static inline void
rcu_read_unlock(void)
{
	preempt_enable();
}

/* p: the address of a pointer that RCU readers follow. */
#define rcu_load(p)     __atomic_load_n((p), (int)ORDER_DEPENDENT)
#define rcu_store(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)

/* Runs fn(head) after every reader of now is done, in thread context with
 * preemption on; fn may free and unref. Any context. */
void rcu_call(struct rcu_head *head, void (*fn)(struct rcu_head *));
/* Waits for every reader of now. Sleeps. */
void rcu_sync(void);
/* Waits until every callback queued before has run. Sleeps. */
void rcu_barrier(void);
void rcu_init(void);
void rcu_start(void); /* starts the callback thread; from task_init */
void rcu_ipi(void); /* irqs off; from sched_ipi */
void rcu_quiescent(void); /* this CPU is in no read section */
/* CPUs whose quiescence a grace period waits for. */
struct rcu_waiting {
	atomic_uint_fast64_t cpus;
} ALIGNED(64); /* neighbours are read only */
extern struct rcu_waiting rcu_waiting;

/* ---- reference counts: saturating ------------------------------------- */

struct ref {
	atomic_uint count;
};
#define REF_STUCK 0x80000000u /* wrong counts stay here: leak, never reuse */

void ref_bug(struct ref *r); /* reports once, pins the count */

static inline void
ref_init(struct ref *r, unsigned n)
{
	atomic_store_explicit(&r->count, n, memory_order_relaxed);
}

static inline void
ref_inc(struct ref *r)
{
	unsigned old = atomic_fetch_add_explicit(
	    &r->count, 1, memory_order_relaxed);

	if (UNLIKELY(old == 0 || old >= REF_STUCK))
		ref_bug(r);
}

/* True when this dropped the last reference. */
static inline bool
ref_dec(struct ref *r)
{
	unsigned old = atomic_fetch_sub_explicit(
	    &r->count, 1, memory_order_acq_rel);

	if (UNLIKELY(old == 0 || old >= REF_STUCK)) {
		ref_bug(r);
		return false;
	}
	return old == 1;
}

/* False when the count was 0 already. */
static inline bool
ref_inc_unless_zero(struct ref *r)
{
	unsigned old = atomic_load_explicit(&r->count, memory_order_relaxed);

	do {
		if (old == 0)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(&r->count, &old,
	    old + 1, memory_order_acquire, memory_order_relaxed));
	return true;
}
