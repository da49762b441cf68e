/*
 * The scheduler: per-CPU run queues, a fair class by virtual deadlines
 * (EEVDF) below a real-time class, work stealing, idle wake-up by IPI.
 *
 * Thread states: NEW -> READY <-> RUNNING -> SLEEPING -> READY ... -> DEAD.
 * Only the CPU that runs a thread takes it out of RUNNING; wakers move
 * SLEEPING to READY under the run queue's lock.
 */
#pragma once

#include <kernel/sync.h>
#include <kernel/time.h>

struct thread;

enum sched_class { SCHED_FAIR, SCHED_FIFO, SCHED_RR, SCHED_IDLE };
enum thread_state {
	THREAD_NEW, THREAD_READY, THREAD_RUNNING, THREAD_SLEEPING,
	THREAD_STOPPED, THREAD_DEAD,
};

struct sched_entity {
	struct rbnode node; /* [q] fair tree by deadline; run queue's lock */
	struct list rt_link; /* [q] */
	uint64_t vruntime; /* [q] weighted ns */
	uint64_t min_vruntime; /* [q] subtree summary */
	uint64_t deadline; /* [q] */
	uint64_t slice; /* [q] ns */
	int64_t lag; /* [q] of a thread off the queue, virtual ns */
	bool queued; /* [q] in the tree or a real-time list */
	ns_t exec_start; /* [q] */
	ns_t runtime; /* [q] total ns on a CPU */
	ns_t user, system; /* [q] the part of it that is told apart */
	uint8_t user_samples, system_samples; /* [q] the last ones */
	uint32_t weight; /* [q] */
	int8_t nice; /* [q] -20 .. 19 */
	uint8_t priority; /* [q] 1 .. 99, real-time */
	enum sched_class class; /* [q] */
	uint64_t affinity; /* [q] allowed CPUs */
	atomic_uint cpu; /* [q] to write; where it runs or ran last */
	unsigned long switches_voluntary, switches_forced; /* [q] */
};

void sched_init(void); /* boot CPU's queue; the caller becomes its idle */
void sched_init_cpu(struct cpu *c); /* on that CPU: it joins */
/* Starts CPU number cpu and waits until it runs. ERR_NOMEM, ERR_TIMEDOUT,
 * or the port's error. */
enum err sched_start_cpu(unsigned cpu);
/* The boot CPU's first thread, arch_current() from start.S on. */
extern struct thread boot_thread;
/* Makes a NEW thread runnable. */
void sched_start(struct thread *t);
/* Puts a sleeping thread on a queue; false when it was not asleep. Any
 * context. sync: the waker is about to sleep (stay on this CPU). */
bool sched_wake(struct thread *t, bool sync);
/* Gives the CPU away; for wait_sleep, yield and exit. irqs on. */
void sched_block(void);
void sched_yield(void);
/* Ends the running thread for ever; its stack is freed by the next one. */
NORETURN void sched_exit(void);
void sched_tick(void); /* irqs off; the slice timer fired */
void sched_ipi(void);  /* irqs off; also does RCU's part */
void sched_wait_end(void); /* irqs off; this CPU is idle no more */
/* Switches if WORK_RESCHED is set; irqs off before and after. For the ways
 * out of the kernel; in the kernel only where preempt is 0. */
void sched_preempt(void);
/* CPUs in their idle loop, in no read section. */
uint64_t sched_idle_mask(void);
/* Whether a CPU has nothing to do: who is woken would run at once. */
bool sched_has_idle(void);

/* WAKE_SYNC or 0 for who moved n bytes: after few it mostly sleeps, of many the
 * other end does its part meanwhile where a CPU has nothing to do. */
static inline unsigned
wake_sync_of(size_t n)
{
	return n <= 4096 || !sched_has_idle() ? WAKE_SYNC : 0;
}

enum err sched_set_class(
    struct thread *t, enum sched_class class, unsigned priority);
enum err sched_set_nice(struct thread *t, int nice);
enum err sched_set_affinity(struct thread *t, uint64_t mask);
/* Accounts up to now: user + system ns of a thread. */
ns_t sched_runtime(struct thread *t);
/* The same, told apart by samples; neither ever becomes less. */
void sched_times(struct thread *t, ns_t *user, ns_t *system);
/* The running thread gets WORK_SAMPLE; false: this CPU is idle. irqs off. */
bool sched_sample(void);
/* Takes the sample that WORK_SAMPLE asks for; irqs off. */
void sched_sampled(bool in_user);
ns_t sched_idle_time(unsigned cpu);
unsigned sched_runnable(void); /* all CPUs, for loadavg */
void sched_loadavg(uint64_t out[3]); /* fixed point, 16 fraction bits */
unsigned long sched_switches(void); /* all CPUs, for /proc/stat */
NORETURN void sched_idle_loop(void);
void sleep_until(ns_t when); /* kernel threads; not interruptible */
