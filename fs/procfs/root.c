/* /proc itself: the files about the whole system. */
#include "proc.h"

#include <kernel/chardev.h>
#include <kernel/device.h>
#include <kernel/mm.h>
#include <kernel/sched.h>
#include <kernel/time.h>
#include <kernel/tty.h>

/* ---- memory ----------------------------------------------------------- */

static void
put_kib(struct seq *q, const char *name, uint64_t pages)
{
	size_t start = q->len;

	seq_printf(q, "%s:", name);
	seq_pad(q, start, 16);
	seq_printf(q, "%8llu kB\n",
	    (unsigned long long)pages * (PAGE_SIZE / 1024));
}

static enum err
show_meminfo(struct seq *q, const struct proc_ctx *c)
{
	struct page_stats st;

	(void)c;
	page_stats(&st);
	put_kib(q, "MemTotal", st.total);
	put_kib(q, "MemFree", st.free);
	put_kib(q, "MemAvailable", st.free);
	put_kib(q, "Buffers", 0);
	put_kib(q, "Cached", st.cached);
	put_kib(q, "SwapCached", 0);
	put_kib(q, "Active", st.cached);
	put_kib(q, "Inactive", 0);
	put_kib(q, "SwapTotal", 0);
	put_kib(q, "SwapFree", 0);
	put_kib(q, "Dirty", 0);
	put_kib(q, "Writeback", 0);
	put_kib(q, "Shmem", st.cached);
	put_kib(q, "Slab", st.slab);
	put_kib(q, "SReclaimable", 0);
	put_kib(q, "SUnreclaim", st.slab);
	put_kib(q, "PageTables", st.tables);
	put_kib(q, "CommitLimit", st.total);
	put_kib(q, "HugePages_Total", 0);
	return OK;
}

/* Of all tasks that are there, and of those reaped into them. */
static void
fault_totals(const struct proc_ctx *c, unsigned long *all,
    unsigned long *major)
{
	struct task *t = NULL;
	int pid = 1;

	*all = *major = 0;
	while (task_next(c->container, pid, &t) == OK) {
		unsigned long slow = atomic_load(&t->faults_major) +
		    atomic_load(&t->child_major);

		*all += atomic_load(&t->faults_minor) +
		    atomic_load(&t->child_minor) + slow;
		*major += slow;
		pid = t->pid + 1;
		task_unref(t);
	}
}

/* What is counted here; there is no store behind any page yet, hence no page
 * in or out. */
static enum err
show_vmstat(struct seq *q, const struct proc_ctx *c)
{
	struct page_stats st;
	unsigned long faults, major;

	page_stats(&st);
	fault_totals(c, &faults, &major);
	seq_printf(q, "nr_free_pages %llu\nnr_file_pages %llu\nnr_shmem %llu\n"
	    "nr_page_table_pages %llu\nnr_slab_unreclaimable %llu\n",
	    (unsigned long long)st.free, (unsigned long long)st.cached,
	    (unsigned long long)st.cached, (unsigned long long)st.tables,
	    (unsigned long long)st.slab);
	seq_printf(q, "pgpgin 0\npgpgout 0\npswpin 0\npswpout 0\n"
	    "pgfault %lu\npgmajfault %lu\n", faults, major);
	return OK;
}

static enum err
show_slabinfo(struct seq *q, const struct proc_ctx *c)
{
	struct slab_stats st;

	(void)c;
	seq_puts(q, "slabinfo - version: 2.1\n# name            <active_objs> "
	    "<num_objs> <objsize> <objperslab> <pagesperslab> : tunables "
	    "<limit> <batchcount> <sharedfactor> : slabdata <active_slabs> "
	    "<num_slabs> <sharedavail>\n");
	for (unsigned i = 0; slab_stats(i, &st); i++)
		seq_printf(q, "%-17s %6zu %6zu %6zu %4zu %4u : tunables 0 0 0"
		    " : slabdata %6zu %6zu 0\n", st.name,
		    st.live, st.size == 0 ? 0 :
		    st.pages * PAGE_SIZE / st.size, st.size,
		    st.size == 0 ? 0 : (size_t)(PAGE_SIZE / st.size), 1u,
		    (size_t)st.pages, (size_t)st.pages);
	return OK;
}

/* ---- time and load ---------------------------------------------------- */


/* User and system time of all tasks that are there, and of those reaped
 * into them. */
static void
task_totals(const struct proc_ctx *c, ns_t *user, ns_t *system,
    unsigned *tasks, unsigned *threads)
{
	struct task *t = NULL;
	int pid = 1;

	*user = *system = 0;
	*tasks = *threads = 0;
	while (task_next(c->container, pid, &t) == OK) {
		ns_t u = 0, s = 0;

		task_times(t, &u, &s);
		*user += u + atomic_load(&t->child_utime);
		*system += s + atomic_load(&t->child_stime);
		++*tasks;
		*threads += atomic_load(&t->thread_count);
		pid = t->pid + 1;
		task_unref(t);
	}
}

