/*
 * posix_spawn, system and popen on the spawn call.
 *
 * File actions are played on a map of descriptors: what each number will be
 * in the child. Files that an action opens are opened here, under numbers
 * that the child does not get, so that an error is found before there is a
 * child.
 */
#include <fcntl.h>
#include <paths.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "internal.h"

extern char **environ;

/* Answers the exit status of "sh -c command" run to its end. */
static pid_t
shell_start(const char *command, const struct cm_spawn_handle *handles,
    size_t count)
{
	char *const argv[] = { "sh", "-c", (char *)command, NULL };
	struct cm_spawn s = {
		.flags = CM_SPAWN_INHERIT | CM_SPAWN_DEFAULTS,
		.dir = CM_CWD,
		.path = "/system/bin/sh",
		.argv = argv,
		.envp = environ,
		.handles = handles,
		.handle_count = count,
		.default_set = 1ul << (SIGINT - 1) | 1ul << (SIGQUIT - 1),
	};

	return (pid_t)__cm_result(cm_task_spawn(&s));
}

int
system(const char *command)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction old_int, old_quit;
	sigset_t chld, old_mask;
	int status = -1;
	pid_t pid;

	if (command == NULL)
		return access("/system/bin/sh", X_OK) == 0;
	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigaction(SIGINT, &ignore, &old_int);
	sigaction(SIGQUIT, &ignore, &old_quit);
	sigprocmask(SIG_BLOCK, &chld, &old_mask);
	pid = shell_start(command, NULL, 0);
	while (pid > 0 && waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			break;
	sigaction(SIGINT, &old_int, NULL);
	sigaction(SIGQUIT, &old_quit, NULL);
	sigprocmask(SIG_SETMASK, &old_mask, NULL);
	return status;
}

static struct {
	FILE *file;
	pid_t pid;
} opened[32];

FILE *
popen(const char *command, const char *mode)
{
	bool reading = mode[0] == 'r';
	struct cm_spawn_handle h = { .target = reading ? 1 : 0,
		.mask = CM_RIGHTS_ALL };
	size_t slot = 0;
	FILE *f;
	int fds[2];

	while (slot < 32 && opened[slot].file != NULL)
		slot++;
	if (slot == 32 || (mode[0] != 'r' && mode[0] != 'w')) {
		errno = slot == 32 ? EMFILE : EINVAL;
		return NULL;
	}
	if (pipe2(fds, O_CLOEXEC) < 0)
		return NULL;
	f = fdopen(fds[reading ? 0 : 1], reading ? "r" : "w");
	h.source = (cm_handle_t)fds[reading ? 1 : 0];
	if (f != NULL)
		opened[slot].pid = shell_start(command, &h, 1);
	close(fds[reading ? 1 : 0]);
	if (f == NULL) {
		close(fds[reading ? 0 : 1]);
		return NULL;
	}
	if (opened[slot].pid < 0) {
		fclose(f);
		return NULL;
	}
	opened[slot].file = f;
	return f;
}

int
pclose(FILE *f)
{
	int status = -1;

	for (size_t i = 0; i < 32; i++) {
		if (opened[i].file != f)
			continue;
		fclose(f);
		opened[i].file = NULL;
		while (waitpid(opened[i].pid, &status, 0) < 0)
			if (errno != EINTR)
				return -1;
		return status;
	}
	errno = EINVAL;
	return -1;
}

/* ---- posix_spawn -------------------------------------------------------- */

struct __posix_spawnattr {
	short flags;
	pid_t group;
	sigset_t mask, defaults;
};

enum action_kind { ACTION_CLOSE, ACTION_DUP, ACTION_OPEN };

struct action {
	enum action_kind kind;
	int fd, from, flags;
	mode_t mode;
	char *path;
	struct action *next;
};

struct __posix_spawn_file_actions {
	struct action *first, **last;
};

int
posix_spawnattr_init(posix_spawnattr_t *a)
{
	*a = calloc(1, sizeof(**a));
	return *a == NULL ? ENOMEM : 0;
}

int
posix_spawnattr_destroy(posix_spawnattr_t *a)
{
	free(*a);
	return 0;
}

int
posix_spawnattr_setflags(posix_spawnattr_t *a, short flags)
{
	(*a)->flags = flags;
	return 0;
}

int
posix_spawnattr_setpgroup(posix_spawnattr_t *a, pid_t group)
{
	(*a)->group = group;
	return 0;
}

int
posix_spawnattr_setsigmask(posix_spawnattr_t *a, const sigset_t *mask)
{
	(*a)->mask = *mask;
	return 0;
}

int
posix_spawnattr_setsigdefault(posix_spawnattr_t *a, const sigset_t *set)
{
	(*a)->defaults = *set;
	return 0;
}

int
posix_spawn_file_actions_init(posix_spawn_file_actions_t *fa)
{
	*fa = calloc(1, sizeof(**fa));
	if (*fa == NULL)
		return ENOMEM;
	(*fa)->last = &(*fa)->first;
	return 0;
}

int
posix_spawn_file_actions_destroy(posix_spawn_file_actions_t *fa)
{
	struct action *a, *next;

	for (a = (*fa)->first; a != NULL; a = next) {
		next = a->next;
		free(a->path);
		free(a);
	}
	free(*fa);
	return 0;
}

static int
action_add(posix_spawn_file_actions_t *fa, const struct action *what)
{
	struct action *a = malloc(sizeof(*a));

	if (a == NULL)
		return ENOMEM;
	*a = *what;
	*(*fa)->last = a;
	(*fa)->last = &a->next;
	return 0;
}

int
posix_spawn_file_actions_addclose(posix_spawn_file_actions_t *fa, int fd)
{
	struct action a = { .kind = ACTION_CLOSE, .fd = fd };

	return action_add(fa, &a);
}

