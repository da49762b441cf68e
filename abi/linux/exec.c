/*
 * Replacing the program. The executor does the work; a descriptor may name
 * the program (execveat with AT_EMPTY_PATH).
 * Source: man-pages 6.05 execve(2), execveat(2).
 */
#include "call.h"

static enum err
exec_at(struct thread *t, const struct sysargs *a, bool at_empty,
    struct exec_request *req)
{
	struct file *program = NULL;
	struct lx_at at;
	enum err e = lx_at_get(&at, t, a->v[0], a->v[1], at_empty);

	if (e != OK)
		return e;
	req->path = at.path.text;
	req->dir = at.dir;
	if (at.path.len == 0) {
		e = lx_file(t, a->v[0], 0, &program);
		req->file = program;
		req->dir = NULL;
	}
	if (e == OK)
		e = exec_replace(req);
	file_unref(program);
	lx_at_put(&at);
	return e;
}

enum err
lx_execve(struct thread *t, const struct sysargs *a, long *ret)
{
	struct sysargs at = { { (uintptr_t)LX_AT_FDCWD, a->v[0] } };
	struct exec_request req = {
		.user_argv = a->v[1], .user_envp = a->v[2],
	};

	*ret = 0;
	return exec_at(t, &at, false, &req);
}

enum err
lx_execveat(struct thread *t, const struct sysargs *a, long *ret)
{
	unsigned flags = (unsigned)a->v[4];
	struct exec_request req = {
		.user_argv = a->v[2], .user_envp = a->v[3],
		.flags = flags & LX_AT_SYMLINK_NOFOLLOW ? EXEC_NOFOLLOW : 0,
	};

	*ret = 0;
	if (flags & ~(LX_AT_SYMLINK_NOFOLLOW | LX_AT_EMPTY_PATH))
		return ERR_INVAL;
	return exec_at(t, a, (flags & LX_AT_EMPTY_PATH) != 0, &req);
}
