/*
 * Memory as files: nameless files of a tmpfs that is mounted nowhere.
 *
 * Nobody can walk there; each file lives as long as descriptors and mappings
 * hold it. The instance is made at the first use and then kept.
 */
#include "internal.h"

static struct {
	struct mutex lock;
	_Atomic(struct mount *) mount; /* [l] to set, then constant */
} memory = {
	.lock = MUTEX_INIT(memory.lock, RANK_CONTAINER),
};

static enum err
memory_mount(struct mount **out)
{
	struct mount *m = atomic_load(&memory.mount);
	const struct fs_type *type = fs_type_by_name("tmpfs");
	struct super *s = NULL;
	enum err e = OK;

	if (m != NULL)
		goto out;
	if (type == NULL)
		return ERR_NODEV;
	mutex_lock(&memory.lock);
	m = atomic_load(&memory.mount);
	if (m == NULL) {
		e = super_create(type, "memory", "mode=1777", &s);
		if (e == OK)
			e = mount_create(s, s->root_dentry, "memory",
			    MOUNT_NOSUID | MOUNT_NODEV, &m);
		if (e == OK)
			atomic_store(&memory.mount, m);
		if (s != NULL)
			super_unref(s);
	}
	mutex_unlock(&memory.lock);
out:
	if (e == OK)
		*out = m;
	return e;
}

enum err
vfs_memory_file(unsigned file_flags, struct file **out)
{
	const struct open_how how = {
		.flags = file_flags | FILE_READ | FILE_WRITE,
		.how = OPEN_TMPFILE,
		.mode = 0777,
	};
	struct mount *m;
	struct path base;
	enum err e = memory_mount(&m);

	if (e != OK)
		return e;
	base.mount = m;
	base.dentry = m->root;
	return vfs_open(&base, ".", &how, out);
}

bool
file_is_memory(const struct file *f)
{
	return f->path.mount != NULL &&
	    f->path.mount == atomic_load(&memory.mount);
}
