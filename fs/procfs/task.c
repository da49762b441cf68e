/* /proc/PID: the table, and the small files of a task. */
#include "proc.h"

#include <kernel/abi.h>
#include <kernel/time.h>
#include <kernel/user.h>

struct space *
task_space(struct task *t)
{
	struct space *s;

	mutex_lock(&t->lock);
	s = t->space == NULL ? NULL : space_ref(t->space);
	mutex_unlock(&t->lock);
	return s;
}

bool
task_may_inspect(struct task *t)
{
	struct creds *mine, *its;
	bool good;

	if (t == task_current() || capable(CAP_SYS_PTRACE))
		return true;
	mine = creds_get(task_current());
	its = creds_get(t);
	good = mine->fsuid == its->euid && mine->fsuid == its->suid &&
	    mine->fsuid == its->uid;
	creds_put(mine);
	creds_put(its);
	return good;
}

/* ---- texts from the task's memory ------------------------------------- */

static enum err
memory_text(struct seq *q, const struct proc_ctx *c, bool env)
{
	struct space *s;
	vaddr_t at, end;
	char buf[128];
	enum err e = OK;

	if (env && !task_may_inspect(c->task))
		return ERR_ACCESS;
	s = task_space(c->task);
	if (s == NULL)
		return OK;
	at = env ? s->env_start : s->arg_start;
	end = env ? s->env_end : s->arg_end;
	while (at < end && e == OK && !q->failed) {
		size_t n = MIN(sizeof(buf), end - at);

		n = MIN(n, PAGE_SIZE - (at & PAGE_MASK));
		e = space_read(s, at, buf, n);
		if (e == OK)
			seq_put(q, buf, n);
		at += n;
	}
	space_unref(s);
	return OK; /* what is not mapped any more is simply missing */
}

static enum err
show_cmdline(struct seq *q, const struct proc_ctx *c)
{
	return memory_text(q, c, false);
}

static enum err
show_environ(struct seq *q, const struct proc_ctx *c)
{
	return memory_text(q, c, true);
}

static enum err
show_auxv(struct seq *q, const struct proc_ctx *c)
{
	struct space *s;

	if (!task_may_inspect(c->task))
		return ERR_ACCESS;
	s = task_space(c->task);
	if (s == NULL)
		return OK;
	seq_put(q, (const char *)s->auxv, s->auxv_words * sizeof(s->auxv[0]));
	space_unref(s);
	return OK;
}

static enum err
show_comm(struct seq *q, const struct proc_ctx *c)
{
	char name[TASK_NAME_MAX];

	mutex_lock(&c->task->lock);
	strlcpy(name, c->task->name, sizeof(name));
	mutex_unlock(&c->task->lock);
	if (c->thread != NULL && c->thread != c->task->leader)
		strlcpy(name, c->thread->name, sizeof(name));
	seq_printf(q, "%s\n", name);
	return OK;
}

static enum err
store_comm(const struct proc_ctx *c, const char *text, size_t len)
{
	(void)len;
	if (c->task != task_current())
		return ERR_INVAL;
	mutex_lock(&c->task->lock);
	if (c->thread == c->task->leader)
		strlcpy(c->task->name, text, sizeof(c->task->name));
	strlcpy(c->thread->name, text, sizeof(c->thread->name));
	mutex_unlock(&c->task->lock);
	return OK;
}

/* ---- places ----------------------------------------------------------- */

static enum err
task_exe(const struct proc_ctx *c, struct path *out)
{
	struct space *s;
	enum err e = ERR_NOENT;

	if (!task_may_inspect(c->task))
		return ERR_ACCESS;
	s = task_space(c->task);
	if (s != NULL && s->exe != NULL && s->exe->path.dentry != NULL) {
		*out = s->exe->path;
		path_ref(out);
		e = OK;
	}
	space_unref(s);
	return e;
}

static enum err
task_fs_path(struct task *t, bool root, struct path *out)
{
	struct fs_state *f;

	if (!task_may_inspect(t))
		return ERR_ACCESS;
	/* No reference: with one the task would not be its only user. */
	mutex_lock(&t->lock);
	f = t->fs;
	if (f != NULL) {
		spin_lock(&f->lock);
		*out = root ? f->root : f->cwd;
		path_ref(out);
		spin_unlock(&f->lock);
	}
	mutex_unlock(&t->lock);
	return f != NULL ? OK : ERR_NOENT;
}

