/*
 * spawn: native/task.h.
 *
 * The new task is built beside the caller: handles, directory, group and
 * signals first, then the program; only when nothing can fail any more it
 * becomes the terminal's foreground group and runs. A failure gives all of it
 * back.
 */
#include "native.h"

#include <kernel/mm.h>
#include <kernel/tty.h>
#include <uapi/native/task.h>

#define SPAWN_KNOWN  0x7fu
#define HANDLES_MAX  4096u
#define HANDLE_CHUNK 16u /* records copied in at once */

/* Puts the object of one record at its number in the new table. */
static enum err
give_handle(struct thread *t, struct handle_table *to,
    const struct cm_spawn_handle *h)
{
	struct obj *o = NULL;
	rights_t rights = 0;
	uint32_t at = HANDLE_NONE;
	enum err e;

	if (h->flags & ~CM_HANDLE_CLOEXEC)
		return ERR_INVAL;
	e = handle_get(nt_handles(t), h->source, OBJ_ANY, RIGHT_DUP, &o);
	if (e != OK)
		return e;
	e = handle_rights(nt_handles(t), h->source, &rights);
	/* One that INHERIT or an earlier record put there makes room. */
	if (e == OK && handle_close(to, h->target) != OK)
		e = OK;
	if (e == OK)
		e = handle_reserve_from(to, h->target, &at);
	if (e == OK && at != h->target) {
		handle_cancel(to, at);
		e = ERR_MFILE;
	}
	if (e != OK) {
		obj_unref(o);
		return e;
	}
	handle_install(to, at, o, rights & h->mask,
	    h->flags & CM_HANDLE_CLOEXEC ? HANDLE_CLOEXEC : 0);
	return OK;
}

static enum err
give_handles(
    struct thread *t, struct task *child, const struct cm_spawn *s)
{
	struct cm_spawn_handle h[HANDLE_CHUNK];
	struct handle_table *copy;
	uint64_t done = 0;
	enum err e = OK;

	if (s->handle_count > HANDLES_MAX)
		return ERR_INVAL;
	if (s->flags & CM_SPAWN_INHERIT) {
		copy = handle_table_clone(nt_handles(t));
		if (copy == NULL)
			return ERR_NOMEM;
		/* What exec would close is not handed on at all. */
		handle_close_exec(copy);
		handle_table_unref(child->handles);
		child->handles = copy;
	}
	while (e == OK && done < s->handle_count) {
		uint64_t n = MIN(s->handle_count - done,
		    (uint64_t)HANDLE_CHUNK);

		e = user_copy_in(
		    h, (uintptr_t)(s->handles + done), n * sizeof(h[0]));
		for (uint64_t i = 0; e == OK && i < n; i++)
			e = give_handle(t, child->handles, &h[i]);
		done += n;
	}
	return e;
}

static enum err
set_directory(
    struct thread *t, struct task *child, const struct cm_spawn *s)
{
	struct file *dir = NULL;
	struct path root = { 0 }, at = { 0 };
	enum err e;

	if (!(s->flags & CM_SPAWN_CWD))
		return OK;
	e = nt_dir_get(t, s->cwd, RIGHT_LOOKUP, &dir);
	if (e != OK || dir == NULL)
		return e;
	e = vfs_walk(&dir->path, "", WALK_EMPTY | WALK_DIRECTORY, &at);
	if (e == OK) {
		fs_state_view(child->fs, &root, NULL);
		fs_state_set_view(child->fs, &root, &at);
		path_unref(&root);
		path_unref(&at);
	}
	file_unref(dir);
	return e;
}

static enum err
set_up(struct thread *t, struct thread *child, const struct cm_spawn *s)
{
	const struct spawn_setup setup = {
		.set_group = (s->flags & CM_SPAWN_GROUP) != 0,
		.new_session = (s->flags & CM_SPAWN_SESSION) != 0,
		.group = s->group,
		.mask = s->flags & CM_SPAWN_MASK ? s->signal_mask :
		    signal_mask(),
		.defaults = s->flags & CM_SPAWN_DEFAULTS ? s->default_set : 0,
	};
	enum err e = give_handles(t, child->task, s);

	if (e == OK)
		e = set_directory(t, child->task, s);
	return e == OK ? task_spawn_setup(child, &setup) : e;
}

static enum err
load(struct thread *t, struct thread *child, const struct cm_spawn *s)
{
	struct exec_request req = {
		.user_argv = (uintptr_t)s->argv,
		.user_envp = (uintptr_t)s->envp,
	};
	struct file *dir = NULL;
	char *path = NULL;
	size_t len;
	enum err e = nt_dir_get(t, s->dir, RIGHT_LOOKUP, &dir);

	if (e == OK)
		e = user_path_in((uintptr_t)s->path, &path, &len);
	req.dir = dir;
	req.path = path;
	if (e == OK)
		e = exec_load_into(child, &req);
	path_buf_free(path);
	file_unref(dir);
	return e;
}

/* The terminal named must be the caller's; its group comes to the front. */
static enum err
to_front(struct thread *t, const struct task *child, const struct cm_spawn *s)
{
	struct obj *o = NULL;
	struct tty *tty;
	enum err e;

	if (!(s->flags & CM_SPAWN_FOREGROUND))
		return OK;
	e = handle_get(nt_handles(t), s->terminal, OBJ_STREAM, RIGHT_CONTROL,
	    &o);
	if (e != OK)
		return e;
	tty = task_tty(t->task);
	if (tty == NULL)
		e = ERR_NOTTY;
	else
		e = tty_set_foreground(tty, child->pgid);
	tty_unref(tty);
	obj_unref(o);
	return e;
}

enum err
nt_task_spawn(struct thread *t, const struct sysargs *a, long *ret)
{
	struct cm_spawn s;
	struct thread *child = NULL;
	enum err e = user_copy_in(&s, a->v[0], sizeof(s));

	if (e != OK)
		return e;
	if ((s.flags & ~SPAWN_KNOWN) || s.reserved != 0 || s.group < 0 ||
	    ((s.flags & CM_SPAWN_SESSION) &&
	    (s.flags & (CM_SPAWN_GROUP | CM_SPAWN_FOREGROUND))))
		return ERR_INVAL;
	e = task_spawn(t->task, &child);
	if (e != OK)
		return e;
	e = set_up(t, child, &s);
	if (e == OK)
		e = load(t, child, &s);
	if (e == OK)
		e = to_front(t, child->task, &s);
	if (e != OK) {
		task_spawn_abandon(child);
		return e;
	}
	*ret = child->tid;
	sched_start(child);
	obj_unref(&child->obj);
	return OK;
}
