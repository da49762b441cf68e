/* /proc/PID/stat, status and statm, in the form that ps and top read. */
#include "proc.h"

#include <kernel/time.h>
#include <kernel/tty.h>

char
task_state_letter(const struct task *t, const struct thread *th)
{
	if (t->zombie)
		return 'Z';
	if (t->stop_signal != 0)
		return 'T';
	if (th == NULL)
		return 'X';
	switch (atomic_load(&th->state)) {
	case THREAD_NEW:
	case THREAD_READY:
	case THREAD_RUNNING:
		return 'R';
	case THREAD_SLEEPING:
		return th->wait_mode == WAIT_DEEP ? 'D' : 'S';
	case THREAD_STOPPED:
		return 'T';
	case THREAD_DEAD:
	default:
		return t->zombie ? 'Z' : 'X';
	}
}

/* What is under the tree's lock, read without: each word is whole, and the
 * parent's record is kept by RCU. */
static int
parent_pid(struct task *t)
{
	struct task *p;
	int pid;

	rcu_read_lock();
	p = rcu_load(&t->parent);
	pid = p == NULL || p->container != t->container ? 0 : p->pid;
	rcu_read_unlock();
	return pid;
}

struct memory_sizes {
	size_t mapped, code, data, stack;
	long resident;
	vaddr_t start_code, end_code, stack_start, arg[2], env[2], brk;
	vaddr_t data_range[2];
};

static void
memory_sizes(struct task *t, struct memory_sizes *m)
{
	struct space *s = task_space(t);
	struct region *r;

	*m = (struct memory_sizes){ 0 };
	if (s == NULL)
		return;
	rw_read_lock(&s->lock);
	m->mapped = s->mapped;
	m->resident = MAX(atomic_load(&s->resident), 0l);
	m->start_code = s->code_start;
	m->end_code = s->code_end;
	m->code = s->code_end - s->code_start;
	m->stack_start = s->stack_start;
	m->arg[0] = s->arg_start;
	m->arg[1] = s->arg_end;
	m->env[0] = s->env_start;
	m->env[1] = s->env_end;
	m->brk = s->brk_start;
	m->data_range[0] = s->data_start;
	m->data_range[1] = s->data_end;
	r = space_find(s, 0);
	for (; r != NULL; r = space_next(r)) {
		if ((r->flags & REGION_GROWSDOWN) != 0)
			m->stack += r->end - r->start;
		else if ((r->prot & PROT_WRITE) != 0 &&
		    (r->flags & REGION_SHARED) == 0)
			m->data += r->end - r->start;
	}
	rw_read_unlock(&s->lock);
	space_unref(s);
}

/* What a task's signals look like, as four sets. */
struct signal_sets {
	sigset_bits pending, shared, blocked, ignored, caught;
};

static void
signal_sets(struct task *t, struct thread *th, struct signal_sets *s)
{
	unsigned long flags;

	*s = (struct signal_sets){ 0 };
	flags = spin_lock_irq(&t->sig_lock);
	s->shared = t->pending.set;
	if (th != NULL) {
		s->pending = th->pending.set;
		s->blocked = th->sig_mask;
	}
	for (int i = 1; t->actions != NULL && i <= SIG_MAX; i++) {
		uintptr_t h = sig_handler(t->actions, i);

		if (h == SIG_HANDLER_IGNORE)
			s->ignored |= SIG_BIT(i);
		else if (h != SIG_HANDLER_DEFAULT)
			s->caught |= SIG_BIT(i);
	}
	spin_unlock_irq(&t->sig_lock, flags);
}

static void
put_terminal(struct seq *q, struct task *t)
{
	struct tty *tty = task_tty(t);
	uint64_t rdev = 0;
	int group = -1;

	if (tty != NULL) {
		rdev = tty_rdev(tty);
		group = tty_foreground(tty);
		tty_unref(tty);
	}
	seq_printf(q, " %llu %d", (unsigned long long)(
	    (rdev >> 32 & 0xfff) << 8 | (rdev & 0xff) |
	    (rdev & 0xfff00) << 12), group);
}

static void
put_times(struct seq *q, const struct proc_ctx *c)
{
	struct task *t = c->task;
	ns_t u = 0, s = 0;

	if (c->thread != NULL && c->thread != t->leader)
		sched_times(c->thread, &u, &s);
	else
		task_times(t, &u, &s);
	seq_printf(q, " %lu %lu %lu %lu %llu %llu %llu %llu",
	    atomic_load(&t->faults_minor), atomic_load(&t->child_minor),
	    atomic_load(&t->faults_major), atomic_load(&t->child_major),
	    (unsigned long long)(u / TICK_NS),
	    (unsigned long long)(s / TICK_NS),
	    (unsigned long long)(atomic_load(&t->child_utime) / TICK_NS),
	    (unsigned long long)(atomic_load(&t->child_stime) / TICK_NS));
}

