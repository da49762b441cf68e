/*
 * The tree of procfs: nodes made from entries when their names are looked
 * up, and files that snapshot their text at the first read.
 */
#include "proc.h"

#include <kernel/mm.h>
#include <kernel/time.h>
#include <kernel/user.h>
#include <lib/hash.h>
#include <lib/num.h>

struct pnode {
	struct vnode v;
	const struct proc_entry *entry; /* [I] */
	int pid, tid; /* [I] 0: none */
	ns_t started; /* [I] of the task */
	uint32_t number; /* [I] */
};

static struct slab_cache *node_cache;
static const struct vnode_ops dir_ops, file_ops, link_ops, place_ops;

static struct pnode *
pnode_of(struct vnode *v)
{
	return container_of(v, struct pnode, v);
}

static const struct vnode_ops *
ops_of(const struct proc_entry *e)
{
	switch (e->mode & S_TYPE_MASK) {
	case S_DIRECTORY:
		return &dir_ops;
	case S_LINK:
		return e->follow != NULL ? &place_ops : &link_ops;
	default:
		return &file_ops;
	}
}

/* A new node for entry e; ids from like (the directory). */
static enum err
pnode_create(struct super *s, const struct proc_entry *e,
    const struct pnode *like, struct pnode **out)
{
	struct pnode *n = slab_alloc_zero(node_cache);

	if (n == NULL)
		return ERR_NOMEM;
	n->entry = e;
	if (like != NULL) {
		n->pid = like->pid;
		n->tid = like->tid;
		n->started = like->started;
		n->number = like->number;
	}
	vnode_init(&n->v, s, ops_of(e), 1, e->mode);
	*out = n;
	return OK;
}

static uint64_t
ino_of(const struct proc_entry *e, int pid, int tid, uint32_t number)
{
	uint64_t ids = hash_mix((uint64_t)pid << 32 | (uint32_t)tid, number);

	return hash_mix((uintptr_t)e, ids) >> 16 | 1;
}

static void
pnode_number(struct pnode *n)
{
	n->v.ino = ino_of(n->entry, n->pid, n->tid, n->number);
}

/* ---- what a call is about --------------------------------------------- */

/* Fills *c from the node's ids. ERR_NOTASK: it ended. */
static enum err
ctx_get(const struct pnode *n, struct proc_ctx *c)
{
	enum err e;

	*c = (struct proc_ctx){
		.number = n->number,
		.container = task_current()->container,
	};
	if (n->pid == 0)
		return OK;
	e = task_find(n->pid, &c->task);
	if (e != OK)
		return ERR_NOTASK;
	if (c->task->start_time != n->started) {
		e = ERR_NOTASK;
	} else if (n->tid != 0) {
		e = thread_find(n->tid, &c->thread);
		if (e == OK && c->thread->task != c->task)
			e = ERR_NOTASK;
	} else {
		c->thread = task_leader_get(c->task);
	}
	if (e != OK) {
		if (c->thread != NULL)
			obj_unref(&c->thread->obj);
		task_unref(c->task);
	}
	return e == OK ? OK : ERR_NOTASK;
}

static void
ctx_put(struct proc_ctx *c)
{
	if (c->thread != NULL)
		obj_unref(&c->thread->obj);
	task_unref(c->task);
}

/* Files of a task belong to its user. */
static void
pnode_owner(struct pnode *n, const struct proc_ctx *c)
{
	struct creds *cr;

	if (c->task == NULL)
		return;
	cr = creds_get(c->task);
	if (cr == NULL)
		return;
	atomic_store(&n->v.uid, cr->euid);
	atomic_store(&n->v.gid, cr->egid);
	creds_put(cr);
}

/* ---- directories ------------------------------------------------------ */

/* Gives a computed child its ids. */
static enum err
child_ids(struct pnode *n, const struct pnode *dir, uint32_t number)
{
	struct task *t = NULL;
	enum err e;

	switch (dir->entry->makes) {
	case PROC_MAKES_TASK:
		e = task_find((int)number, &t);
		if (e != OK)
			return ERR_NOENT;
		n->pid = (int)number;
		n->started = t->start_time;
		task_unref(t);
		return OK;
	case PROC_MAKES_THREAD:
		n->tid = (int)number;
		return OK;
	default:
		n->number = number;
		return OK;
	}
}

