/* SPDX-License-Identifier: MIT */
/*
 * devpts: the slaves of ptys as files, and ptmx.
 *
 * The tree is computed from a set of ptys (kernel/tty/pty.c). The mounts
 * share the set that /dev/ptmx uses, except those with the option
 * newinstance, which get one of their own. A name is never trusted from the
 * cache, because a number can come to mean another pty; nodes of one pty
 * meet in the table of live vnodes, by the pty's id, so that chmod and chown
 * last while anything uses the node.
 *
 * Options: mode=, uid=, gid= of slaves (0620, their opener's), ptmxmode=
 * (0666), newinstance.
 * Source: man-pages 6.03, pts(4); mount(8).
 */
#include <kernel/chardev.h>
#include <kernel/mm.h>
#include <kernel/tty.h>
#include <kernel/vfs.h>

#include <lib/fmt.h>
#include <lib/num.h>
#include <lib/string.h>

#define INO_ROOT  1u
#define INO_PTMX  2u
#define INO_SLAVE 3u /* + the pty's id */
#define PTMX_RDEV RDEV(5, 2)
#define NUMBER_LEN 12

struct instance {
	struct pty_set *set; /* [I] referenced */
	uint32_t mode, ptmx_mode; /* [I] permissions */
	uint32_t uid, gid; /* [I] UINT32_MAX: the opener's */
	bool own_set; /* [I] newinstance */
};

static const struct vnode_ops devpts_ops;

static struct instance *
instance_of(const struct super *s)
{
	return s->data;
}

/* ---- nodes ------------------------------------------------------------- */

static enum err
node_make(struct super *s, uint64_t ino, uint32_t mode, uint64_t rdev,
    struct vnode **out)
{
	struct vnode *v;

	if (vnode_find(s, ino, out) == OK)
		return OK;
	v = kzalloc(sizeof(*v));
	if (v == NULL)
		return ERR_NOMEM;
	vnode_init(v, s, &devpts_ops, ino, mode);
	v->rdev = rdev;
	*out = v;
	return OK;
}

static enum err
slave_make(struct super *s, const struct pty_info *p, struct vnode **out)
{
	const struct instance *in = instance_of(s);
	const uint64_t rdev = RDEV(PTY_SLAVE_MAJOR, p->number);
	enum err e = node_make(
	    s, INO_SLAVE + p->id, S_CHAR | in->mode, rdev, out);
	struct vnode *v;

	if (e != OK || hnode_is_linked(&(*out)->hash))
		return e;
	v = *out;
	atomic_store(&v->uid, in->uid != UINT32_MAX ? in->uid : p->uid);
	atomic_store(&v->gid, in->gid != UINT32_MAX ? in->gid : p->gid);
	vnode_hash(v);
	return OK;
}

static enum err
ptmx_make(struct super *s, struct vnode **out)
{
	enum err e = node_make(s, INO_PTMX,
	    S_CHAR | instance_of(s)->ptmx_mode, PTMX_RDEV, out);

	if (e == OK && !hnode_is_linked(&(*out)->hash))
		vnode_hash(*out);
	return e;
}

/* Two lookups may run beside each other and must make one node. */
static struct mutex make_lock = MUTEX_INIT(make_lock, RANK_SPACE);

static enum err
devpts_lookup(struct vnode *dir, const char *name, size_t len,
    struct vnode **out)
{
	struct super *s = dir->super;
	struct pty_info p;
	uint64_t n;
	enum err e = ERR_NOENT;

	mutex_lock(&make_lock);
	if (str_is(name, len, "ptmx"))
		e = ptmx_make(s, out);
	else if ((len == 1 || name[0] != '0') &&
	    num_parse_u64(name, len, 10, &n) && n <= UINT32_MAX &&
	    pty_next(instance_of(s)->set, (unsigned)n, &p) == OK &&
	    p.number == n)
		e = slave_make(s, &p, out);
	mutex_unlock(&make_lock);
	return e;
}

/* A number is given out again: the name is good as long as it means this
 * pty. */
static bool
devpts_still_valid(struct vnode *dir, const char *name UNUSED,
    size_t len UNUSED, struct vnode *v)
{
	struct pty_info p;
	unsigned number;

	if (v == NULL || v->ino == INO_PTMX)
		return v != NULL;
	number = RDEV_MINOR(v->rdev);
	return pty_next(instance_of(dir->super)->set, number, &p) == OK &&
	    p.number == number && v->ino == INO_SLAVE + p.id;
}