static enum err
show_stat(struct seq *q, const struct proc_ctx *c)
{
	ns_t user, system, idle = 0, now = time_now();
	unsigned long interrupts = 0;
	unsigned tasks, threads;

	task_totals(c, &user, &system, &tasks, &threads);
	for (unsigned i = 0; i < cpu_count; i++)
		idle += sched_idle_time(i);
	seq_printf(q, "cpu  %llu 0 %llu %llu 0 0 0 0 0 0\n",
	    (unsigned long long)(user / TICK_NS),
	    (unsigned long long)(system / TICK_NS),
	    (unsigned long long)(idle / TICK_NS));
	for (unsigned i = 0; i < cpu_count; i++) {
		ns_t spent = sched_idle_time(i);
		ns_t busy = now > spent ? now - spent : 0;
		ns_t all = user + system;
		/* busy time by the ratio of all tasks, in per mille */
		ns_t u = all == 0 ? 0 :
		    busy / 1000 * (user / (all / 1000 + 1));

		seq_printf(q, "cpu%u %llu 0 %llu %llu 0 0 0 0 0 0\n", i,
		    (unsigned long long)(u / TICK_NS),
		    (unsigned long long)((busy - u) / TICK_NS),
		    (unsigned long long)(spent / TICK_NS));
	}
	for (unsigned i = 0; i < IRQ_MAX * cpu_count; i++)
		interrupts += irq_count(i / cpu_count, i % cpu_count);
	seq_printf(q, "intr %lu\nctxt %lu\nbtime %llu\nprocesses %llu\n"
	    "procs_running %u\nprocs_blocked 0\n", interrupts,
	    sched_switches(),
	    (unsigned long long)((time_wall() - now) / NS_PER_SEC),
	    (unsigned long long)atomic_load(&c->container->forks),
	    sched_runnable());
	return OK;
}

static enum err
show_uptime(struct seq *q, const struct proc_ctx *c)
{
	ns_t up = time_now() - c->container->started, idle = 0;

	for (unsigned i = 0; i < cpu_count; i++)
		idle += sched_idle_time(i);
	seq_printf(q, "%llu.%02llu %llu.%02llu\n",
	    (unsigned long long)(up / NS_PER_SEC),
	    (unsigned long long)(up % NS_PER_SEC / (NS_PER_SEC / 100)),
	    (unsigned long long)(idle / NS_PER_SEC),
	    (unsigned long long)(idle % NS_PER_SEC / (NS_PER_SEC / 100)));
	return OK;
}

static enum err
show_loadavg(struct seq *q, const struct proc_ctx *c)
{
	unsigned tasks, threads;
	uint64_t load[3] = { 0 };
	struct task *t = NULL;
	ns_t user, system;
	int pid = 1, last = 0;

	sched_loadavg(load);
	task_totals(c, &user, &system, &tasks, &threads);
	while (task_next(c->container, pid, &t) == OK) {
		last = t->pid;
		pid = last + 1;
		task_unref(t);
	}
	for (int i = 0; i < 3; i++)
		seq_printf(q, "%llu.%02llu ", (unsigned long long)load[i] >> 16,
		    ((unsigned long long)load[i] & 0xffff) * 100 >> 16);
	seq_printf(q, "%u/%u %d\n", sched_runnable(), threads, last);
	return OK;
}

/* ---- machine ---------------------------------------------------------- */

static enum err
show_cpuinfo(struct seq *q, const struct proc_ctx *c)
{
	(void)c;
	for (unsigned i = 0; i < cpu_count; i++) {
		char text[512];
		size_t n = arch_cpu_info(i, text, sizeof(text));

		seq_put(q, text, MIN(n, sizeof(text)));
		seq_puts(q, "\n");
	}
	return OK;
}

static enum err
show_interrupts(struct seq *q, const struct proc_ctx *c)
{
	(void)c;
	seq_puts(q, "      ");
	for (unsigned cpu = 0; cpu < cpu_count; cpu++)
		seq_printf(q, "%s%*s%u", cpu == 0 ? "" : " ",
		    cpu < 10 ? 9 : 8, "CPU", cpu);
	seq_puts(q, "\n");
	for (unsigned i = 0; i < IRQ_MAX; i++) {
		const char *name = irq_name(i);

		if (name == NULL)
			continue;
		seq_printf(q, "%4u: ", i);
		for (unsigned cpu = 0; cpu < cpu_count; cpu++)
			seq_printf(q, "%10lu ", irq_count(i, cpu));
		seq_printf(q, " %s\n", name);
	}
	return OK;
}

static enum err
show_devices(struct seq *q, const struct proc_ctx *c)
{
	const struct chardev *d, *e;

	(void)c;
	seq_puts(q, "Character devices:\n");
	for (d = chardev_next(NULL); d != NULL; d = chardev_next(d)) {
		uint32_t major = RDEV_MAJOR(d->rdev);

		for (e = chardev_next(NULL); e != d &&
		    RDEV_MAJOR(e->rdev) != major; e = chardev_next(e))
			;
		if (e == d)
			seq_printf(q, "%3u %s\n", major,
			    major == 1 ? "mem" : d->name);
	}
	seq_puts(q, "\nBlock devices:\n");
	return OK;
}

