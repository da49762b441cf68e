/* /proc/PID/mounts and mountinfo. */
#include "proc.h"

#include <kernel/user.h>

static void
put_flags(struct seq *q, unsigned flags)
{
	seq_puts(q, (flags & MOUNT_RDONLY) ? "ro" : "rw");
	if (flags & MOUNT_NOSUID)
		seq_puts(q, ",nosuid");
	if (flags & MOUNT_NODEV)
		seq_puts(q, ",nodev");
	if (flags & MOUNT_NOEXEC)
		seq_puts(q, ",noexec");
	if (flags & MOUNT_NOATIME)
		seq_puts(q, ",noatime");
	else
		seq_puts(q, ",relatime");
}

static void
put_mount(struct seq *q, const struct mount_info *m)
{
	seq_escaped(q, m->source);
	seq_puts(q, " ");
	seq_path(q, &m->root_of_mount);
	seq_printf(q, " %s ", m->type);
	put_flags(q, m->flags);
	seq_printf(q, "%s 0 0\n", m->options);
}

/* The name of the up-th directory above d; under RCU, names may change. */
static void
ancestor_name(const struct dentry *d, unsigned up, char *buf, size_t len)
{
	rcu_read_lock();
	while (up-- > 0)
		d = d->parent;
	strlcpy(buf, d->name, len);
	rcu_read_unlock();
}

/* The part of its file system that a mount shows. */
static void
put_root(struct seq *q, const struct mount_info *m)
{
	const struct dentry *root = m->root_of_mount.dentry, *d;
	unsigned depth = 0;
	char name[256];

	rcu_read_lock();
	for (d = root; d->parent != d; d = d->parent)
		depth++;
	rcu_read_unlock();
	if (depth == 0)
		seq_puts(q, "/");
	while (depth-- > 0) {
		ancestor_name(root, depth, name, sizeof(name));
		seq_puts(q, "/");
		seq_escaped(q, name);
	}
}

static void
put_info(struct seq *q, const struct mount_info *m)
{
	seq_printf(q, "%llu %llu 0:%llu ", (unsigned long long)m->id,
	    (unsigned long long)m->parent_id, (unsigned long long)m->dev);
	put_root(q, m);
	seq_puts(q, " ");
	seq_path(q, &m->root_of_mount);
	seq_puts(q, " ");
	put_flags(q, m->flags);
	seq_printf(q, " - %s ", m->type);
	seq_escaped(q, m->source);
	seq_printf(q, " %s%s\n", (m->flags & MOUNT_RDONLY) ? "ro" : "rw",
	    m->options);
}

/* Whether the reader's root can see the mount. Its own root is asked, not the
 * place it covers: the reader's "/" may be a mount. */
static bool
reachable(const struct mount_info *m, char *buf)
{
	char *text;

	return vfs_path_text(&m->root_of_mount, NULL, buf, PATH_MAX,
	    &text) == OK && text[0] == '/';
}

static enum err
show_all(struct seq *q, const struct proc_ctx *c,
    void (*put)(struct seq *q, const struct mount_info *m))
{
	struct mount_ns *ns = mount_ns_get(c->task);
	struct mount_info m;
	uint64_t id = 0;
	char *buf = kmalloc(PATH_MAX);

	while (ns != NULL && buf != NULL && mount_next(ns, &id, &m) == OK) {
		if (reachable(&m, buf))
			put(q, &m);
		path_unref(&m.root_of_mount);
		path_unref(&m.at);
	}
	mount_ns_unref(ns);
	kfree(buf, PATH_MAX);
	return buf != NULL ? OK : ERR_NOMEM;
}

enum err
show_mounts(struct seq *q, const struct proc_ctx *c)
{
	return show_all(q, c, put_mount);
}

enum err
show_mountinfo(struct seq *q, const struct proc_ctx *c)
{
	return show_all(q, c, put_info);
}
