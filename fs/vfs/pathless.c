/*
 * Places for files that have none, so that /proc/PID/fd/N of a pipe can be
 * opened like any other name.
 *
 * They live in a super of their own that is mounted nowhere. A place is a
 * vnode that holds the file; a file opened there passes reads, writes and
 * waits on to it. Only pipes, files and tasks are opened so: a wait set
 * behind such a file would get into itself unseen.
 *
 * Source: Linux 6.18, which answers ENXIO for sockets, events and the like.
 */
#include "internal.h"

static struct {
	struct mutex lock;
	struct mount *mount; /* [l] made at first use, then constant */
} places = {
	.lock = MUTEX_INIT(places.lock, RANK_NAMESPACE),
};

struct place {
	struct vnode v;
	struct file *file; /* [I] referenced */
};

static const struct vnode_ops place_ops, root_ops;

static void
place_free(struct rcu_head *h)
{
	struct place *p = container_of(h, struct place, v.rcu);

	kfree(p, sizeof(*p));
}

static void
place_release(struct vnode *v)
{
	struct place *p = container_of(v, struct place, v);

	file_unref(p->file);
	rcu_call(&v->rcu, place_free);
}

static enum err
place_get_attr(struct vnode *v, struct file_stat *st)
{
	return file_stat_of(container_of(v, struct place, v)->file, st);
}

/* ---- the file that passes on ------------------------------------------ */

static enum err
pass_read(struct file *f, struct iter *it, uint64_t *off, size_t *done)
{
	struct file *to = f->data;

	(void)off;
	return file_read(to, it, done);
}

static enum err
pass_write(struct file *f, struct iter *it, uint64_t *off, size_t *done)
{
	struct file *to = f->data;

	(void)off;
	return file_write(to, it, done);
}

static unsigned
pass_poll(struct file *f, struct poll_request *r)
{
	return file_poll(f->data, r);
}

static enum err
pass_control(struct file *f, unsigned cmd, uintptr_t arg, long *ret)
{
	return file_control(f->data, cmd, arg, ret);
}

static enum err
pass_stat(struct file *f, struct file_stat *st)
{
	return file_stat_of(f->data, st);
}

static enum err
pass_map(struct file *f, struct map_request *req, struct memobj **out)
{
	return file_map(f->data, req, out);
}

static void
pass_release(struct file *f)
{
	file_unref(f->data);
}

static const struct file_ops pass_ops = {
	.read = pass_read,
	.write = pass_write,
	.poll = pass_poll,
	.control = pass_control,
	.stat = pass_stat,
	.map = pass_map,
	.release = pass_release,
};

static enum err
place_open(struct vnode *v, struct file *f)
{
	struct place *p = container_of(v, struct place, v);
	unsigned want = file_flags(f) & (FILE_READ | FILE_WRITE);

	if ((p->file->obj.kind & (OBJ_FILE | OBJ_PIPE | OBJ_TASKFD)) == 0)
		return ERR_NXIO;
	if ((file_flags(p->file) & want) != want)
		return ERR_ACCESS;
	f->ops = &pass_ops;
	f->data = file_ref(p->file);
	atomic_fetch_or(&f->flags, FILE_STREAM);
	return OK;
}

static const struct vnode_ops place_ops = {
	.open = place_open,
	.get_attr = place_get_attr,
	.release = place_release,
};

/* ---- the super -------------------------------------------------------- */

static const struct vnode_ops root_ops = { .release = place_release };

static enum err
places_mount(struct super *s, const char *source, const char *options)
{
	struct place *p = kzalloc(sizeof(*p));

	(void)source;
	(void)options;
	if (p == NULL)
		return ERR_NOMEM;
	vnode_init(&p->v, s, &root_ops, 1, S_DIRECTORY | 0700);
	s->root = &p->v;
	return OK;
}

static const struct fs_type places_type = {
	.name = "pathless",
	.nodev = true,
	.mount = places_mount,
};

static enum err
places_get(struct mount **out)
{
	struct super *s = NULL;
	enum err e = OK;

	mutex_lock(&places.lock);
	if (places.mount == NULL) {
		e = super_create(&places_type, NULL, NULL, &s);
		if (e == OK)
			e = mount_create(s, s->root_dentry, NULL, 0,
			    &places.mount);
		super_unref(s);
	}
	if (e == OK)
		*out = mount_ref(places.mount);
	mutex_unlock(&places.lock);
	return e;
}

enum err
vfs_pathless(struct file *f, struct path *out)
{
	struct file_stat st = { .mode = 0 };
	struct mount *m = NULL;
	struct dentry *d;
	struct place *p;
	enum err e = places_get(&m);

	if (e != OK)
		return e;
	err_ignore(file_stat_of(f, &st)); /* a type it cannot tell: regular */
	p = kzalloc(sizeof(*p));
	if (p == NULL) {
		mount_unref(m);
		return ERR_NOMEM;
	}
	if ((st.mode & S_TYPE_MASK) == 0)
		st.mode |= S_REGULAR;
	/* Who may reach the handle may open it again, as it was opened. */
	vnode_init(&p->v, m->super, &place_ops, st.ino, st.mode | 0666);
	p->file = file_ref(f);
	d = dentry_create_root(m->super, &p->v);
	if (d == NULL) {
		mount_unref(m);
		return ERR_NOMEM;
	}
	*out = (struct path){ m, d };
	return OK;
}
