/*
 * /proc/PID/fd and fdinfo: the handles of a task.
 *
 * A link of fd leads to the place its file was opened at. A file without a
 * place (a pipe, a socket) is reached by a node of its own, which opens as a
 * file that passes reads and writes on.
 */
#include "proc.h"

#include <kernel/mm.h>

static struct handle_table *
table_of(struct task *t)
{
	struct handle_table *h;

	mutex_lock(&t->lock);
	h = t->handles == NULL ? NULL : handle_table_ref(t->handles);
	mutex_unlock(&t->lock);
	return h;
}

/* The file behind number, referenced. */
static enum err
file_of_ctx(const struct proc_ctx *c, struct file **out)
{
	struct handle_table *t;
	enum err e;

	if (!task_may_inspect(c->task))
		return ERR_ACCESS;
	t = table_of(c->task);
	if (t == NULL)
		return ERR_NOENT;
	e = file_get(t, c->number, 0, out);
	handle_table_unref(t);
	return e == OK ? OK : ERR_NOENT;
}

static size_t
describe(struct file *f, char *buf, size_t len)
{
	struct file_stat st = { .ino = 0 };

	if (f->ops->describe != NULL)
		return f->ops->describe(f, buf, len);
	if (f->ops->stat != NULL)
		err_ignore(f->ops->stat(f, &st));
	return (size_t)snprintf(buf, len, "anon_inode:[%u]", f->obj.kind);
}

static enum err
fd_link(const struct proc_ctx *c, char *buf, size_t len, size_t *done)
{
	struct file *f = NULL;
	struct page *page;
	char *start = NULL;
	enum err e = file_of_ctx(c, &f);

	if (e != OK)
		return e;
	page = page_alloc(0);
	if (page == NULL) {
		e = ERR_NOMEM;
	} else if (f->path.dentry != NULL) {
		e = proc_path_text(
		    &f->path, page_virt(page), PAGE_SIZE, &start);
	} else {
		start = page_virt(page);
		describe(f, start, PAGE_SIZE);
	}
	if (e == OK) {
		*done = MIN(strlen(start), len);
		memcpy(buf, start, *done);
	}
	if (page != NULL)
		page_free(page, 0);
	file_unref(f);
	return e;
}

static enum err
fd_follow(const struct proc_ctx *c, struct path *out)
{
	struct file *f = NULL;
	enum err e = file_of_ctx(c, &f);

	if (e != OK)
		return e;
	if (f->path.dentry != NULL) {
		*out = f->path;
		path_ref(out);
	} else {
		e = vfs_pathless(f, out);
	}
	file_unref(f);
	return e;
}

static enum err
show_fdinfo(struct seq *q, const struct proc_ctx *c)
{
	struct file *f = NULL;
	unsigned flags, linux_flags;
	enum err e = file_of_ctx(c, &f);

	if (e != OK)
		return e;
	flags = file_flags(f);
	linux_flags = (flags & FILE_WRITE) ?
	    ((flags & FILE_READ) ? 2u : 1u) : 0;
	if (flags & FILE_APPEND)
		linux_flags |= 02000u;
	if (flags & FILE_NONBLOCK)
		linux_flags |= 04000u;
	if (flags & FILE_PATH)
		linux_flags |= 010000000u;
	seq_printf(q, "pos:\t%llu\nflags:\t0%o\nmnt_id:\t%llu\nino:\t%llu\n",
	    (unsigned long long)f->off, linux_flags,
	    (unsigned long long)(f->path.mount == NULL ? 0 :
	    mount_id(f->path.mount)),
	    (unsigned long long)(f->vnode == NULL ? 0 : f->vnode->ino));
	file_unref(f);
	return OK;
}

static const struct proc_entry fd_entry = {
	.mode = S_LINK | 0700,
	.link = fd_link,
	.follow = fd_follow,
};

static const struct proc_entry fdinfo_entry = {
	.mode = S_REGULAR | 0400,
	.show = show_fdinfo,
};

static enum err
next_handle(const struct proc_ctx *c, uint32_t from, uint32_t *out)
{
	enum err e = ERR_NOENT;
	unsigned long flags;

	if (!task_may_inspect(c->task))
		return ERR_ACCESS;
	/* The directory is locked: nothing may be referenced here, since the
	 * last reference would end the object under that lock. */
	flags = spin_lock_irq(&c->task->sig_lock);
	if (c->task->handles != NULL)
		e = handle_next_number(
		    c->task->handles, from, OBJ_ANY_FILE, out);
	spin_unlock_irq(&c->task->sig_lock, flags);
	return e;
}

enum err
proc_next_fd(const struct proc_ctx *c, uint32_t from, struct proc_name *out)
{
	uint32_t h;
	enum err e = next_handle(c, from, &h);

	if (e == OK)
		*out = (struct proc_name){ h, &fd_entry };
	return e;
}

enum err
proc_next_fdinfo(
    const struct proc_ctx *c, uint32_t from, struct proc_name *out)
{
	uint32_t h;
	enum err e = next_handle(c, from, &h);

	if (e == OK)
		*out = (struct proc_name){ h, &fdinfo_entry };
	return e;
}
