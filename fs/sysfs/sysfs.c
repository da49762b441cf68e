/*
 * sysfs: the few facts about the machine that programs look up here.
 *
 * A constant tree of directories and files, in which some directories are of
 * things that were found at start-up; a file's text is made when it is read.
 * Nodes are made when looked up.
 */
#include <kernel/chardev.h>
#include <kernel/cpu.h>
#include <kernel/mm.h>
#include <kernel/task.h>
#include <kernel/vfs.h>

#include <lib/string.h>

#include "sys.h"

struct snode {
	struct vnode v;
	const struct sys_entry *entry; /* [I] */
	const void *thing; /* [I] that it tells of; NULL: of the machine */
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
static const struct sys_entry bus_table[] = {
	DIR("pci", sys_pci),
	END,
};
static const struct sys_entry root_table[] = {
	DIR("block", NULL),
	DIR("bus", bus_table),
	DIR("class", class_table),
	DIR("devices", devices_table),
	DIR("fs", fs_table),
	DIR("kernel", kernel_table),
	END,
};
static const struct sys_entry root_entry = DIR("", root_table);

/* A table of things has its entry for each of them; the pairs differ. */
static uint64_t
ino_of(const struct sys_entry *e, const void *thing)
{
	return ((uintptr_t)e >> 3 ^ (uintptr_t)thing * 31) & UINT32_MAX;
}

static bool
is_dir(const struct sys_entry *e)
{
	return e->show == NULL && e->text == NULL && e->bytes == NULL;
}

static enum err
snode_create(struct super *s, const struct sys_entry *e, const void *thing,
    struct vnode **out)
{
	struct snode *n = slab_alloc_zero(node_cache);

	if (n == NULL)
		return ERR_NOMEM;
	n->entry = e;
	n->thing = thing;
	vnode_init(&n->v, s, &sys_ops, ino_of(e, thing),
	    is_dir(e) ? S_DIRECTORY | 0555 : S_REGULAR | 0444);
	*out = &n->v;
	return OK;
}

static struct snode *
snode_of(struct vnode *v)
{
	return container_of(v, struct snode, v);
}

static enum err
sys_lookup(struct vnode *dir, const char *name, size_t len, struct vnode **out)
{
	const struct snode *n = snode_of(dir);
	const struct sys_entry *e = n->entry->children;
	const struct sys_things *t = n->entry->things;
	char own[32];

	for (; e != NULL && e->name != NULL; e++)
		if (str_is(name, len, e->name))
			return snode_create(dir->super, e, n->thing, out);
	for (const void *thing = t != NULL ? t->next(NULL) : NULL;
	    thing != NULL; thing = t->next(thing)) {
		t->name(thing, own, sizeof(own));
		if (str_is(name, len, own))
			return snode_create(dir->super, t->each, thing, out);
	}
	return ERR_NOENT;
}

/* One entry of a listing at place at. False: the list ends here. */
static bool
put(struct dir_sink *sink, uint64_t at, uint64_t *off,
    const struct dir_entry *d)
{
	struct dir_entry with = *d;

	if (at < *off)
		return true;
	with.len = strlen(d->name);
	with.next = at + 1;
	if (!sink->put(sink, &with))
		return false;
	*off = at + 1;
	return true;
}

static enum err
sys_list(struct vnode *dir, uint64_t *off, struct dir_sink *sink)
{
	const struct snode *n = snode_of(dir);
	const struct sys_entry *e = n->entry->children;
	const struct sys_things *t = n->entry->things;
	uint64_t at = 2;
	char own[32];

	for (; e != NULL && e->name != NULL; e++)
		if (!put(sink, at++, off, &(struct dir_entry){
		    .name = e->name, .ino = ino_of(e, n->thing),
		    .type = is_dir(e) ? S_DIRECTORY : S_REGULAR }))
			return OK;
	for (const void *thing = t != NULL ? t->next(NULL) : NULL;
	    thing != NULL; thing = t->next(thing)) {
		t->name(thing, own, sizeof(own));
		if (!put(sink, at++, off, &(struct dir_entry){
		    .name = own, .ino = ino_of(t->each, thing),
		    .type = S_DIRECTORY }))
			return OK;
	}
	return OK;
}

/* What of the node lies at off, at most SYS_TEXT_MAX bytes. */
static size_t
content(const struct snode *n, uint64_t off, char *buf)
{
	const struct sys_entry *e = n->entry;
	size_t len;

	if (e->bytes != NULL)
		return off > SIZE_MAX / 2 ? 0 : e->bytes(n->thing,
		    (size_t)off, (uint8_t *)buf, SYS_TEXT_MAX);
	len = e->show != NULL ? e->show(buf, SYS_TEXT_MAX) :
	    e->text(n->thing, buf, SYS_TEXT_MAX);
	len = MIN(len, SYS_TEXT_MAX);
	if (off >= len)
		return 0;
	memmove(buf, buf + off, len - (size_t)off);
	return len - (size_t)off;
}

/* Hands on len bytes of buf. */
static enum err
hand_on(struct iter *it, const char *buf, size_t len, size_t *done)
{
	size_t at = 0, n;
	enum err e = OK;

	while (e == OK && at < len && it->left != 0) {
		n = iter_write(it, buf + at, MIN(len - at, it->left));
		at += n;
		if (n == 0)
			e = iter_fault_in(it);
	}
	*done += at;
	return e;
}

static enum err
sys_read(struct vnode *v, struct file *f, struct iter *it, uint64_t *off,
    size_t *done)
{
	char *buf = kmalloc(SYS_TEXT_MAX);
	enum err e = buf != NULL ? OK : ERR_NOMEM;
	size_t len, before;

	(void)f;
	*done = 0;
	while (e == OK && it->left != 0) {
		len = content(snode_of(v), *off, buf);
		before = *done;
		e = hand_on(it, buf, len, done);
		*off += *done - before;
		if (len == 0)
			break;
	}
	kfree(buf, SYS_TEXT_MAX);
	return *done != 0 ? OK : e;
}

static enum err
sys_get_attr(struct vnode *v, struct file_stat *st)
{
	const struct snode *n = snode_of(v);

	if (n->entry->size != NULL)
		st->size = n->entry->size(n->thing);
	else if (!is_dir(n->entry))
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
	return snode_create(s, &root_entry, NULL, &s->root);
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
