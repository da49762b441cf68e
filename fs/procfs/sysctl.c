/*
 * /proc/sys: values that programs look up. What can be written really
 * changes something; the rest states what is so.
 */
#include "proc.h"

#include <kernel/mm.h>
#include <kernel/random.h>

static enum err
show_ostype(struct seq *q, const struct proc_ctx *c)
{
	(void)c;
	seq_puts(q, PROC_OSTYPE "\n");
	return OK;
}

static enum err
show_osrelease(struct seq *q, const struct proc_ctx *c)
{
	(void)c;
	seq_puts(q, PROC_OSRELEASE "\n");
	return OK;
}

static enum err
show_version(struct seq *q, const struct proc_ctx *c)
{
	(void)c;
	seq_puts(q, PROC_VERSION "\n");
	return OK;
}

static enum err
show_arch(struct seq *q, const struct proc_ctx *c)
{
	(void)c;
	seq_puts(q, ARCH_NAME "\n");
	return OK;
}

static enum err
show_container_name(struct seq *q, struct container *ct, const char *name)
{
	char text[65];

	mutex_lock(&ct->lock);
	strlcpy(text, name, sizeof(text));
	mutex_unlock(&ct->lock);
	seq_printf(q, "%s\n", text);
	return OK;
}

static enum err
show_hostname(struct seq *q, const struct proc_ctx *c)
{
	return show_container_name(q, c->container, c->container->hostname);
}

static enum err
show_domainname(struct seq *q, const struct proc_ctx *c)
{
	return show_container_name(q, c->container, c->container->domainname);
}

static enum err
store_name(struct container *ct, char *to, const char *text, size_t len)
{
	if (!capable(CAP_SYS_ADMIN))
		return ERR_PERM;
	if (len > 64)
		return ERR_INVAL;
	mutex_lock(&ct->lock);
	strlcpy(to, text, 65);
	mutex_unlock(&ct->lock);
	return OK;
}

static enum err
store_hostname(const struct proc_ctx *c, const char *text, size_t len)
{
	return store_name(c->container, c->container->hostname, text, len);
}

static enum err
store_domainname(const struct proc_ctx *c, const char *text, size_t len)
{
	return store_name(c->container, c->container->domainname, text, len);
}

#define CONSTANT(fn, text) \
	static enum err fn(struct seq *q, const struct proc_ctx *c) \
	{ \
		(void)c; \
		seq_puts(q, text "\n"); \
		return OK; \
	}
CONSTANT(show_pid_max, "4194304")
CONSTANT(show_ngroups_max, "65536")
CONSTANT(show_last_cap, "40")
CONSTANT(show_overflow_id, "65534")
CONSTANT(show_zero, "0")
CONSTANT(show_one, "1")
CONSTANT(show_printk, "4\t4\t1\t7")
CONSTANT(show_somaxconn, "4096")
CONSTANT(show_pipe_max, "1048576")
CONSTANT(show_lease_time, "45")
CONSTANT(show_entropy, "256")
CONSTANT(show_max_map_count, "1073741823")
CONSTANT(show_min_addr, "4096")
CONSTANT(show_port_range, "32768\t60999")
CONSTANT(show_watches, "1048576")

static enum err
show_threads_max(struct seq *q, const struct proc_ctx *c)
{
	long max = atomic_load(&c->container->max[LIMIT_TASKS]);

	seq_printf(q, "%ld\n", MIN(max, 4194304l));
	return OK;
}

static enum err
show_file_nr(struct seq *q, const struct proc_ctx *c)
{
	unsigned long live = 0;

	(void)c;
	for (unsigned i = 0; i < 12; i++)
		live += obj_live(i);
	seq_printf(q, "%lu\t0\t9223372036854775807\n", live);
	return OK;
}

CONSTANT(show_file_max, "9223372036854775807")

static void
put_uuid(struct seq *q, const uint8_t b[16])
{
	for (unsigned i = 0; i < 16; i++)
		seq_printf(q, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ?
		    "-" : "", b[i]);
	seq_puts(q, "\n");
}

static void
uuid_mark(uint8_t b[16])
{
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
}

static enum err
show_uuid(struct seq *q, const struct proc_ctx *c)
{
	uint8_t b[16];

	(void)c;
	random_bytes(b, sizeof(b));
	uuid_mark(b);
	put_uuid(q, b);
	return OK;
}

static enum err
show_boot_id(struct seq *q, const struct proc_ctx *c)
{
	static struct mutex lock = MUTEX_INIT(lock, RANK_HANDLES);
	static uint8_t id[16];

	(void)c;
	mutex_lock(&lock);
	if (id[8] == 0) {
		random_bytes(id, sizeof(id));
		uuid_mark(id);
	}
	mutex_unlock(&lock);
	put_uuid(q, id);
	return OK;
}