static enum err
show_filesystems(struct seq *q, const struct proc_ctx *c)
{
	const struct fs_type *t;

	(void)c;
	for (unsigned i = 0; (t = fs_type_by_index(i)) != NULL; i++)
		seq_printf(q, "%s\t%s\n", t->nodev ? "nodev" : "", t->name);
	return OK;
}

static enum err
show_version(struct seq *q, const struct proc_ctx *c)
{
	(void)c;
	seq_printf(q, "%s version %s (%s) %s\n", PROC_OSTYPE, PROC_OSRELEASE,
	    __VERSION__, PROC_VERSION);
	return OK;
}

static enum err
show_cmdline(struct seq *q, const struct proc_ctx *c)
{
	(void)c;
	seq_printf(q, "%s\n", boot_info.cmdline);
	return OK;
}

static enum err
show_swaps(struct seq *q, const struct proc_ctx *c)
{
	(void)c;
	seq_puts(q, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
	return OK;
}

static enum err
show_partitions(struct seq *q, const struct proc_ctx *c)
{
	(void)c;
	seq_puts(q, "major minor  #blocks  name\n\n");
	return OK;
}

static enum err
show_empty(struct seq *q, const struct proc_ctx *c)
{
	(void)q;
	(void)c;
	return OK;
}

/* ---- links ------------------------------------------------------------ */

static enum err
text_link(const char *text, char *buf, size_t len, size_t *done)
{
	*done = MIN(strlen(text), len);
	memcpy(buf, text, *done);
	return OK;
}

static enum err
link_self(const struct proc_ctx *c, char *buf, size_t len, size_t *done)
{
	char text[16];

	(void)c;
	snprintf(text, sizeof(text), "%d", task_current()->pid);
	return text_link(text, buf, len, done);
}

static enum err
link_thread_self(const struct proc_ctx *c, char *buf, size_t len, size_t *done)
{
	char text[40];

	(void)c;
	snprintf(text, sizeof(text), "%d/task/%d", task_current()->pid,
	    thread_current()->tid);
	return text_link(text, buf, len, done);
}

static enum err
link_mounts(const struct proc_ctx *c, char *buf, size_t len, size_t *done)
{
	(void)c;
	return text_link("self/mounts", buf, len, done);
}

static enum err
link_net(const struct proc_ctx *c, char *buf, size_t len, size_t *done)
{
	(void)c;
	return text_link("self/net", buf, len, done);
}

static enum err
next_task(const struct proc_ctx *c, uint32_t from, struct proc_name *out)
{
	struct task *t = NULL;
	enum err e = task_next(
	    c->container, from == 0 ? 1 : (int)from, &t);

	if (e != OK)
		return e;
	*out = (struct proc_name){ (uint32_t)t->pid, &proc_task_dir };
	task_unref(t);
	return OK;
}

#define PROC_LINK(n, fn) \
	{ .name = (n), .mode = S_LINK | 0777, .link = (fn) }

/* Each byte is a console key; only the first counts, as in Linux. */
static enum err
store_sysrq(const struct proc_ctx *c, const char *text, size_t len)
{
	if (!capable(CAP_SYS_ADMIN) || c->container != container_root)
		return ERR_PERM;
	if (len == 0)
		return ERR_INVAL;
	tty_sysrq(text[0]);
	return OK;
}

static const struct proc_entry root_table[] = {
	PROC_LINK("self", link_self),
	PROC_LINK("thread-self", link_thread_self),
	PROC_LINK("mounts", link_mounts),
	PROC_LINK("net", link_net),
	PROC_FILE("cmdline", show_cmdline),
	PROC_FILE("cpuinfo", show_cpuinfo),
	PROC_FILE("devices", show_devices),
	PROC_FILE("diskstats", show_empty),
	PROC_FILE("filesystems", show_filesystems),
	PROC_FILE("interrupts", show_interrupts),
	PROC_FILE("loadavg", show_loadavg),
	PROC_FILE("meminfo", show_meminfo),
	PROC_FILE("modules", show_empty),
	PROC_FILE("partitions", show_partitions),
	PROC_PRIVATE("slabinfo", show_slabinfo),
	PROC_FILE("stat", show_stat),
	PROC_FILE("swaps", show_swaps),
	{
		.name = "sysrq-trigger",
		.mode = S_REGULAR | 0200,
		.store = store_sysrq,
	},
	PROC_FILE("uptime", show_uptime),
	PROC_FILE("version", show_version),
	PROC_FILE("vmstat", show_vmstat),
	PROC_DIR("sys", proc_sys_table),
	PROC_DIR("carmine", proc_carmine_table),
	PROC_END,
};

const struct proc_entry proc_root = {
	.mode = S_DIRECTORY | 0555,
	.children = root_table,
	.next = next_task,
	.makes = PROC_MAKES_TASK,
};
