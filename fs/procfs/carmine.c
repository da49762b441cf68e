/* /proc/carmine: what the kernel tells about itself. */
#include "proc.h"

#include <kernel/abi.h>
#include <kernel/mm.h>
#include <kernel/panic.h>
#include <kernel/trace.h>
#include <kernel/user.h>

extern struct counter carmine_counter_start[], carmine_counter_end[];

static enum err
show_counters(struct seq *q, const struct proc_ctx *c)
{
	const struct counter *k;

	(void)c;
	for (k = carmine_counter_start; k < carmine_counter_end; k++)
		seq_printf(q, "%s %llu\n", k->name,
		    (unsigned long long)atomic_load(&k->value));
	return OK;
}

/* Calls fn until it has no more text; fn as trace_unimplemented_text. */
static enum err
show_unimplemented(struct seq *q, const struct proc_ctx *c)
{
	struct page *p = page_alloc(0);
	size_t off = 0, n;

	(void)c;
	if (p == NULL)
		return ERR_NOMEM;
	while ((n = trace_unimplemented_text(
	    page_virt(p), PAGE_SIZE, off)) != 0) {
		seq_put(q, page_virt(p), n);
		off += n;
	}
	page_free(p, 0);
	return OK;
}

static enum err
show_ring(struct seq *q, size_t (*read)(uint64_t *, char *, size_t))
{
	struct page *p = page_alloc(0);
	uint64_t at = 0;
	size_t n;

	if (p == NULL)
		return ERR_NOMEM;
	while ((n = read(&at, page_virt(p), PAGE_SIZE)) != 0)
		seq_put(q, page_virt(p), n);
	page_free(p, 0);
	return OK;
}

static enum err
show_log(struct seq *q, const struct proc_ctx *c)
{
	(void)c;
	return show_ring(q, log_read);
}

static enum err
show_trace(struct seq *q, const struct proc_ctx *c)
{
	(void)c;
	return show_ring(q, trace_read);
}

/* "on" and "off" for all tasks, "+PID" and "-PID" for one. */
static enum err
store_trace(const struct proc_ctx *c, const char *text, size_t len)
{
	int pid = 0;

	(void)c;
	if (!capable(CAP_SYS_ADMIN))
		return ERR_PERM;
	if (str_is(text, len, "on") || str_is(text, len, "off"))
		return trace_set(0, text[1] == 'n');
	for (size_t i = 1; i < len; i++) {
		if (text[i] < '0' || text[i] > '9' || pid > 100000000)
			return ERR_INVAL;
		pid = pid * 10 + (text[i] - '0');
	}
	if (pid == 0 || (text[0] != '+' && text[0] != '-'))
		return ERR_INVAL;
	return trace_set(pid, text[0] == '+');
}

/* What may leak: live objects by kind, and free pages. What the dead left to
 * RCU is waited for. Objects are the same before and after a test that gave
 * everything back; of pages, caches keep some (vm/drop_caches). */
static enum err
show_live(struct seq *q, const struct proc_ctx *c)
{
	struct page_stats st;

	(void)c;
	rcu_barrier();
	page_stats(&st);
	seq_printf(q, "free_pages %llu\ncached_pages %llu\nslab_pages %llu\n"
	    "table_pages %llu\n", (unsigned long long)st.free,
	    (unsigned long long)st.cached, (unsigned long long)st.slab,
	    (unsigned long long)st.tables);
	for (unsigned i = 0; i < OBJ_KINDS; i++) {
		const char *name = obj_kind_name(i);

		if (name != NULL && name[0] != '\0')
			seq_printf(q, "%s %lu\n", name, obj_live(i));
	}
	return OK;
}

/* How many allocations are left until one fails; 0: it has failed. Then, how
 * many places have failed. */
static enum err
show_alloc_fail(struct seq *q, const struct proc_ctx *c)
{
	(void)c;
	seq_printf(q, "%lu\n%lu places\n", atomic_load(&alloc_fail_at),
	    alloc_failed_places());
	return OK;
}