static unsigned
policy_number(enum sched_class class)
{
	switch (class) {
	case SCHED_FIFO:
		return 1;
	case SCHED_RR:
		return 2;
	case SCHED_IDLE:
		return 5;
	case SCHED_FAIR:
	default:
		return 0;
	}
}

/* Fields 18 to 52 of proc_pid_stat(5). */
static void
put_stat_rest(struct seq *q, const struct proc_ctx *c)
{
	struct task *t = c->task;
	struct thread *th = c->thread;
	int nice = th == NULL ? 0 : th->se.nice;
	struct memory_sizes m;
	struct signal_sets s;

	memory_sizes(t, &m);
	signal_sets(t, th, &s);
	seq_printf(q, " %d %d %u 0 %llu %zu %ld %llu", 20 + nice, nice,
	    atomic_load(&t->thread_count),
	    (unsigned long long)(t->start_time / TICK_NS), m.mapped,
	    m.resident, (unsigned long long)t->rlimits[RLIM_RSS].soft);
	if (task_may_inspect(t))
		seq_printf(q, " %lu %lu %lu 0 0", (unsigned long)m.start_code,
		    (unsigned long)m.end_code, (unsigned long)m.stack_start);
	else
		seq_puts(q, " 1 1 0 0 0");
	seq_printf(q, " %llu %llu %llu %llu 0 0 0 %d %u %u %u 0 0 0",
	    (unsigned long long)(s.pending | s.shared) & 0x7fffffff,
	    (unsigned long long)s.blocked & 0x7fffffff,
	    (unsigned long long)s.ignored & 0x7fffffff,
	    (unsigned long long)s.caught & 0x7fffffff, t->exit_signal,
	    th == NULL ? 0 : thread_cpu(th), th == NULL ? 0 : th->se.priority,
	    th == NULL ? 0 : policy_number(th->se.class));
	if (task_may_inspect(t))
		seq_printf(q, " %lu %lu %lu %lu %lu %lu %lu %d\n",
		    (unsigned long)m.data_range[0],
		    (unsigned long)m.data_range[1], (unsigned long)m.brk,
		    (unsigned long)m.arg[0], (unsigned long)m.arg[1],
		    (unsigned long)m.env[0], (unsigned long)m.env[1],
		    t->exit_status);
	else
		seq_puts(q, " 0 0 0 0 0 0 0 0\n");
}

static void
task_name(const struct proc_ctx *c, char name[TASK_NAME_MAX])
{
	mutex_lock(&c->task->lock);
	strlcpy(name, c->task->name, TASK_NAME_MAX);
	mutex_unlock(&c->task->lock);
	if (c->thread != NULL && c->thread != c->task->leader &&
	    c->thread->name[0] != '\0')
		strlcpy(name, c->thread->name, TASK_NAME_MAX);
}

enum err
show_task_stat(struct seq *q, const struct proc_ctx *c)
{
	struct task *t = c->task;
	char name[TASK_NAME_MAX];

	task_name(c, name);
	seq_printf(q, "%d (%s) %c %d %d %d",
	    c->thread != NULL ? c->thread->tid : t->pid, name,
	    task_state_letter(t, c->thread), parent_pid(t), t->pgid,
	    task_sid(t));
	put_terminal(q, t);
	seq_printf(q, " %u", t->space == NULL ? 0x00200000u : 0x00400000u);
	put_times(q, c);
	put_stat_rest(q, c);
	return OK;
}

/* ---- status ----------------------------------------------------------- */

static const char *
state_word(char letter)
{
	switch (letter) {
	case 'R':
		return "running";
	case 'S':
		return "sleeping";
	case 'D':
		return "disk sleep";
	case 'T':
		return "stopped";
	case 'Z':
		return "zombie";
	default:
		return "dead";
	}
}

static void
put_ids(struct seq *q, struct task *t)
{
	struct creds *c = creds_get(t);

	if (c == NULL)
		return;
	seq_printf(q, "Uid:\t%u\t%u\t%u\t%u\n", c->uid, c->euid, c->suid,
	    c->fsuid);
	seq_printf(q, "Gid:\t%u\t%u\t%u\t%u\n", c->gid, c->egid, c->sgid,
	    c->fsgid);
	seq_printf(q, "FDSize:\t%u\nGroups:\t",
	    t->handles == NULL ? 0 : handle_count(t->handles));
	for (unsigned i = 0; i < c->group_count; i++)
		seq_printf(q, "%u ", c->groups[i]);
	seq_puts(q, "\n");
	creds_put(c);
}

