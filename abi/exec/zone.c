/*
 * Zones: a directory tied to an ABI and to a view.
 *
 * A file below a zone's directory runs with that directory as its root; init
 * has bound /dev, /proc, /tmp, the homes and /system into it, so the same
 * names mean the same things where sharing makes sense. A file that lies in
 * no zone runs with the container's root, so executing /system/bin/... goes
 * back. Only a task whose root is the container's or a zone's changes views:
 * one that has called chroot stays where it was put.
 *
 * The working directory follows: its place below the new root, else the same
 * text when it names the same directory in the new view, else below
 * /system/root, else "/".
 *
 * Zones are never removed; the list only grows and is read without a lock.
 */
#include <kernel/log.h>
#include <kernel/user.h>

#include <lib/string.h>

#include "exec.h"

static struct {
	struct mutex lock; /* RANK_CONTAINER: additions */
	struct list all; /* [l], RCU-like: append only */
} zones = {
	.lock = MUTEX_INIT(zones.lock, RANK_CONTAINER),
	.all = LIST_INIT(zones.all),
};

static const struct zone *
zone_by_root(const struct dentry *d)
{
	const struct zone *z;

	list_each(z, &zones.all, link)
		if (z->root.dentry == d)
			return z;
	return NULL;
}

const struct zone *
zone_of(struct file *f)
{
	const struct dentry *d = f->path.dentry;
	const struct zone *z = NULL;

	if (d == NULL || list_empty(&zones.all))
		return NULL;
	rcu_read_lock();
	for (;; d = rcu_load(&d->parent)) {
		z = zone_by_root(d);
		if (z != NULL || rcu_load(&d->parent) == d)
			break;
	}
	rcu_read_unlock();
	return z;
}

enum err
zone_add(const char *dir, const struct abi *abi)
{
	struct zone *z = kzalloc(sizeof(*z));
	const char *name = strrchr(dir, '/');
	enum err e;

	if (z == NULL)
		return ERR_NOMEM;
	e = vfs_walk(NULL, dir, WALK_DIRECTORY, &z->root);
	if (e != OK) {
		kfree(z, sizeof(*z));
		return e;
	}
	strlcpy(z->name, name != NULL ? name + 1 : dir, sizeof(z->name));
	z->abi = abi;
	mutex_lock(&zones.lock);
	if (zone_by_root(z->root.dentry) != NULL) {
		e = ERR_EXISTS;
	} else {
		atomic_thread_fence(memory_order_release);
		list_add_tail(&zones.all, &z->link);
	}
	mutex_unlock(&zones.lock);
	if (e != OK) {
		path_unref(&z->root);
		kfree(z, sizeof(*z));
	}
	return e;
}

const struct zone *
zone_by_index(unsigned i)
{
	const struct zone *z;

	list_each(z, &zones.all, link)
		if (i-- == 0)
			return z;
	return NULL;
}

enum err
zone_enter(struct image *img)
{
	struct task *t = task_current();
	struct mount_ns *ns;
	struct path root;
	enum err e = OK;

	path_unref(&img->view);
	img->zone = NULL;
	if (list_empty(&zones.all) || t->fs == NULL)
		return OK;
	img->zone = zone_of(img->file);
	fs_state_view(t->fs, &root, NULL);
	ns = mount_ns_get(t); /* another thread may change it */
	if (img->zone != NULL) {
		if (root.dentry != img->zone->root.dentry &&
		    (path_is_ns_root(&root, ns) ||
		    zone_by_root(root.dentry) != NULL)) {
			img->view = img->zone->root;
			path_ref(&img->view);
		}
	} else if (zone_by_root(root.dentry) != NULL) {
		e = mount_ns_root(ns, &img->view);
	}
	mount_ns_unref(ns);
	path_unref(&root);
	return e;
}

/* Where programs of an ABI's own system lie, in front of what else PATH says
 * while a task sees that zone. */
static const char *
zone_path(const struct zone *z)
{
	if (z != NULL && z->abi->index == ABI_LINUX)
		return "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin:";
	return NULL;
}

enum err
zone_translate(struct image *img)
{
	struct path root;
	const struct zone *old;

	if (img->view.dentry == NULL)
		return OK;
	fs_state_view(task_current()->fs, &root, NULL);
	old = zone_by_root(root.dentry);
	path_unref(&root);
	return strings_path_prefix(img, zone_path(old), zone_path(img->zone));
}

/* Walks text in the view; true when it names the same directory as cwd. */
static bool
same_text(const struct image *img, const char *text, const struct path *cwd,
    struct path *out)
{
	if (vfs_walk(&img->view, text, WALK_IN_ROOT | WALK_DIRECTORY, out) !=
	    OK)
		return false;
	if (out->dentry == cwd->dentry)
		return true;
	path_unref(out);
	return false;
}

/* The view's name for the task's working directory. */
static void
translate_cwd(const struct image *img, struct fs_state *fs, struct path *out)
{
	char *buf = kmalloc(PATH_MAX), *text = NULL;
	struct path root, cwd, top = { NULL, NULL };
	bool done = false;

	fs_state_view(fs, &root, &cwd);
	path_unref(&root);
	/* Below the new root first: there ".." has to end at it. */
	if (buf != NULL && vfs_path_text(&cwd, &img->view, buf, PATH_MAX,
	    &text) == OK && text[0] == '/')
		done = same_text(img, text, &cwd, out);
	if (!done && buf != NULL && vfs_path_text(&cwd, NULL, buf, PATH_MAX,
	    &text) == OK && text[0] == '/')
		done = same_text(img, text, &cwd, out);
	if (!done && buf != NULL &&
	    mount_ns_root(task_current()->ns, &top) == OK) {
		if (vfs_path_text(&cwd, &top, buf, PATH_MAX - 16, &text) == OK
		    && text[0] == '/' && text - buf > 16) {
			text -= 12;
			memcpy(text, "/system/root", 12);
			done = vfs_walk(&img->view, text,
			    WALK_IN_ROOT | WALK_DIRECTORY, out) == OK;
		}
		path_unref(&top);
	}
	if (!done) {
		*out = img->view;
		path_ref(out);
	}
	path_unref(&cwd);
	kfree(buf, PATH_MAX);
}

void
zone_switch(struct task *t, struct image *img)
{
	struct path cwd;

	if (img->view.dentry == NULL)
		return;
	translate_cwd(img, t->fs, &cwd);
	fs_state_set_view(t->fs, &img->view, &cwd);
	path_unref(&cwd);
}