/* Offsets: 2 is ptmx, 3 + n is the first pty numbered n or more. */
static enum err
devpts_list(struct vnode *dir, uint64_t *off, struct dir_sink *sink)
{
	struct pty_set *set = instance_of(dir->super)->set;
	struct pty_info p;

	if (*off <= 2) {
		const struct dir_entry e = { "ptmx", 4, INO_PTMX, S_CHAR, 3 };

		if (!sink->put(sink, &e))
			return OK;
		*off = 3;
	}
	while (pty_next(set, (unsigned)(*off - 3), &p) == OK) {
		char name[NUMBER_LEN];
		struct dir_entry e = {
			.name = name, .ino = INO_SLAVE + p.id, .type = S_CHAR,
			.next = (uint64_t)p.number + 4,
		};

		e.len = (size_t)snprintf(name, sizeof(name), "%u", p.number);
		if (!sink->put(sink, &e))
			break;
		*off = e.next;
	}
	return OK;
}

static enum err
devpts_open(struct vnode *v, struct file *f)
{
	struct pty_set *set = instance_of(v->super)->set;

	if (v->ino == INO_ROOT)
		return OK;
	if (v->ino == INO_PTMX)
		return pty_open_master(set, f);
	return pty_open_slave(set, (uint32_t)v->rdev, f);
}

static void
node_free(struct rcu_head *h)
{
	kfree(container_of(h, struct vnode, rcu), sizeof(struct vnode));
}

static void
devpts_release(struct vnode *v)
{
	rcu_call(&v->rcu, node_free);
}

static const struct vnode_ops devpts_ops = {
	.lookup = devpts_lookup,
	.list = devpts_list,
	.open = devpts_open,
	.still_valid = devpts_still_valid,
	.release = devpts_release,
};

/* ---- instances --------------------------------------------------------- */

static bool
number(const char *s, size_t len, unsigned base, uint32_t *out)
{
	uint64_t v;

	if (!num_parse_u64(s, len, base, &v) || v > UINT32_MAX)
		return false;
	*out = (uint32_t)v;
	return true;
}

static bool
option(struct instance *in, const char *word, size_t len)
{
	const char *eq = memchr(word, '=', len);
	size_t key = eq == NULL ? len : (size_t)(eq - word);
	const char *value = word + key + 1;
	size_t n = eq == NULL ? 0 : len - key - 1;

	if (str_is(word, len, "newinstance")) {
		in->own_set = true;
		return true;
	}
	if (eq == NULL)
		return false;
	if (str_is(word, key, "mode"))
		return number(value, n, 8, &in->mode);
	if (str_is(word, key, "ptmxmode"))
		return number(value, n, 8, &in->ptmx_mode);
	if (str_is(word, key, "uid"))
		return number(value, n, 10, &in->uid);
	if (str_is(word, key, "gid"))
		return number(value, n, 10, &in->gid);
	if (str_is(word, key, "max")) {
		uint32_t unused;

		/* The limit is the kernel's; the number has to be one. */
		return number(value, n, 10, &unused);
	}
	return false;
}

static enum err
options_parse(struct instance *in, const char *text)
{
	while (text != NULL && *text != '\0') {
		const char *comma = strchr(text, ',');
		size_t len = comma == NULL ? strlen(text) :
		    (size_t)(comma - text);

		if (len > 0 && !option(in, text, len))
			return ERR_INVAL;
		text += len + (comma != NULL);
	}
	in->mode &= 07777u;
	in->ptmx_mode &= 07777u;
	return OK;
}

static enum err
devpts_mount(struct super *s, const char *source UNUSED, const char *options)
{
	struct instance *in = kzalloc(sizeof(*in));
	enum err e;

	if (in == NULL)
		return ERR_NOMEM;
	*in = (struct instance){
		.mode = 0620, .ptmx_mode = 0666,
		.uid = UINT32_MAX, .gid = UINT32_MAX,
	};
	e = options_parse(in, options);
	if (e != OK)
		goto out;
	in->set = in->own_set ? pty_set_create() : pty_set_ref(pty_set_first());
	e = in->set == NULL ? ERR_NOMEM : OK;
	if (e != OK)
		goto out;
	s->data = in;
	s->name_max = 255;
	e = node_make(s, INO_ROOT, S_DIRECTORY | 0755, 0, &s->root);
	if (e == OK)
		return OK;
	pty_set_unref(in->set);
out:
	kfree(in, sizeof(*in));
	return e;
}

static void
devpts_unmount(struct super *s)
{
	struct instance *in = instance_of(s);

	pty_set_unref(in->set);
	kfree(in, sizeof(*in));
}

static enum err
devpts_stat(struct super *s, struct fs_stat *out)
{
	out->magic = 0x1cd1;
	out->block_size = PAGE_SIZE;
	out->name_max = s->name_max;
	return OK;
}

static size_t
devpts_options(struct super *s, char *buf, size_t len)
{
	const struct instance *in = instance_of(s);

	return (size_t)snprintf(buf, len, ",mode=%o,ptmxmode=%03o", in->mode,
	    in->ptmx_mode);
}

static const struct fs_type devpts_type = {
	.name = "devpts",
	.nodev = true,
	.mount = devpts_mount,
	.unmount = devpts_unmount,
	.stat = devpts_stat,
	.options = devpts_options,
};
FS_TYPE(devpts_type);