/* "N": of the writer's allocations, and those of threads and processes that
 * come from it, the Nth from now on fails. "0": none. "places": each that comes
 * from a place in the kernel that no failed one came from. */
static enum err
store_alloc_fail(const struct proc_ctx *c, const char *text, size_t len)
{
	unsigned long n = 0;

	(void)c;
	if (!CARMINE_CHECK)
		return ERR_NOTSUP;
	if (!capable(CAP_SYS_ADMIN))
		return ERR_PERM;
	if (len == 0 || len > 9)
		return ERR_INVAL;
	if (len == 6 && memcmp(text, "places", 6) == 0) {
		alloc_fail_places();
		return OK;
	}
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return ERR_INVAL;
		n = n * 10 + (unsigned long)(text[i] - '0');
	}
	alloc_fail_for(n);
	return OK;
}

static enum err
show_abis(struct seq *q, const struct proc_ctx *c)
{
	for (unsigned i = 0; i < 64; i++) {
		const struct abi *a = abi_by_index(i);

		if (a != NULL && (c->container->allowed_abis >> i & 1) != 0)
			seq_printf(q, "%s\n", a->name);
	}
	return OK;
}

/* As it is written: "DIR ABI", DIR as the reader sees it. */
static enum err
show_zones(struct seq *q, const struct proc_ctx *c)
{
	char *buf = kmalloc(PATH_MAX), *dir;
	const struct zone *z;

	(void)c;
	if (buf == NULL)
		return ERR_NOMEM;
	for (unsigned i = 0; (z = zone_by_index(i)) != NULL; i++)
		if (vfs_path_text(&z->root, NULL, buf, PATH_MAX, &dir) == OK)
			seq_printf(q, "%s %s\n", dir, z->abi->name);
	kfree(buf, PATH_MAX);
	return OK;
}

/* "DIR ABI" ties a directory to an ABI. */
static enum err
store_zones(const struct proc_ctx *c, const char *text, size_t len)
{
	const char *space = strchr(text, ' ');
	const struct abi *a;
	char dir[256];

	(void)c;
	(void)len;
	if (!capable(CAP_SYS_ADMIN))
		return ERR_PERM;
	if (space == NULL || (size_t)(space - text) >= sizeof(dir))
		return ERR_INVAL;
	memcpy(dir, text, (size_t)(space - text));
	dir[space - text] = '\0';
	a = abi_by_name(space + 1);
	return a == NULL ? ERR_INVAL : zone_add(dir, a);
}

static enum err
show_runtimes(struct seq *q, const struct proc_ctx *c)
{
	char *line = kmalloc(RUNTIME_LINE_MAX);

	for (unsigned i = 0; line != NULL &&
	    runtime_line(c->container, i, line); i++)
		seq_printf(q, "%s\n", line);
	kfree(line, RUNTIME_LINE_MAX);
	return line != NULL ? OK : ERR_NOMEM;
}

static enum err
store_runtimes(const struct proc_ctx *c, const char *text, size_t len)
{
	if (!capable(CAP_SYS_ADMIN))
		return ERR_PERM;
	return runtime_register(c->container, text, len);
}

static enum err
store_crash(const struct proc_ctx *c, const char *text, size_t len)
{
	if (!capable(CAP_SYS_ADMIN) || c->container != container_root)
		return ERR_PERM;
	return crash_by_name(text, len);
}

const struct proc_entry proc_carmine_table[] = {
	PROC_FILE("abis", show_abis),
	PROC_WRITE("alloc_fail", show_alloc_fail, store_alloc_fail),
	PROC_FILE("counters", show_counters),
	{ .name = "crash", .mode = S_REGULAR | 0200, .store = store_crash },
	PROC_FILE("live", show_live),
	PROC_FILE("log", show_log),
	PROC_WRITE("trace", show_trace, store_trace),
	PROC_FILE("unimplemented", show_unimplemented),
	PROC_WRITE("zones", show_zones, store_zones),
	PROC_WRITE("runtimes", show_runtimes, store_runtimes),
	PROC_END,
};
