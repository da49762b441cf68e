/*
 * sysfs: the few facts about the machine that programs look up here.
 *
 * A constant tree of directories and files; a file's text is made when it is
 * read. Nodes are made when looked up.
 */
#include <kernel/chardev.h>
#include <kernel/cpu.h>
#include <kernel/mm.h>
#include <kernel/task.h>
#include <kernel/vfs.h>

#include <lib/fmt.h>
#include <lib/string.h>

struct sys_entry {
	const char *name; /* NULL ends a table */
	size_t (*show)(char *buf, size_t len); /* NULL: a directory */
	const struct sys_entry *children; /* NULL: empty */
};

struct snode {
	struct vnode v;
	const struct sys_entry *entry; /* [I] */
};

static struct slab_cache *node_cache;
static const struct vnode_ops sys_ops;

/* ---- texts ------------------------------------------------------------ */

static size_t
show_cpus(char *buf, size_t len)
{
	if (cpu_count == 1)
		return (size_t)snprintf(buf, len, "0\n");
	return (size_t)snprintf(buf, len, "0-%u\n", cpu_count - 1);
}

static size_t
show_possible(char *buf, size_t len)
{
	if (boot_info.cpu_count <= 1)
		return (size_t)snprintf(buf, len, "0\n");
	return (size_t)snprintf(buf, len, "0-%u\n", boot_info.cpu_count - 1);
}

static size_t
show_kernel_max(char *buf, size_t len)
{
	return (size_t)snprintf(buf, len, "%d\n", CPU_MAX - 1);
}

static size_t
show_thp(char *buf, size_t len)
{
	return (size_t)snprintf(buf, len, "always madvise [never]\n");
}

static size_t
show_clocksource(char *buf, size_t len)
{
	return (size_t)snprintf(buf, len, "%s_clocksource\n", ARCH_NAME);
}

static size_t
show_console(char *buf, size_t len)
{
	return (size_t)snprintf(buf, len, "console\n");
}

/* ---- the tree --------------------------------------------------------- */

#define DIR(n, table)  { .name = (n), .children = (table) }
#define FILE_(n, fn)   { .name = (n), .show = (fn) }
#define END            { .name = NULL }

static const struct sys_entry cpu_table[] = {
	FILE_("online", show_cpus),
	FILE_("present", show_cpus),
	FILE_("possible", show_possible),
	FILE_("kernel_max", show_kernel_max),
	END,
};
static const struct sys_entry clock_table[] = {
	FILE_("current_clocksource", show_clocksource),
	FILE_("available_clocksource", show_clocksource),
	END,
};
static const struct sys_entry clocks_table[] = {
	DIR("clocksource0", clock_table),
	END,
};
static const struct sys_entry system_table[] = {
	DIR("cpu", cpu_table),
	DIR("clocksource", clocks_table),
	END,
};
static const struct sys_entry devices_table[] = {
	DIR("system", system_table),
	END,
};
static const struct sys_entry thp_table[] = {
	FILE_("enabled", show_thp),
	END,
};
static const struct sys_entry mm_table[] = {
	DIR("transparent_hugepage", thp_table),
	END,
};
static const struct sys_entry kernel_table[] = {
	DIR("mm", mm_table),
	END,
};
static const struct sys_entry fs_table[] = {
	DIR("cgroup", NULL),
	END,
};
static const struct sys_entry console_table[] = {
	FILE_("active", show_console),
	END,
};
static const struct sys_entry tty_table[] = {
	DIR("console", console_table),
	END,
};
static const struct sys_entry class_table[] = {
	DIR("tty", tty_table),
	DIR("net", NULL),
	DIR("block", NULL),
	END,
};
static const struct sys_entry root_table[] = {
	DIR("block", NULL),
	DIR("class", class_table),
	DIR("devices", devices_table),
	DIR("fs", fs_table),
	DIR("kernel", kernel_table),
	END,
};
static const struct sys_entry root_entry = DIR("", root_table);