int
posix_spawn_file_actions_adddup2(
    posix_spawn_file_actions_t *fa, int from, int fd)
{
	struct action a = { .kind = ACTION_DUP, .fd = fd, .from = from };

	return action_add(fa, &a);
}

int
posix_spawn_file_actions_addopen(posix_spawn_file_actions_t *restrict fa,
    int fd, const char *restrict path, int flags, mode_t mode)
{
	struct action a = { .kind = ACTION_OPEN, .fd = fd, .flags = flags,
		.mode = mode, .path = strdup(path) };

	return a.path == NULL ? ENOMEM : action_add(fa, &a);
}

#define MAP_MAX 256

struct plan {
	int source[MAP_MAX]; /* descriptor here; -1: not set by an action */
	bool closed[MAP_MAX];
	struct cm_spawn_handle handles[MAP_MAX];
	size_t count;
};

static int
plan_action(struct plan *p, const struct action *a)
{
	int source;

	if (a->fd < 0 || a->fd >= MAP_MAX)
		return EBADF;
	p->closed[a->fd] = a->kind == ACTION_CLOSE;
	if (a->kind == ACTION_CLOSE) {
		p->source[a->fd] = -1;
		return 0;
	}
	source = a->from;
	if (a->kind == ACTION_OPEN)
		source = open(a->path, a->flags | O_CLOEXEC, a->mode);
	else if (source >= 0 && source < MAP_MAX && p->closed[source])
		return EBADF;
	else if (source >= 0 && source < MAP_MAX && p->source[source] >= 0)
		source = p->source[source];
	if (source < 0)
		return a->kind == ACTION_OPEN ? errno : EBADF;
	p->source[a->fd] = source;
	return 0;
}

/* Lists every descriptor of the child: those without CLOEXEC that no action
 * closed, replaced by what actions put there. */
static void
plan_list(struct plan *p)
{
	for (int fd = 0; fd < MAP_MAX; fd++) {
		int source = p->source[fd];
		long flags;

		if (source < 0) {
			flags = cm_handle_flags((cm_handle_t)fd, 0, 0);
			if (flags < 0 || (flags & CM_HANDLE_CLOEXEC) ||
			    p->closed[fd])
				continue;
			source = fd;
		}
		p->handles[p->count++] = (struct cm_spawn_handle){
			.source = (cm_handle_t)source,
			.target = (cm_handle_t)fd,
			.mask = CM_RIGHTS_ALL,
		};
	}
}

static void
plan_close(const struct plan *p, const struct action *first)
{
	for (const struct action *a = first; a != NULL; a = a->next)
		if (a->kind == ACTION_OPEN && a->fd >= 0 &&
		    a->fd < MAP_MAX && p->source[a->fd] >= 0)
			close(p->source[a->fd]);
}

static void
plan_attributes(struct cm_spawn *s, const posix_spawnattr_t *attr)
{
	if (attr == NULL)
		return;
	if ((*attr)->flags & POSIX_SPAWN_SETPGROUP) {
		s->flags |= CM_SPAWN_GROUP;
		s->group = (*attr)->group;
	}
	if ((*attr)->flags & POSIX_SPAWN_SETSIGMASK) {
		s->flags |= CM_SPAWN_MASK;
		s->signal_mask = (*attr)->mask;
	}
	if ((*attr)->flags & POSIX_SPAWN_SETSIGDEF) {
		s->flags |= CM_SPAWN_DEFAULTS;
		s->default_set = (*attr)->defaults;
	}
}

int
posix_spawn(pid_t *pid, const char *path,
    const posix_spawn_file_actions_t *fa, const posix_spawnattr_t *attr,
    char *const argv[], char *const envp[])
{
	struct cm_spawn s = { .flags = CM_SPAWN_INHERIT, .dir = CM_CWD,
		.path = path, .argv = argv, .envp = envp };
	struct plan *p = NULL;
	long r;
	int e = 0;

	plan_attributes(&s, attr);
	if (fa != NULL && (*fa)->first != NULL) {
		p = calloc(1, sizeof(*p));
		if (p == NULL)
			return ENOMEM;
		memset(p->source, -1, sizeof(p->source));
		for (struct action *a = (*fa)->first; e == 0 && a != NULL;
		    a = a->next)
			e = plan_action(p, a);
		plan_list(p);
		s.flags &= ~CM_SPAWN_INHERIT;
		s.handles = p->handles;
		s.handle_count = p->count;
	}
	if (e == 0) {
		r = cm_task_spawn(&s);
		if (r < 0)
			e = __cm_errno(-r);
		else if (pid != NULL)
			*pid = (pid_t)r;
	}
	if (p != NULL)
		plan_close(p, (*fa)->first);
	free(p);
	return e;
}

int
posix_spawnp(pid_t *pid, const char *file,
    const posix_spawn_file_actions_t *fa, const posix_spawnattr_t *attr,
    char *const argv[], char *const envp[])
{
	const char *dirs = getenv("PATH");
	char path[1024];
	int e = ENOENT;

	if (strchr(file, '/') != NULL)
		return posix_spawn(pid, file, fa, attr, argv, envp);
	if (dirs == NULL)
		dirs = "/system/bin:/bin:/usr/bin";
	for (size_t n; e == ENOENT || e == EACCES || e == ENOTDIR;
	    dirs += n + 1) {
		n = strcspn(dirs, ":");
		snprintf(path, sizeof(path), "%.*s%s%s", (int)n, dirs,
		    n != 0 ? "/" : "", file);
		e = posix_spawn(pid, path, fa, attr, argv, envp);
		if (dirs[n] == '\0')
			break;
	}
	return e;
}
