/* SPDX-License-Identifier: MIT */
/*
 * The parts of a task that lie above kernel/task: its view of the file
 * system, and its session's terminal.
 */
#include <kernel/task.h>
#include <kernel/tty.h>
#include <kernel/vfs.h>

static struct fs_state *
fs_clone(struct fs_state *f)
{
	return f == NULL ? NULL : fs_state_clone(f);
}

static void
fs_unref(struct fs_state *f)
{
	if (f != NULL)
		fs_state_unref(f);
}

static void
ns_unref(struct mount_ns *ns)
{
	if (ns != NULL)
		mount_ns_unref(ns);
}

static void
hook_tty_unref(struct tty *t)
{
	if (t != NULL)
		tty_unref(t);
}

const struct task_hooks task_hooks = {
	.fs_clone = fs_clone,
	.fs_ref = fs_state_ref,
	.fs_unref = fs_unref,
	.ns_ref = mount_ns_ref,
	.ns_unref = ns_unref,
	.ns_clone = mount_ns_clone,
	.tty_ref = tty_ref,
	.tty_unref = hook_tty_unref,
	.tty_session_gone = tty_session_gone,
	.tty_foreground = tty_foreground,
};