static void
put_caps(struct seq *q, struct task *t)
{
	struct creds *c = creds_get(t);

	if (c == NULL)
		return;
	seq_printf(q, "CapInh:\t%016llx\nCapPrm:\t%016llx\nCapEff:\t%016llx\n"
	    "CapBnd:\t%016llx\nCapAmb:\t%016llx\n",
	    (unsigned long long)c->cap_inheritable,
	    (unsigned long long)c->cap_permitted,
	    (unsigned long long)c->cap_effective,
	    (unsigned long long)c->cap_bounding,
	    (unsigned long long)c->cap_ambient);
	creds_put(c);
}

static void
put_memory(struct seq *q, struct task *t)
{
	struct memory_sizes m;
	unsigned long rss;

	if (t->space == NULL)
		return;
	memory_sizes(t, &m);
	rss = (unsigned long)m.resident * (PAGE_SIZE / 1024);
	seq_printf(q, "VmPeak:\t%8zu kB\nVmSize:\t%8zu kB\nVmLck:\t%8u kB\n"
	    "VmHWM:\t%8lu kB\nVmRSS:\t%8lu kB\n", m.mapped / 1024,
	    m.mapped / 1024, 0u, rss, rss);
	seq_printf(q, "VmData:\t%8zu kB\nVmStk:\t%8zu kB\nVmExe:\t%8zu kB\n"
	    "VmLib:\t%8u kB\nVmPTE:\t%8u kB\nVmSwap:\t%8u kB\n",
	    m.data / 1024, m.stack / 1024, m.code / 1024, 0u, 0u, 0u);
}

static void
put_signals(struct seq *q, const struct proc_ctx *c)
{
	struct signal_sets s;

	signal_sets(c->task, c->thread, &s);
	seq_printf(q, "SigQ:\t0/%llu\n", (unsigned long long)
	    c->task->rlimits[RLIM_SIGPENDING].soft);
	seq_printf(q, "SigPnd:\t%016llx\nShdPnd:\t%016llx\nSigBlk:\t%016llx\n"
	    "SigIgn:\t%016llx\nSigCgt:\t%016llx\n",
	    (unsigned long long)s.pending, (unsigned long long)s.shared,
	    (unsigned long long)s.blocked, (unsigned long long)s.ignored,
	    (unsigned long long)s.caught);
}

enum err
show_task_status(struct seq *q, const struct proc_ctx *c)
{
	struct task *t = c->task;
	char letter = task_state_letter(t, c->thread);
	unsigned umask = 0;
	char name[TASK_NAME_MAX];
	uint64_t mask = cpu_online_mask();

	task_name(c, name);
	mutex_lock(&t->lock);
	if (t->fs != NULL)
		umask = atomic_load(&t->fs->umask);
	mutex_unlock(&t->lock);
	seq_puts(q, "Name:\t");
	seq_escaped(q, name);
	seq_printf(q, "\nUmask:\t%04o\nState:\t%c (%s)\nTgid:\t%d\nNgid:\t0\n"
	    "Pid:\t%d\nPPid:\t%d\nTracerPid:\t0\n", umask, letter,
	    state_word(letter), t->pid,
	    c->thread != NULL ? c->thread->tid : t->pid, parent_pid(t));
	put_ids(q, t);
	seq_printf(q, "NStgid:\t%d\nNSpid:\t%d\nNSpgid:\t%d\nNSsid:\t%d\n",
	    t->pid, c->thread != NULL ? c->thread->tid : t->pid, t->pgid,
	    task_sid(t));
	put_memory(q, t);
	seq_printf(q, "Threads:\t%u\n", atomic_load(&t->thread_count));
	put_signals(q, c);
	put_caps(q, t);
	seq_printf(q, "NoNewPrivs:\t%d\nSeccomp:\t0\n", t->no_new_privs);
	seq_printf(q, "Cpus_allowed:\t%llx\nCpus_allowed_list:\t0-%u\n",
	    (unsigned long long)(c->thread == NULL ? mask :
	    c->thread->se.affinity & mask), cpu_count - 1);
	if (c->thread != NULL)
		seq_printf(q, "voluntary_ctxt_switches:\t%lu\n"
		    "nonvoluntary_ctxt_switches:\t%lu\n",
		    c->thread->se.switches_voluntary,
		    c->thread->se.switches_forced);
	return OK;
}

enum err
show_task_statm(struct seq *q, const struct proc_ctx *c)
{
	struct memory_sizes m;

	memory_sizes(c->task, &m);
	seq_printf(q, "%zu %ld %u %zu 0 %zu 0\n", m.mapped / PAGE_SIZE,
	    m.resident, 0u, m.code / PAGE_SIZE,
	    (m.data + m.stack) / PAGE_SIZE);
	return OK;
}
