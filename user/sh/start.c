/*
 * How a program is started without copying the shell. The native system has
 * a call for it, which takes the child's descriptors, group and signals as a
 * list; a POSIX system gets vfork (spawn.c).
 */
#include "sh.h"

#ifdef __carmine__

#include <errno.h>
#include <fcntl.h>
#include <native/task.h>
#include <string.h>
#include <unistd.h>

enum { MOST = 16 }; /* descriptors that one command changes */

struct plan {
	struct cm_spawn_handle h[MOST];
	int opened[MOST]; /* to be closed when the child has them */
	int n, n_opened;
};

/* What descriptor fd will be, as far as planned. */
static int
source_of(const struct plan *p, int fd)
{
	for (int i = p->n - 1; i >= 0; i--)
		if ((int)p->h[i].target == fd)
			return (int)p->h[i].source;
	return fd;
}

static bool
plan_fd(struct plan *p, int from, int fd)
{
	if (p->n == MOST)
		return false;
	p->h[p->n++] = (struct cm_spawn_handle){
		.source = (cm_handle_t)from,
		.target = (cm_handle_t)fd,
		.mask = CM_RIGHTS_ALL,
	};
	return true;
}

/* Opens files here; false with *bad: what could not be opened. */
static bool
plan_actions(struct plan *p, const struct action *a, const char **bad)
{
	for (; a != NULL; a = a->next) {
		int from = a->from;

		if (from == -2) {
			from = open(a->path, a->flags | O_CLOEXEC, 0666);
			if (from >= 0)
				p->opened[p->n_opened++] = from;
		} else {
			from = source_of(p, from);
			if (fcntl(from, F_GETFD) < 0)
				from = -1;
		}
		if (from < 0 || !plan_fd(p, from, a->fd)) {
			*bad = a->path;
			return false;
		}
	}
	return true;
}

/* Can it be said as a list? Closed descriptors and ignored signals cannot. */
static bool
is_plannable(const struct launch *l)
{
	int n = 2;

	if (l->background && !sh.job_control)
		return false;
	for (const struct action *a = l->actions; a != NULL; a = a->next)
		if (a->from == -1 || ++n > MOST)
			return false;
	return true;
}

static void
set_attributes(struct cm_spawn *s, const struct launch *l)
{
	bool control = sh.job_control && l->job != NULL;
	int sigs[6], n = signals_to_default(control, sigs);

	if (n > 0)
		s->flags |= CM_SPAWN_DEFAULTS;
	for (int i = 0; i < n; i++)
		s->default_set |= (cm_sigset_t)1 << (sigs[i] - 1);
	if (!control)
		return;
	s->flags |= CM_SPAWN_GROUP;
	s->group = (cm_pid_t)l->job->pgid;
	if (!l->background) {
		s->flags |= CM_SPAWN_FOREGROUND;
		s->terminal = (cm_handle_t)sh.tty;
	}
}

/* A text without "#!" is a script of ours: args[-1] is free for "sh". */
static long
spawn(struct cm_spawn *s, char **args)
{
	long pid = cm_task_spawn(s);

	if (pid != -CM_ENOEXEC || !is_script(s->path))
		return pid;
	args[-1] = (char *)"sh";
	args[0] = (char *)s->path;
	s->argv = args - 1;
	s->path = SHELL_PATH;
	return cm_task_spawn(s);
}

/* errno for the few errors that the shell tells apart by number. */
static int
error_of(long e)
{
	switch (e) {
	case -CM_ENOENT:
		return ENOENT;
	case -CM_EACCESS:
		return EACCES;
	case -CM_ENOMEM:
		return ENOMEM;
	case -CM_EAGAIN:
	case -CM_EQUOTA:
		return EAGAIN;
	case -CM_ETOOBIG:
		return E2BIG;
	case -CM_EISDIR:
		return EISDIR;
	case -CM_ENOTDIR:
		return ENOTDIR;
	default:
		return ENOEXEC;
	}
}

pid_t
start_program(const struct launch *l, char **args, const char **bad)
{
	struct plan p = { 0 };
	struct cm_spawn s = {
		.flags = CM_SPAWN_INHERIT,
		.dir = CM_CWD,
		.path = l->path,
		.argv = args,
		.envp = l->envp,
		.handles = p.h,
	};
	long pid = -1;
	int error;

	if (!is_plannable(l))
		return start_forked(l, args);
	if (l->in >= 0)
		plan_fd(&p, l->in, 0);
	if (l->out >= 0)
		plan_fd(&p, l->out, 1);
	if (plan_actions(&p, l->actions, bad)) {
		s.handle_count = (uint64_t)p.n;
		set_attributes(&s, l);
		pid = spawn(&s, args);
		error = pid < 0 ? error_of(pid) : 0;
	} else {
		error = errno;
	}
	for (int i = 0; i < p.n_opened; i++)
		close(p.opened[i]);
	errno = error;
	return pid < 0 ? -1 : (pid_t)pid;
}

#else

pid_t
start_program(const struct launch *l, char **args, const char **bad)
{
	(void)bad;
	return start_forked(l, args);
}

#endif
