/*
 * devfs: the registered character devices as files.
 *
 * The tree is computed from the registry: a device named "pts/ptmx" appears
 * in a directory "pts". Nodes are made when looked up and meet in the table
 * of live vnodes, so that chmod and chown of a device last while anything
 * uses it. Standing names that are no devices (fd, stdin, shm, pts) come from
 * a short table: links into /proc, and directories to mount on.
 */
#include <kernel/chardev.h>
#include <kernel/log.h>
#include <kernel/task.h>
#include <kernel/vfs.h>

#include <lib/hash.h>
#include <lib/string.h>

#define INO_ROOT  1u
#define INO_FIXED 2u
#define INO_DIR   0x1000u /* + hash of the name */
#define INO_DEV   (UINT64_C(1) << 62) /* + rdev */

struct dnode {
	struct vnode v;
	char dir[32]; /* [I] directories: the name, "" is the root */
};

struct fixed {
	const char *name;
	const char *link; /* NULL: a directory */
	uint32_t mode;
};

static const struct fixed fixed_names[] = {
	{ "fd", "/proc/self/fd", 0777 },
	{ "stdin", "/proc/self/fd/0", 0777 },
	{ "stdout", "/proc/self/fd/1", 0777 },
	{ "stderr", "/proc/self/fd/2", 0777 },
	{ "shm", NULL, 01777 },
	{ "pts", NULL, 0755 },
};

static struct slab_cache *node_cache;
static const struct vnode_ops devfs_ops;

static struct dnode *
dnode_of(struct vnode *v)
{
	return container_of(v, struct dnode, v);
}

static enum err
node_make(struct super *s, uint64_t ino, uint32_t mode, struct vnode **out)
{
	struct dnode *n;

	if (vnode_find(s, ino, out) == OK)
		return OK;
	n = slab_alloc_zero(node_cache);
	if (n == NULL)
		return ERR_NOMEM;
	vnode_init(&n->v, s, &devfs_ops, ino, mode);
	*out = &n->v;
	return OK;
}

static uint64_t
dir_ino(const char *name, size_t len)
{
	return INO_DIR + (hash_bytes(1, name, len) >> 8);
}

static enum err
dir_make(struct super *s, const char *name, size_t len, uint32_t mode,
    struct vnode **out)
{
	struct dnode *n;
	enum err e;

	if (len >= sizeof(n->dir))
		return ERR_NAMETOOLONG;
	e = node_make(s, dir_ino(name, len), S_DIRECTORY | mode, out);
	if (e != OK)
		return e;
	n = dnode_of(*out);
	if (n->dir[0] == '\0') {
		memcpy(n->dir, name, len);
		vnode_hash(*out);
	}
	return OK;
}

static enum err
device_make(struct super *s, const struct chardev *d, struct vnode **out)
{
	enum err e = node_make(s, INO_DEV + d->rdev, S_CHAR | d->mode, out);

	if (e == OK && (*out)->rdev == 0) {
		(*out)->rdev = d->rdev;
		vnode_hash(*out);
	}
	return e;
}

static enum err
fixed_make(struct super *s, const struct fixed *f, size_t i,
    struct vnode **out)
{
	enum err e;

	if (f->link == NULL)
		return dir_make(s, f->name, strlen(f->name), f->mode, out);
	e = node_make(s, INO_FIXED + i, S_LINK | f->mode, out);
	if (e == OK && (*out)->link_text == NULL) {
		(*out)->link_text = f->link;
		vnode_hash(*out);
	}
	return e;
}

/* The part of a device's name below dir, or NULL when it lies elsewhere. */
static const char *
name_below(const struct chardev *d, const char *dir)
{
	size_t len = strlen(dir);

	if (len == 0)
		return d->name;
	if (strncmp(d->name, dir, len) != 0 || d->name[len] != '/')
		return NULL;
	return d->name + len + 1;
}

/* Two lookups of one name may run beside each other: what they make must be
 * one node, so they take turns. */
static struct mutex make_lock = MUTEX_INIT(make_lock, RANK_SPACE);

static enum err
devfs_lookup(struct vnode *dir, const char *name, size_t len,
    struct vnode **out)
{
	const char *below = dnode_of(dir)->dir;
	const struct chardev *d;
	enum err e = ERR_NOENT;