static uint64_t
ino_of(const struct sys_entry *e)
{
	return (uintptr_t)e >> 3 & UINT32_MAX;
}

static enum err
snode_create(struct super *s, const struct sys_entry *e, struct vnode **out)
{
	struct snode *n = slab_alloc_zero(node_cache);

	if (n == NULL)
		return ERR_NOMEM;
	n->entry = e;
	vnode_init(&n->v, s, &sys_ops, ino_of(e),
	    e->show != NULL ? S_REGULAR | 0444 : S_DIRECTORY | 0555);
	*out = &n->v;
	return OK;
}

static const struct sys_entry *
entry_of(struct vnode *v)
{
	return container_of(v, struct snode, v)->entry;
}

static enum err
sys_lookup(struct vnode *dir, const char *name, size_t len, struct vnode **out)
{
	const struct sys_entry *e = entry_of(dir)->children;

	for (; e != NULL && e->name != NULL; e++)
		if (str_is(name, len, e->name))
			return snode_create(dir->super, e, out);
	return ERR_NOENT;
}

static enum err
sys_list(struct vnode *dir, uint64_t *off, struct dir_sink *sink)
{
	const struct sys_entry *e = entry_of(dir)->children;

	for (uint64_t at = 2; e != NULL && e->name != NULL; e++, at++) {
		const struct dir_entry d = {
			.name = e->name,
			.len = strlen(e->name),
			.ino = ino_of(e),
			.type = e->show != NULL ? S_REGULAR : S_DIRECTORY,
			.next = at + 1,
		};

		if (at < *off)
			continue;
		if (!sink->put(sink, &d))
			return OK;
		*off = at + 1;
	}
	return OK;
}

static enum err
sys_read(struct vnode *v, struct file *f, struct iter *it, uint64_t *off,
    size_t *done)
{
	char text[128];
	size_t len = entry_of(v)->show(text, sizeof(text)), n;
	enum err e;

	(void)f;
	*done = 0;
	while (*off < len && it->left != 0) {
		n = iter_write(it, text + *off,
		    MIN(len - (size_t)*off, it->left));
		*off += n;
		*done += n;
		if (n == 0) {
			e = iter_fault_in(it);
			if (e != OK)
				return *done != 0 ? OK : e;
		}
	}
	return OK;
}

static enum err
sys_get_attr(struct vnode *v, struct file_stat *st)
{
	if (entry_of(v)->show != NULL)
		st->size = PAGE_SIZE;
	return OK;
}

static void
snode_free(struct rcu_head *h)
{
	slab_free(node_cache, container_of(h, struct snode, v.rcu));
}

static void
sys_release(struct vnode *v)
{
	rcu_call(&v->rcu, snode_free);
}

static enum err
sys_set_attr(struct vnode *v, unsigned mask, const struct file_stat *a)
{
	(void)v;
	(void)mask;
	(void)a;
	return ERR_PERM;
}

static const struct vnode_ops sys_ops = {
	.lookup = sys_lookup,
	.list = sys_list,
	.read = sys_read,
	.get_attr = sys_get_attr,
	.set_attr = sys_set_attr,
	.release = sys_release,
};

static enum err
sys_mount(struct super *s, const char *source, const char *options)
{
	(void)source;
	(void)options;
	if (node_cache == NULL)
		node_cache = slab_cache_create(
		    "sysfs-node", sizeof(struct snode), 0);
	return snode_create(s, &root_entry, &s->root);
}

static enum err
sys_stat(struct super *s, struct fs_stat *out)
{
	out->magic = 0x62656572;
	out->block_size = PAGE_SIZE;
	out->name_max = s->name_max;
	return OK;
}

static const struct fs_type sysfs_type = {
	.name = "sysfs",
	.nodev = true,
	.mount = sys_mount,
	.stat = sys_stat,
};
FS_TYPE(sysfs_type);
