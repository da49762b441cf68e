/* SPDX-License-Identifier: MIT */
/*
 * A task as a file: it becomes readable when the task has ended.
 * Source: man-pages 6.03, pidfd_open(2).
 */
#include <kernel/ipc.h>
#include <kernel/task.h>
#include <lib/fmt.h>

static const struct file_ops task_ops;

static unsigned
task_poll(struct file *f, struct poll_request *r)
{
	struct task *t = f->data;

	poll_wait(r, &t->exit_waitq);
	return t->zombie || atomic_load(&t->thread_count) == 0 ?
	    POLL_IN | POLL_RDNORM : 0;
}

static void
taskfd_release(struct file *f)
{
	task_unref(f->data);
}

static enum err
task_stat(struct file *f UNUSED, struct file_stat *st)
{
	*st = (struct file_stat){
		.dev = 13, .ino = 5, .mode = 0700, .nlink = 1,
		.block_size = PAGE_SIZE,
	};
	return OK;
}

static size_t
task_describe(struct file *f UNUSED, char *buf, size_t len)
{
	return (size_t)snprintf(buf, len, "anon_inode:[pidfd]");
}

static const struct file_ops task_ops = {
	.poll = task_poll,
	.stat = task_stat,
	.release = taskfd_release,
	.describe = task_describe,
};

enum err
taskfd_create(struct task *t, unsigned flags, struct file **out)
{
	enum err e = file_create(&task_ops, OBJ_TASKFD,
	    FILE_READ | FILE_WRITE | FILE_STREAM | (flags & FILE_NONBLOCK),
	    t, out);

	if (e == OK)
		task_ref(t);
	return e;
}

enum err
taskfd_task(struct file *f, struct task **out)
{
	if (f->ops != &task_ops)
		return ERR_BADHANDLE;
	*out = task_ref(f->data);
	return OK;
}
