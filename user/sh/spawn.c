/*
 * Starting programs. A command whose words are expanded needs no copy of
 * the shell: launch() uses vfork, and the child only arranges descriptors,
 * group and signals before it executes. Everything else forks.
 *
 * Where a command was found is remembered until PATH changes.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sh.h"

#define SHELL_PATH "/system/bin/sh"

enum { BUCKETS = 32 };

struct place {
	struct place *next;
	char *name, *path;
};

static struct place *places[BUCKETS];

static struct place **
place_bucket(const char *name)
{
	unsigned h = 0;

	while (*name != '\0')
		h = h * 31 + (unsigned char)*name++;
	return &places[h % BUCKETS];
}

void
path_forget(void)
{
	for (int i = 0; i < BUCKETS; i++) {
		while (places[i] != NULL) {
			struct place *p = places[i];

			places[i] = p->next;
			free(p->name);
			free(p->path);
			free(p);
		}
	}
}

void
path_list(void)
{
	for (int i = 0; i < BUCKETS; i++)
		for (struct place *p = places[i]; p != NULL; p = p->next)
			out_printf("%s\n", p->path);
}

static void
remember(const char *name, const char *path)
{
	struct place *p = xmalloc(sizeof(*p));
	struct place **at = place_bucket(name);

	*p = (struct place){ *at, xstrdup(name), xstrdup(path) };
	*at = p;
}

static bool
is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	    (st.st_mode & 0111) != 0;
}

static char *
search(const char *name)
{
	const char *dir = var_get("PATH");

	if (dir == NULL)
		dir = PATH_DEFAULT;
	for (;;) {
		size_t n = strcspn(dir, ":");
		struct buf path = { 0 };

		buf_put(&path, dir, n);
		if (n > 0)
			buf_putc(&path, '/');
		buf_puts(&path, name);
		if (is_program(path.s)) {
			if (*dir == '/')
				remember(name, path.s);
			return buf_take(&path);
		}
		buf_free(&path);
		if (dir[n] == '\0')
			return NULL;
		dir += n + 1;
	}
}

char *
path_search(const char *name)
{
	struct place *p;

	if (strchr(name, '/') != NULL)
		return xstrdup(name);
	if (*name == '\0')
		return NULL;
	for (p = *place_bucket(name); p != NULL; p = p->next)
		if (strcmp(p->name, name) == 0)
			return xstrdup(p->path);
	return search(name);
}

/* A text file without "#!" is a script of ours. args[-2..-1] are free. */
static void
exec_script(const char *path, char **args, char **envp)
{
	char *first = args[0];

	args[-1] = (char *)"sh";
	args[0] = (char *)path;
	execve(SHELL_PATH, args - 1, envp);
	args[0] = first;
	errno = ENOEXEC;
}

static void
child_complain(const char *what, int error)
{
	static const char *parts[4] = { "sh: ", NULL, ": ", NULL };

	parts[1] = what;
	parts[3] = error == ENOENT ? "not found" : strerror(error);
	for (int i = 0; i < 4; i++)
		write_all(2, parts[i], strlen(parts[i]));
	write_all(2, "\n", 1);
}

static void __attribute__((noreturn))
exec_or_die(const char *path, char **args, char **envp)
{
	int error;

	errno = ENOENT;
	if (path != NULL)
		execve(path, args, envp);
	if (errno == ENOEXEC)
		exec_script(path, args, envp);
	error = errno;
	child_complain(args[0], error);
	_exit(error == ENOENT ? 127 : 126);
}

/* argv with a free slot before it, for exec_script(). */
static char **
roomy(char **argv)
{
	size_t n = 0;
	char **copy;

	while (argv[n] != NULL)
		n++;
	copy = xmalloc((n + 2) * sizeof(*copy));
	memcpy(copy + 1, argv, (n + 1) * sizeof(*copy));
	return copy;
}

void
exec_program(const char *path, char **argv, char **envp)
{
	exec_or_die(path, roomy(argv) + 1, envp);
}

/* In the new process: group, terminal, signals. */
static void
enter_job(struct job *j, bool background)
{
	if (sh.job_control && j != NULL) {
		pid_t group = j->pgid;

		setpgid(0, group);
		if (!background)
			tcsetpgrp(sh.tty, group == 0 ? getpid() : group);
	}
	signals_for_child(sh.job_control && j != NULL, background);
}

static void
child_fds(const struct launch *l)
{
	const char *bad;

	if (l->in >= 0) {
		dup2(l->in, 0);
		close(l->in);
	}
	if (l->out >= 0) {
		dup2(l->out, 1);
		close(l->out);
	}
	if (l->other >= 0)
		close(l->other);
	bad = redir_apply(l->actions);
	if (bad != NULL) {
		child_complain(bad, errno);
		_exit(2);
	}
}

static pid_t
vfork_exec(const struct launch *l, char **args)
{
	pid_t pid = vfork();

	if (pid == 0) {
		enter_job(l->job, l->background);
		child_fds(l);
		exec_or_die(l->path, args, l->envp);
	}
	return pid;
}

static void
parent_side(struct job *j, pid_t pid)
{
	if (pid < 0) {
		warn("cannot start a process: %s", strerror(errno));
		return;
	}
	if (j == NULL)
		return;
	if (sh.job_control)
		setpgid(pid, j->pgid == 0 ? pid : j->pgid);
	job_add(j, pid);
}

pid_t
launch(const struct launch *l)
{
	char **args = roomy(l->argv);
	pid_t pid = vfork_exec(l, args + 1);

	free(args);
	parent_side(l->job, pid);
	return pid;
}

/* The child is a shell without job control that has not run its commands. */
pid_t
fork_shell(struct job *j, bool background)
{
	pid_t pid = fork();

	if (pid != 0) {
		parent_side(j, pid);
		return pid;
	}
	enter_job(j, background);
	sh.subshell = true;
	sh.interactive = false;
	sh.job_control = false;
	sh.loops = 0;
	job_forget_all();
	trap_reset();
	out_drop();
	return 0;
}