static enum err
task_cwd(const struct proc_ctx *c, struct path *out)
{
	return task_fs_path(c->task, false, out);
}

static enum err
task_root(const struct proc_ctx *c, struct path *out)
{
	return task_fs_path(c->task, true, out);
}

static enum err
path_link(enum err e, struct path *p, char *buf, size_t len, size_t *done)
{
	char *start = NULL;
	struct page *page;

	if (e != OK)
		return e;
	page = page_alloc(0);
	e = page == NULL ? ERR_NOMEM : proc_path_text(
	    p, page_virt(page), PAGE_SIZE, &start);
	if (e == OK) {
		*done = MIN(strlen(start), len);
		memcpy(buf, start, *done);
	}
	if (page != NULL)
		page_free(page, 0);
	path_unref(p);
	return e;
}

static enum err
link_exe(const struct proc_ctx *c, char *buf, size_t len, size_t *done)
{
	struct path p;

	return path_link(task_exe(c, &p), &p, buf, len, done);
}

static enum err
link_cwd(const struct proc_ctx *c, char *buf, size_t len, size_t *done)
{
	struct path p;

	return path_link(task_cwd(c, &p), &p, buf, len, done);
}

static enum err
link_root(const struct proc_ctx *c, char *buf, size_t len, size_t *done)
{
	struct path p;

	return path_link(task_root(c, &p), &p, buf, len, done);
}

/* ---- odds and ends ---------------------------------------------------- */

static const struct {
	const char *name, *unit;
} limit_names[RLIM_COUNT] = {
	[RLIM_CPU] = { "Max cpu time", "seconds" },
	[RLIM_FSIZE] = { "Max file size", "bytes" },
	[RLIM_DATA] = { "Max data size", "bytes" },
	[RLIM_STACK] = { "Max stack size", "bytes" },
	[RLIM_CORE] = { "Max core file size", "bytes" },
	[RLIM_RSS] = { "Max resident set", "bytes" },
	[RLIM_NPROC] = { "Max processes", "processes" },
	[RLIM_NOFILE] = { "Max open files", "files" },
	[RLIM_MEMLOCK] = { "Max locked memory", "bytes" },
	[RLIM_AS] = { "Max address space", "bytes" },
	[RLIM_LOCKS] = { "Max file locks", "locks" },
	[RLIM_SIGPENDING] = { "Max pending signals", "signals" },
	[RLIM_MSGQUEUE] = { "Max msgqueue size", "bytes" },
	[RLIM_NICE] = { "Max nice priority", "" },
	[RLIM_RTPRIO] = { "Max realtime priority", "" },
	[RLIM_RTTIME] = { "Max realtime timeout", "us" },
};

static void
put_limit(struct seq *q, uint64_t v)
{
	if (v == UINT64_MAX)
		seq_printf(q, "%-20s ", "unlimited");
	else
		seq_printf(q, "%-20llu ", (unsigned long long)v);
}

static enum err
show_limits(struct seq *q, const struct proc_ctx *c)
{
	seq_printf(q, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit",
	    "Hard Limit", "Units");
	for (unsigned i = 0; i < RLIM_COUNT; i++) {
		struct rlimit_pair l;

		mutex_lock(&c->task->lock);
		l = c->task->rlimits[i];
		mutex_unlock(&c->task->lock);
		seq_printf(q, "%-25s ", limit_names[i].name);
		put_limit(q, l.soft);
		put_limit(q, l.hard);
		seq_printf(q, "%-10s\n", limit_names[i].unit);
	}
	return OK;
}

static enum err
show_cgroup(struct seq *q, const struct proc_ctx *c)
{
	(void)c;
	seq_puts(q, "0::/\n");
	return OK;
}

static enum err
show_zero(struct seq *q, const struct proc_ctx *c)
{
	(void)c;
	seq_puts(q, "0\n");
	return OK;
}

/* Running out of memory kills the largest task: its share in per mille. */
static enum err
show_oom_score(struct seq *q, const struct proc_ctx *c)
{
	struct space *s = task_space(c->task);
	struct page_stats st;
	long pages = 0;

	page_stats(&st);
	if (s != NULL)
		pages = MAX(atomic_load(&s->resident), 0l);
	space_unref(s);
	seq_printf(q, "%llu\n", (unsigned long long)pages * 1000 /
	    MAX(st.total, UINT64_C(1)));
	return OK;
}