	mutex_lock(&make_lock);
	for (d = chardev_next(NULL); d != NULL && e == ERR_NOENT;
	    d = chardev_next(d)) {
		const char *rest = name_below(d, below);

		if (rest == NULL || strncmp(rest, name, len) != 0)
			continue;
		if (rest[len] == '\0')
			e = device_make(dir->super, d, out);
		else if (rest[len] == '/' && below[0] == '\0')
			e = dir_make(dir->super, name, len, 0755, out);
	}
	for (size_t i = 0; below[0] == '\0' && i < ARRAY_LEN(fixed_names) &&
	    e == ERR_NOENT; i++) {
		if (str_is(name, len, fixed_names[i].name))
			e = fixed_make(dir->super, &fixed_names[i], i, out);
	}
	mutex_unlock(&make_lock);
	return e;
}

/* A device is listed under its first component; a directory once. */
static bool
seen_before(const struct chardev *upto, const char *name, size_t len)
{
	const struct chardev *d;

	for (size_t i = 0; i < ARRAY_LEN(fixed_names); i++)
		if (str_is(name, len, fixed_names[i].name))
			return true;
	for (d = chardev_next(NULL); d != NULL && d != upto;
	    d = chardev_next(d))
		if (strncmp(d->name, name, len) == 0 && d->name[len] == '/')
			return true;
	return false;
}

static bool
put_device(const struct vnode *dir, const struct chardev *d, const char *rest,
    struct dir_sink *sink, uint64_t next)
{
	const char *slash = strchr(rest, '/');
	struct dir_entry e = {
		.name = rest,
		.len = slash == NULL ? strlen(rest) : (size_t)(slash - rest),
		.type = slash == NULL ? S_CHAR : S_DIRECTORY,
		.next = next,
	};

	(void)dir;
	if (slash != NULL && seen_before(d, rest, e.len))
		return true;
	e.ino = slash == NULL ? INO_DEV + d->rdev : dir_ino(rest, e.len);
	return sink->put(sink, &e);
}

/* Offsets count: 2.. the fixed names, then the registry's records. */
static enum err
devfs_list(struct vnode *dir, uint64_t *off, struct dir_sink *sink)
{
	const char *below = dnode_of(dir)->dir;
	const size_t fixed = below[0] == '\0' ? ARRAY_LEN(fixed_names) : 0;
	uint64_t at = 2 + fixed;
	const struct chardev *d;

	while (*off - 2 < fixed) {
		const struct fixed *f = &fixed_names[*off - 2];
		const struct dir_entry e = {
			.name = f->name,
			.len = strlen(f->name),
			.ino = f->link != NULL ? INO_FIXED + *off - 2 :
			    dir_ino(f->name, strlen(f->name)),
			.type = f->link != NULL ? S_LINK : S_DIRECTORY,
			.next = *off + 1,
		};

		if (!sink->put(sink, &e))
			return OK;
		++*off;
	}
	for (d = chardev_next(NULL); d != NULL; d = chardev_next(d), at++) {
		const char *rest = name_below(d, below);

		if (at < *off)
			continue;
		if (rest != NULL &&
		    !put_device(dir, d, rest, sink, at + 1))
			return OK;
		*off = at + 1;
	}
	return OK;
}

/* Names come when drivers do: a name once missing may be there now. */
static bool
devfs_still_valid(struct vnode *dir, const char *name, size_t len,
    struct vnode *v)
{
	(void)dir;
	(void)name;
	(void)len;
	return v != NULL && (!vnode_is(v, S_CHAR) ||
	    chardev_find(v->rdev) != NULL);
}

static void
dnode_free(struct rcu_head *h)
{
	slab_free(node_cache, container_of(h, struct dnode, v.rcu));
}

static void
devfs_release(struct vnode *v)
{
	rcu_call(&v->rcu, dnode_free);
}

static const struct vnode_ops devfs_ops = {
	.lookup = devfs_lookup,
	.list = devfs_list,
	.still_valid = devfs_still_valid,
	.release = devfs_release,
};

static enum err
devfs_mount(struct super *s, const char *source, const char *options)
{
	enum err e;

	(void)source;
	(void)options;
	if (node_cache == NULL)
		node_cache = slab_cache_create(
		    "devfs-node", sizeof(struct dnode), 0);
	e = node_make(s, INO_ROOT, S_DIRECTORY | 0755, &s->root);
	s->name_max = 255;
	return e;
}

static enum err
devfs_stat(struct super *s, struct fs_stat *out)
{
	out->magic = 0x1373;
	out->block_size = PAGE_SIZE;
	out->name_max = s->name_max;
	return OK;
}

static const struct fs_type devfs_type = {
	.name = "devfs",
	.nodev = true,
	.mount = devfs_mount,
	.stat = devfs_stat,
};
FS_TYPE(devfs_type);

/* The name Linux programs ask for. */
static const struct fs_type devtmpfs_type = {
	.name = "devtmpfs",
	.nodev = true,
	.mount = devfs_mount,
	.stat = devfs_stat,
};
FS_TYPE(devtmpfs_type);