static enum err
lookup_computed(struct vnode *dv, const struct proc_ctx *c, const char *name,
    size_t len, struct pnode **out)
{
	struct pnode *dir = pnode_of(dv), *n = NULL;
	struct proc_name found;
	uint64_t number;
	enum err e;

	if (dir->entry->next == NULL || (len > 1 && name[0] == '0') ||
	    !num_parse_u64(name, len, 10, &number) || number > INT32_MAX)
		return ERR_NOENT;
	e = dir->entry->next(c, (uint32_t)number, &found);
	if (e != OK || found.number != number)
		return ERR_NOENT;
	e = pnode_create(dv->super, found.entry, dir, &n);
	if (e != OK)
		return e;
	e = child_ids(n, dir, (uint32_t)number);
	if (e != OK) {
		vnode_unref(&n->v);
		return e;
	}
	*out = n;
	return OK;
}

static enum err
proc_lookup(struct vnode *dv, const char *name, size_t len,
    struct vnode **out)
{
	struct pnode *dir = pnode_of(dv), *n = NULL;
	const struct proc_entry *e = dir->entry->children;
	struct proc_ctx c;
	enum err err = ctx_get(dir, &c);

	if (err != OK)
		return ERR_NOENT;
	while (e != NULL && e->name != NULL && !str_is(name, len, e->name))
		e++;
	if (e != NULL && e->name != NULL)
		err = pnode_create(dv->super, e, dir, &n);
	else
		err = lookup_computed(dv, &c, name, len, &n);
	if (err == OK) {
		pnode_number(n);
		pnode_owner(n, &c);
		if (c.task == NULL && n->pid != 0) {
			struct proc_ctx child;

			if (ctx_get(n, &child) == OK) {
				pnode_owner(n, &child);
				ctx_put(&child);
			}
		}
		*out = &n->v;
	}
	ctx_put(&c);
	return err;
}

static bool
put_static(const struct pnode *dir, const struct proc_entry *e, uint64_t next,
    struct dir_sink *sink)
{
	const struct dir_entry d = {
		.name = e->name,
		.len = strlen(e->name),
		.ino = ino_of(e, dir->pid, dir->tid, dir->number),
		.type = e->mode & S_TYPE_MASK,
		.next = next,
	};

	return sink->put(sink, &d);
}

#define COMPUTED 256u /* offsets from here on are numbers */

static enum err
list_computed(const struct pnode *dir, const struct proc_ctx *c,
    uint64_t *off, struct dir_sink *sink)
{
	struct proc_name found;

	while (*off - COMPUTED <= INT32_MAX && dir->entry->next(
	    c, (uint32_t)(*off - COMPUTED), &found) == OK) {
		char text[12];
		struct dir_entry d = {
			.name = text,
			.type = found.entry->mode & S_TYPE_MASK,
			.next = (uint64_t)found.number + 1 + COMPUTED,
		};
		bool task = dir->entry->makes == PROC_MAKES_TASK;
		bool thread = dir->entry->makes == PROC_MAKES_THREAD;

		d.len = (size_t)snprintf(
		    text, sizeof(text), "%u", found.number);
		d.ino = ino_of(found.entry,
		    task ? (int)found.number : dir->pid,
		    thread ? (int)found.number : dir->tid,
		    task || thread ? dir->number : found.number);
		if (!sink->put(sink, &d))
			return OK;
		*off = d.next;
	}
	return OK;
}

static enum err
proc_list(struct vnode *dv, uint64_t *off, struct dir_sink *sink)
{
	const struct pnode *dir = pnode_of(dv);
	const struct proc_entry *e = dir->entry->children;
	struct proc_ctx c;
	enum err err = ctx_get(dir, &c);

	if (err != OK)
		return ERR_NOENT;
	for (uint64_t at = 2; e != NULL && e->name != NULL; e++, at++) {
		if (at < *off)
			continue;
		if (!put_static(dir, e, at + 1, sink))
			goto out;
		*off = at + 1;
	}
	if (dir->entry->next != NULL) {
		*off = MAX(*off, (uint64_t)COMPUTED);
		err = list_computed(dir, &c, off, sink);
	}
out:
	ctx_put(&c);
	return err;
}