static enum err
show_personality(struct seq *q, const struct proc_ctx *c)
{
	seq_printf(q, "%08x\n", c->task->personality);
	return OK;
}

static enum err
show_wchan(struct seq *q, const struct proc_ctx *c)
{
	(void)c;
	seq_puts(q, "0");
	return OK;
}

/* Which system's program this is. */
static enum err
show_abi(struct seq *q, const struct proc_ctx *c)
{
	const struct abi *a = c->task->abi;

	seq_printf(q, "%s\n", a == NULL ? "kernel" : a->name);
	return OK;
}

static enum err
show_id_map(struct seq *q, const struct proc_ctx *c)
{
	(void)c;
	seq_printf(q, "%10u %10u %10u\n", 0u, 0u, UINT32_MAX);
	return OK;
}

static enum err
show_sched(struct seq *q, const struct proc_ctx *c)
{
	const struct sched_entity *se = &c->thread->se;

	seq_printf(q, "%s (%d, #threads: %u)\n", c->task->name, c->task->pid,
	    atomic_load(&c->task->thread_count));
	seq_printf(q, "se.sum_exec_runtime : %llu\n",
	    (unsigned long long)se->runtime);
	seq_printf(q, "nr_voluntary_switches : %lu\n", se->switches_voluntary);
	seq_printf(q, "nr_involuntary_switches : %lu\n", se->switches_forced);
	seq_printf(q, "prio : %d\n", 120 + se->nice);
	return OK;
}

/* ---- threads ---------------------------------------------------------- */

static const struct proc_entry thread_dir;

/* The member with the smallest id >= from. */
static enum err
next_thread(const struct proc_ctx *c, uint32_t from, struct proc_name *out)
{
	unsigned long flags = spin_lock_irq(&c->task->sig_lock);
	struct thread *th;
	int best = 0;

	list_each(th, &c->task->threads, task_link) {
		if (th->tid >= (int)from && (best == 0 || th->tid < best))
			best = th->tid;
	}
	spin_unlock_irq(&c->task->sig_lock, flags);
	if (best == 0)
		return ERR_NOENT;
	*out = (struct proc_name){ (uint32_t)best, &thread_dir };
	return OK;
}

/* ---- tables ----------------------------------------------------------- */

#define PLACE(n, to, text) \
	{ \
		.name = (n), .mode = S_LINK | 0777, .link = (text), \
		.follow = (to) \
	}
#define COMMON_ENTRIES \
	PROC_FILE("stat", show_task_stat), \
	PROC_FILE("status", show_task_status), \
	PROC_FILE("cmdline", show_cmdline), \
	PROC_WRITE("comm", show_comm, store_comm), \
	PROC_PRIVATE("environ", show_environ), \
	PROC_PRIVATE("auxv", show_auxv), \
	PROC_FILE("maps", show_task_maps), \
	PROC_FILE("limits", show_limits), \
	PROC_FILE("cgroup", show_cgroup), \
	PROC_FILE("oom_score", show_oom_score), \
	PROC_FILE("oom_score_adj", show_zero), \
	PROC_FILE("personality", show_personality), \
	PROC_FILE("wchan", show_wchan), \
	PROC_FILE("sched", show_sched), \
	PROC_FILE("uid_map", show_id_map), \
	PROC_FILE("gid_map", show_id_map), \
	PROC_FILE("mounts", show_mounts), \
	PROC_FILE("mountinfo", show_mountinfo), \
	PROC_FILE("abi", show_abi), \
	PROC_DIR("ns", proc_ns_table), \
	PLACE("exe", task_exe, link_exe), \
	PLACE("cwd", task_cwd, link_cwd), \
	PLACE("root", task_root, link_root)

static const struct proc_entry thread_table[] = {
	COMMON_ENTRIES,
	PROC_END,
};

static const struct proc_entry thread_dir = {
	.mode = S_DIRECTORY | 0555,
	.children = thread_table,
};

static const struct proc_entry task_table[] = {
	COMMON_ENTRIES,
	PROC_FILE("statm", show_task_statm),
	PROC_FILE("smaps", show_task_smaps),
	FD_DIRS,
	{
		.name = "task",
		.mode = S_DIRECTORY | 0555,
		.next = next_thread,
		.makes = PROC_MAKES_THREAD,
	},
	PROC_DIR("net", proc_net_table),
	PROC_END,
};

const struct proc_entry proc_task_dir = {
	.mode = S_DIRECTORY | 0555,
	.children = task_table,
};