static const struct proc_entry random_table[] = {
	PROC_FILE("boot_id", show_boot_id),
	PROC_FILE("uuid", show_uuid),
	PROC_FILE("entropy_avail", show_entropy),
	PROC_FILE("poolsize", show_entropy),
	PROC_END,
};

static const struct proc_entry kernel_table[] = {
	PROC_FILE("ostype", show_ostype),
	PROC_FILE("osrelease", show_osrelease),
	PROC_FILE("version", show_version),
	PROC_FILE("arch", show_arch),
	PROC_WRITE("hostname", show_hostname, store_hostname),
	PROC_WRITE("domainname", show_domainname, store_domainname),
	PROC_FILE("pid_max", show_pid_max),
	PROC_FILE("threads-max", show_threads_max),
	PROC_FILE("ngroups_max", show_ngroups_max),
	PROC_FILE("cap_last_cap", show_last_cap),
	PROC_FILE("overflowuid", show_overflow_id),
	PROC_FILE("overflowgid", show_overflow_id),
	PROC_FILE("randomize_va_space", show_zero),
	PROC_FILE("printk", show_printk),
	PROC_FILE("tainted", show_zero),
	PROC_FILE("dmesg_restrict", show_zero),
	PROC_DIR("random", random_table),
	PROC_END,
};

#define DROP_TURNS 16 /* others may fill what we empty */

/* Reclaims on each CPU in turn, since each has caches of its own. */
static size_t
reclaim_on_all(void)
{
	struct thread *self = thread_current();
	uint64_t mine = self->se.affinity, online = cpu_online_mask();
	size_t freed = 0;

	for (unsigned i = 0; i < 64; i++) {
		if ((online >> i & 1) == 0)
			continue;
		err_ignore(sched_set_affinity(self, UINT64_C(1) << i));
		rcu_barrier();
		freed += reclaim_pages(SIZE_MAX);
	}
	err_ignore(sched_set_affinity(self, mine));
	return freed;
}

/* Any number: all caches give back what nobody uses. Freeing frees more (a
 * name its node, a node its pages), so again until nothing comes. */
static enum err
store_drop_caches(const struct proc_ctx *c, const char *text, size_t len)
{
	(void)c;
	if (!capable(CAP_SYS_ADMIN))
		return ERR_PERM;
	if (len != 1 || text[0] < '1' || text[0] > '3')
		return ERR_INVAL;
	for (unsigned i = 0; i < DROP_TURNS && reclaim_on_all() != 0; i++)
		;
	return OK;
}

static const struct proc_entry vm_table[] = {
	{
		.name = "drop_caches",
		.mode = S_REGULAR | 0200,
		.store = store_drop_caches,
	},
	PROC_FILE("overcommit_memory", show_one),
	PROC_FILE("swappiness", show_zero),
	PROC_FILE("max_map_count", show_max_map_count),
	PROC_FILE("mmap_min_addr", show_min_addr),
	PROC_FILE("panic_on_oom", show_zero),
	PROC_END,
};

static const struct proc_entry inotify_table[] = {
	PROC_FILE("max_user_watches", show_watches),
	PROC_FILE("max_user_instances", show_watches),
	PROC_FILE("max_queued_events", show_watches),
	PROC_END,
};

static const struct proc_entry fs_table[] = {
	PROC_FILE("file-max", show_file_max),
	PROC_FILE("file-nr", show_file_nr),
	PROC_FILE("nr_open", show_pipe_max),
	PROC_FILE("pipe-max-size", show_pipe_max),
	PROC_FILE("lease-break-time", show_lease_time),
	PROC_FILE("protected_symlinks", show_zero),
	PROC_FILE("protected_hardlinks", show_zero),
	PROC_FILE("suid_dumpable", show_zero),
	PROC_DIR("inotify", inotify_table),
	PROC_END,
};

static const struct proc_entry core_table[] = {
	PROC_FILE("somaxconn", show_somaxconn),
	PROC_END,
};

static const struct proc_entry ipv4_table[] = {
	PROC_FILE("ip_local_port_range", show_port_range),
	PROC_END,
};

static const struct proc_entry net_table[] = {
	PROC_DIR("core", core_table),
	PROC_DIR("ipv4", ipv4_table),
	PROC_END,
};

const struct proc_entry proc_sys_table[] = {
	PROC_DIR("kernel", kernel_table),
	PROC_DIR("vm", vm_table),
	PROC_DIR("fs", fs_table),
	PROC_DIR("net", net_table),
	PROC_END,
};