/* Fixed names stay; a task's directory stays while it is that task; handles
 * and threads are asked for anew. Runs under RCU. */
static bool
proc_still_valid(struct vnode *dv, const char *name, size_t len,
    struct vnode *v)
{
	const struct pnode *dir = pnode_of(dv), *n;

	(void)name;
	(void)len;
	if (v == NULL)
		return false;
	n = pnode_of(v);
	if (dir->entry->makes == PROC_MAKES_TASK && n->pid != dir->pid)
		return task_is(task_current()->container, n->pid, n->started);
	return dir->entry->next == NULL || n->entry->name != NULL;
}

/* ---- links ------------------------------------------------------------ */

static enum err
proc_read_link(struct vnode *v, char *buf, size_t len, size_t *done)
{
	struct pnode *n = pnode_of(v);
	struct proc_ctx c;
	enum err e = ctx_get(n, &c);

	if (e != OK)
		return ERR_NOENT;
	e = n->entry->link(&c, buf, len, done);
	ctx_put(&c);
	return e;
}

static enum err
proc_follow(struct vnode *v, struct path *out)
{
	struct pnode *n = pnode_of(v);
	struct proc_ctx c;
	enum err e = ctx_get(n, &c);

	if (e != OK)
		return ERR_NOENT;
	e = n->entry->follow(&c, out);
	ctx_put(&c);
	return e;
}

/* ---- files ------------------------------------------------------------ */

/* A snapshot per open file: text is whole and consistent over many reads. */
struct snapshot {
	struct mutex lock; /* no rank: shows take locks of all kinds */
	struct seq seq; /* [l] */
	bool made; /* [l] */
};

static enum err
snapshot_make(struct pnode *n, struct snapshot *s)
{
	struct proc_ctx c;
	enum err e = ctx_get(n, &c);

	if (e != OK)
		return e;
	seq_clear(&s->seq);
	e = n->entry->show(&s->seq, &c);
	ctx_put(&c);
	if (e == OK && s->seq.failed)
		e = ERR_NOMEM;
	s->made = e == OK;
	return e;
}

static enum err
proc_read(struct file *f, struct iter *it, uint64_t *off, size_t *done)
{
	struct pnode *n = pnode_of(f->vnode);
	struct snapshot *s = f->data;
	enum err e = OK;

	if (n->entry->show == NULL)
		return ERR_INVAL;
	mutex_lock(&s->lock);
	if (!s->made || *off == 0)
		e = snapshot_make(n, s);
	if (e == OK)
		e = seq_read(&s->seq, it, *off, done);
	mutex_unlock(&s->lock);
	if (e == OK)
		*off += *done;
	return e;
}

#define STORE_MAX 4095u

static enum err
proc_write(struct file *f, struct iter *it, uint64_t *off, size_t *done)
{
	struct pnode *n = pnode_of(f->vnode);
	size_t len = it->left, at = 0;
	struct proc_ctx c;
	char *text = NULL;
	enum err e;

	if (n->entry->store == NULL)
		return ERR_PERM;
	if (len > STORE_MAX)
		return ERR_INVAL;
	text = kmalloc(STORE_MAX + 1);
	if (text == NULL)
		return ERR_NOMEM;
	while (at < len) {
		size_t got = iter_read(it, text + at, len - at);

		at += got;
		e = got == 0 ? iter_fault_in(it) : OK;
		if (e != OK)
			goto out;
	}
	while (at > 0 && (text[at - 1] == '\n' || text[at - 1] == ' '))
		at--;
	text[at] = '\0';
	e = ctx_get(n, &c);
	if (e == OK) {
		e = n->entry->store(&c, text, at);
		ctx_put(&c);
	}
	if (e == OK) {
		*done = len;
		*off += len;
	}
out:
	kfree(text, STORE_MAX + 1);
	return e;
}

static void
proc_file_release(struct file *f)
{
	struct snapshot *s = f->data;

	seq_clear(&s->seq);
	kfree(s, sizeof(*s));
}

static const struct file_ops proc_file_ops = {
	.read = proc_read,
	.write = proc_write,
	.release = proc_file_release,
};

static enum err
proc_open(struct vnode *v, struct file *f)
{
	struct pnode *n = pnode_of(v);
	struct snapshot *s;

	if (n->entry->open != NULL) {
		struct proc_ctx c;
		enum err e = ctx_get(n, &c);

		if (e == OK) {
			e = n->entry->open(&c, f);
			ctx_put(&c);
		}
		return e;
	}
	s = kzalloc(sizeof(*s));
	if (s == NULL)
		return ERR_NOMEM;
	mutex_init(&s->lock, RANK_NONE, "proc file");
	seq_init(&s->seq);
	f->data = s;
	f->ops = &proc_file_ops;
	return OK;
}

/* ---- nodes ------------------------------------------------------------ */

static enum err
proc_get_attr(struct vnode *v, struct file_stat *st)
{
	struct pnode *n = pnode_of(v);
	struct proc_ctx c;

	if (n->pid != 0 && ctx_get(n, &c) == OK) {
		pnode_owner(n, &c);
		ctx_put(&c);
		st->uid = atomic_load(&v->uid);
		st->gid = atomic_load(&v->gid);
	}
	st->block_size = 1024;
	return OK;
}

static void
pnode_free(struct rcu_head *h)
{
	slab_free(node_cache, container_of(h, struct pnode, v.rcu));
}

static void
proc_release(struct vnode *v)
{
	rcu_call(&v->rcu, pnode_free);
}

/* Attributes are what the entry says: nobody changes them. A write open asks
 * for truncation, which has nothing to do. */
static enum err
proc_set_attr(struct vnode *v, unsigned mask, const struct file_stat *a)
{
	(void)v;
	(void)mask;
	(void)a;
	return ERR_PERM;
}

static enum err
proc_resize(struct vnode *v, uint64_t size)
{
	(void)v;
	(void)size;
	return OK;
}

static enum err
proc_task(struct vnode *v, struct task **out)
{
	struct proc_ctx c;
	enum err e = ERR_BADHANDLE;

	if (pnode_of(v)->entry == &proc_task_dir)
		e = ctx_get(pnode_of(v), &c);
	if (e != OK)
		return e;
	*out = task_ref(c.task);
	ctx_put(&c);
	return OK;
}

static const struct vnode_ops dir_ops = {
	.lookup = proc_lookup,
	.list = proc_list,
	.task = proc_task,
	.get_attr = proc_get_attr,
	.set_attr = proc_set_attr,
	.still_valid = proc_still_valid,
	.release = proc_release,
};
static const struct vnode_ops file_ops = {
	.open = proc_open,
	.get_attr = proc_get_attr,
	.set_attr = proc_set_attr,
	.resize = proc_resize,
	.release = proc_release,
};
static const struct vnode_ops link_ops = {
	.read_link = proc_read_link,
	.get_attr = proc_get_attr,
	.set_attr = proc_set_attr,
	.release = proc_release,
};
static const struct vnode_ops place_ops = {
	.read_link = proc_read_link,
	.follow = proc_follow,
	.get_attr = proc_get_attr,
	.set_attr = proc_set_attr,
	.release = proc_release,
};

static enum err
proc_mount(struct super *s, const char *source, const char *options)
{
	struct pnode *root = NULL;
	enum err e;

	(void)source;
	(void)options;
	if (node_cache == NULL)
		node_cache = slab_cache_create(
		    "proc-node", sizeof(struct pnode), 0);
	e = pnode_create(s, &proc_root, NULL, &root);
	if (e == OK)
		s->root = &root->v;
	return e;
}

static enum err
proc_stat(struct super *s, struct fs_stat *out)
{
	out->magic = 0x9fa0;
	out->block_size = PAGE_SIZE;
	out->name_max = s->name_max;
	return OK;
}

static const struct fs_type proc_type = {
	.name = "proc",
	.nodev = true,
	.mount = proc_mount,
	.stat = proc_stat,
};
FS_TYPE(proc_type);
